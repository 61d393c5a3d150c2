"""Frames on their way to the hub: numbered, sent in chunks, matched with their acks, kept while the hub is away.

A frame's life:

    captured --sent--> waiting --ack--> done
        |                 | no ack in time
        |  hub is away    v
        +--------------> best of its motion? --> kept --sent again (RESENT)--> ack --> forgotten
"""

import asyncio

import clock
import wire
from log import log

_KEPT_MAX_BYTES = 2 * 1024 * 1024  # of PSRAM
_WAITING_MAX = 64
_BUSY_MAX_MS = 5000
_OPEN_MS = 10_000  # the hub waits 5 s for the rest of a frame; the way there takes time too
_RETRY_MAX_MS = 30_000
_RESEND_SETTLED = ("recognized", "already_marked")  # outcomes after which a motion needs no more frames


class Kept:
    """A copy of a frame that the hub hasn't answered yet."""

    def __init__(self, frame_id, motion_id, at_ms, jpeg):
        self.frame_id = frame_id
        self.motion_id = motion_id
        self.at_ms = at_ms  # uptime: the clock may be set later
        self.jpeg = jpeg
        self.header = None  # of the last attempt
        self.tried_ms = 0


class Frames:
    def __init__(self, uplink, config, boot_id, on_outcome):
        self._uplink = uplink
        self._config = config
        self._boot_id = boot_id
        self._on_outcome = on_outcome
        self._frame_id = 0
        self._waiting = {}  # frame_id -> motion_id
        self._best = None  # the best frame of this motion that isn't answered
        self._answer = asyncio.Event()  # set by every ack
        self._retry_at_ms = 0
        self._outcomes = {}  # frame_id -> outcome, of this motion and of the frame that is sent again
        self.kept = []
        self.live = False  # a burst is on: kept frames wait
        self.settled = False  # the burst has what it wants
        self.too_dark = False
        self.sent = 0
        self.acked = 0
        self.lost = 0
        self.ignored = 0  # acks of frames that aren't ours, or were answered before

    def begin(self):
        """A motion begins."""
        self.live = True
        self.settled = False
        self.too_dark = False
        self._best = None
        self._waiting.clear()
        self._outcomes.clear()

    async def offer(self, jpeg, motion_id, last=False):
        """Send one captured frame, if there is somebody to send it to. `jpeg` is read, never held."""
        self._frame_id += 1
        frame_id, at_ms = self._frame_id, clock.uptime_ms()
        if self._best is None or len(jpeg) > len(self._best.jpeg):  # at equal quality the larger is the sharper
            self._best = self._copy(frame_id, motion_id, at_ms, jpeg)
        if self._uplink.hub_is_there():
            if len(self._waiting) < _WAITING_MAX:
                self._waiting[frame_id] = motion_id
            await self._send(jpeg, self._header(frame_id, motion_id, at_ms, wire.LAST if last else 0), qos=0)
        return frame_id

    async def answered(self, timeout_ms):
        """Wait for the next acks, `timeout_ms` at most (longer when the hub is busy); True once settled."""
        until = clock.uptime_ms() + timeout_ms
        while not self.settled:
            until = max(until, self._retry_at_ms)
            left = until - clock.uptime_ms()
            if left <= 0:
                break
            await self._next_ack(left)
        return self.settled

    async def finish(self):
        """A motion ends: wait for what is still unanswered, then keep the best frame if it must be. True: kept."""
        until = clock.uptime_ms() + self._config["ack_timeout_ms"]
        while self._waiting and not self.settled and clock.uptime_ms() < until and self._uplink.hub_is_there():
            await self._next_ack(until - clock.uptime_ms())
        best, self._best = self._best, None
        self.live = False
        if self.settled or best is None:
            return False
        self._keep(best)
        return True

    def on_ack(self, ack):
        """Take one ack of the hub; what isn't about an open frame of this boot is counted and ignored."""
        frame_id = ack["frame_id"]
        ours = ack["boot_id"] == self._boot_id
        if not ours or (frame_id not in self._waiting and not self._find_kept(frame_id)):
            self.ignored += 1
            return
        self.acked += 1
        was_live = self._waiting.pop(frame_id, None) is not None
        outcome = ack["outcome"]
        if outcome == "busy":
            self._retry_at_ms = clock.uptime_ms() + min(ack.get("retry_after_ms", 0), _BUSY_MAX_MS)
        else:
            self._forget(frame_id)
        if was_live and self.live:
            self.settled = self.settled or outcome in _RESEND_SETTLED
            self.too_dark = ack.get("reason") == "too_dark"
            self._on_outcome(outcome)
        self._outcomes[frame_id] = outcome
        self._answer.set()

    def forget_all(self):
        count = len(self.kept)
        self.kept.clear()
        return count

    async def resend_forever(self):
        """Oldest first, one at a time, while no live burst is on; each is forgotten only on its ack."""
        pause_ms = 0
        while True:
            await asyncio.sleep_ms(pause_ms or 200)
            if self.live or not self.kept or not self._uplink.hub_is_there():
                pause_ms = 0
                continue
            kept = self.kept[0]
            answered = await self._resend(kept)
            pause_ms = 0 if answered else min(max(2 * pause_ms, 1000), _RETRY_MAX_MS)

    async def wait_outcome(self, frame_id, timeout_ms):
        """The outcome of one frame, or None when no answer came in time."""
        until = clock.uptime_ms() + timeout_ms
        while frame_id not in self._outcomes and clock.uptime_ms() < until:
            await self._next_ack(until - clock.uptime_ms())
        return self._outcomes.get(frame_id)

    async def _resend(self, kept):
        self._outcomes.clear()
        # What the hub has of the last attempt must fit: the clock's rounding, its setting or another chunk size
        # would make another frame of it, and every chunk would be refused.
        if kept.header is None or clock.uptime_ms() - kept.tried_ms > _OPEN_MS:
            kept.header = self._header(kept.frame_id, kept.motion_id, kept.at_ms, wire.RESENT)
        await self._send(kept.jpeg, kept.header, qos=1)
        kept.tried_ms = clock.uptime_ms()
        outcome = await self.wait_outcome(kept.frame_id, max(self._config["ack_timeout_ms"], 2000))
        if outcome == "busy":
            await asyncio.sleep_ms(max(self._retry_at_ms - clock.uptime_ms(), 0))
            return False
        if outcome:
            log("frames", "kept frame", kept.frame_id, "answered:", outcome, "-", len(self.kept), "left")
        return outcome is not None

    def _header(self, frame_id, motion_id, at_ms, flags):
        captured_ms = clock.unix_ms(at_ms)
        if captured_ms:
            flags |= wire.CLOCK_SET
        size = self._config["chunk_size"]
        return wire.Header(flags, self._boot_id, frame_id, motion_id, 0, 0, size, 0, 0, captured_ms)

    async def _send(self, jpeg, header, qos):
        for head, data in wire.split(jpeg, header):
            resent_meets_live = header.flags & wire.RESENT and self.live  # live frames go first
            if resent_meets_live or not await self._uplink.send_chunk(head, data, qos):
                return
        self.sent += 1

    async def _next_ack(self, timeout_ms):
        try:
            await asyncio.wait_for_ms(self._answer.wait(), timeout_ms)
        except asyncio.TimeoutError:
            return
        self._answer.clear()

    def _copy(self, frame_id, motion_id, at_ms, jpeg):
        try:
            return Kept(frame_id, motion_id, at_ms, bytearray(jpeg))
        except MemoryError:
            return self._best

    def _keep(self, best):
        """Put it into the bounded buffer; what falls out at the old end is lost, and counted."""
        self.kept.append(best)
        while len(self.kept) > self._config["keep_frames"] or self._kept_bytes() > _KEPT_MAX_BYTES:
            self.kept.pop(0)
            self.lost += 1
        log("frames", "kept frame", best.frame_id, "-", len(self.kept), "kept,", self.lost, "lost")

    def _kept_bytes(self):
        return sum([len(kept.jpeg) for kept in self.kept])

    def _find_kept(self, frame_id):
        return any(kept.frame_id == frame_id for kept in self.kept)

    def _forget(self, frame_id):
        if self._best and self._best.frame_id == frame_id:
            self._best = None
        self.kept = [kept for kept in self.kept if kept.frame_id != frame_id]
