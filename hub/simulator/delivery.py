"""What becomes of a camera's frames: sent, waiting for their ack, kept while the hub is away, sent again. Pure."""

from hub.model import Outcome
from hub.payloads import Ack, Telemetry
from hub.simulator.configuration import Configuration
from hub.simulator.outputs import Answered, Output, Transmit, Unanswered
from hub.simulator.shots import Ident, Kept, Motion, Shot, Waiting
from hub.simulator.telemetry import Counters

BACK_OFF_MS = 60_000.0  # the longest wait before a kept frame is tried again
SETTLING = (Outcome.RECOGNIZED, Outcome.ALREADY_MARKED)


class Delivery:
    """Frames between the camera and the hub. Times are arguments, what is to be done comes back as values."""

    def __init__(self, configuration: Configuration, *, heeds_hub: bool = True) -> None:
        self.counters = Counters()
        self._configuration = configuration
        self._heeds_hub = heeds_hub
        self._connected = False
        self._hub_online = False
        self._waiting: dict[Ident, Waiting] = {}
        self._motions: dict[int, Motion] = {}
        self._kept = Kept()
        self._try_again_ms = 0.0
        self._failures = 0

    @property
    def online(self) -> bool:
        """Whether frames can be sent: before the hub has said that it is there, it is away."""
        return self._connected and (self._hub_online or not self._heeds_hub)

    @property
    def kept(self) -> int:
        return len(self._kept)

    def telemetry(self, boot_id: int, uptime_ms: float, clock_ms: int | None) -> Telemetry:
        return self.counters.report(boot_id, uptime_ms, len(self._kept), clock_ms)

    # -- peers --------------------------------------------------------------
    def connected(self, now_ms: float) -> None:
        self._connected = True
        self._try_again_ms = now_ms

    def disconnected(self) -> None:
        self._connected = False
        self._hub_online = False  # until the hub's retained status says otherwise
        self.counters.reconnects += 1

    def hub_is(self, online: bool, now_ms: float) -> None:
        self._hub_online = online
        self._try_again_ms = now_ms
        self._failures = 0

    def reboot(self) -> None:
        """Kept frames are on flash; frames on their way are kept if they are worth it."""
        for waiting in self._waiting.values():
            self._miss(waiting)
        self._waiting.clear()
        for motion in list(self._motions.values()):
            self._close(motion)
        self._connected = self._hub_online = False
        self.counters = Counters()

    # -- frames -------------------------------------------------------------
    def begin(self, motion_id: int) -> Motion:
        """A new motion. Its frames are watched until `end`, and until each is answered or given up."""
        motion = self._motions[motion_id] = Motion(motion_id)
        return motion

    def end(self, motion: Motion) -> None:
        motion.over = True
        self._close_finished()

    def offer(self, shot: Shot, now_ms: float) -> list[Output]:
        """Send a motion's frame if the hub is there; else it may be kept."""
        if self.online:
            return self.send(shot, now_ms)
        self._motions[shot.motion_id].unanswered(shot)
        return []

    def send(self, shot: Shot, now_ms: float, *, resent: bool = False) -> list[Output]:
        self._waiting[shot.ident] = Waiting(shot, now_ms, resent)
        self.counters.frames_sent += 1
        return [Transmit(shot, resent, self._configuration.values["chunk_size"])]

    def sent(self, ident: Ident, now_ms: float) -> None:
        """A frame's last chunk went out now: its ack is waited for from here on."""
        if ident in self._waiting:
            self._waiting[ident].sent_ms = now_ms

    def answer(self, ack: Ack, now_ms: float) -> Answered:
        """An ack arrived: it is for the frame with its boot_id and frame_id, whatever was sent since."""
        ident = ack.boot_id, ack.frame_id
        waiting = self._waiting.pop(ident, None)
        if waiting is not None:
            self.counters.frames_acked += 1
        if ack.outcome is Outcome.BUSY:
            self._try_again_ms = now_ms + ack.retry_after_ms
            if waiting is not None:
                self._miss(waiting)
        else:
            self._failures = 0
            self._kept.forget(ident)
            for motion in self._motions.values():
                motion.answered(ident, settles=ack.outcome in SETTLING)
        self._close_finished()
        if waiting is None:
            return Answered(ack, None, resent=False)
        return Answered(ack, now_ms - waiting.sent_ms, waiting.resent)

    def forget(self) -> int:
        """Forget the kept frames; return how many there were."""
        return self._kept.clear()

    def shrink(self) -> None:
        """Keep no more than the configuration says now."""
        self.counters.frames_lost += self._kept.shrink(self._configuration.values["keep_frames"])

    # -- time ---------------------------------------------------------------
    def due_ms(self, *, idle: bool) -> float:
        """When `tick` has something to do; infinite when it has not."""
        first = next(iter(self._waiting.values()), None)
        times = [first.sent_ms + self._timeout_ms] if first else []
        if idle and self._may_send_again():
            times.append(self._try_again_ms)
        return min(times, default=float("inf"))

    def tick(self, now_ms: float, *, idle: bool) -> list[Output]:
        """Give up frames whose ack is overdue; while the camera is idle, send the oldest kept one again."""
        out: list[Output] = []
        for waiting in [each for each in self._waiting.values() if each.sent_ms + self._timeout_ms <= now_ms]:
            del self._waiting[waiting.shot.ident]
            self._miss(waiting)
            out.append(Unanswered(waiting.shot, waiting.resent))
            if waiting.resent:
                self._failures += 1
                self._try_again_ms = now_ms + min(BACK_OFF_MS, self._timeout_ms * 2**self._failures)
        self._close_finished()
        oldest = self._kept.oldest()
        if idle and oldest and self._may_send_again() and now_ms >= self._try_again_ms:
            out += self.send(oldest, now_ms, resent=True)
        return out

    @property
    def _timeout_ms(self) -> float:
        return float(self._configuration.values["ack_timeout_ms"])

    def _may_send_again(self) -> bool:
        on_its_way = any(waiting.resent for waiting in self._waiting.values())
        return self.online and len(self._kept) > 0 and not on_its_way

    def _miss(self, waiting: Waiting) -> None:
        """A frame stays without an answer: its motion may keep it. A resent one is still kept."""
        motion = self._motions.get(waiting.shot.motion_id)
        if waiting.resent:
            return
        if motion is not None and waiting.shot.ident in motion.shots:
            motion.unanswered(waiting.shot)
        else:
            self.counters.frames_lost += 1

    def _close_finished(self) -> None:
        """Let go of the motions that are over and have no frame on its way."""
        on_their_way = {waiting.shot.ident for waiting in self._waiting.values()}
        for motion in list(self._motions.values()):
            if motion.over and not motion.shots & on_their_way:
                self._close(motion)

    def _close(self, motion: Motion) -> None:
        del self._motions[motion.motion_id]
        best = motion.best()
        if best is not None:
            self.counters.frames_lost += self._kept.add(best, self._configuration.values["keep_frames"])
