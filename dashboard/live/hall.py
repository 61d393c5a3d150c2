"""Where the feed meets its audiences: renders each change once an audience and hands it to the channel layer."""

import asyncio
import json
from collections import Counter
from time import monotonic

import structlog
from channels.layers import get_channel_layer

from dashboard.live import render
from dashboard.live.audience import Audience
from dashboard.live.feed import Changes, Feed
from dashboard.live.layer import FAILURES
from dashboard.live.rooms import Rooms
from dashboard.live.summary import Summary
from dashboard.runtime import current, now_ms
from hub.model import Event

log = structlog.get_logger()

EVERY_S = 0.1  # at most ten updates a second
SNAPSHOT_S = 1.0
SEND_S = 5.0
AGAIN_S = 1.0
SUMMARY_S = 1.0  # the figures are counted at most so often


class Hall:
    """One process's live pages."""

    now = staticmethod(now_ms)

    def __init__(self) -> None:
        self.rooms = Rooms()
        self._numbers: Counter[Audience] = Counter()  # of each audience's last message
        self.feed = Feed()
        self.summary = Summary()
        self.sent = 0
        self.failed = 0  # messages that the channel layer didn't take
        self._snapshots: dict[Audience, tuple[int, float, str]] = {}
        self._changed = asyncio.Event()
        self._counted = -SUMMARY_S
        self._recount = True
        self._renew = False
        self.down = True  # the way from the cameras to here: broker and hub
        self._told_down = True

    def changed(self) -> None:
        """The feed has something new. To be called on the event loop."""
        self._changed.set()

    def recount(self) -> None:
        """Somebody's day was changed by hand, or people were."""
        self.feed.attendance_changed()
        self.changed()

    def forget_camera(self, device: str) -> None:
        self.feed.forget_camera(device)
        self.changed()

    def erased(self, person_id: str) -> None:
        """Somebody was erased: every open page is made anew without them."""
        self.feed.forget_person(person_id)
        self._renew = True
        self.recount()

    def renamed(self, event: Event) -> None:
        """Somebody said who a face isn't, or took that back."""
        self.feed.renamed(event)
        self.changed()

    def line(self, *, down: bool) -> None:
        """Say whether pages may be out of date."""
        if down != self.down:
            self.down = down
            self.changed()

    async def serve(self) -> None:
        """Send what changes, for ever."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            changes = self.feed.take()
            self._recount |= changes.attendance
            await self._count()
            await (self._tell_all() if self._renew else self._tell(changes))
            await asyncio.sleep(EVERY_S)

    async def snapshot(self, audience: Audience) -> str:
        """Everything that a page shows. Many who connect at once, after a fault, are given the same one."""
        number = self._numbers[audience]  # asked first: what comes in between is sent after it
        known = self._snapshots.get(audience)
        if known is not None and known[0] == number and monotonic() - known[1] < SNAPSHOT_S:
            return known[2]
        await self._count()
        body = await asyncio.to_thread(render.snapshot, audience, self.feed.moment(now_ms()), self.summary)
        text = json.dumps({"snapshot": True, "n": number, "now": now_ms(), "down": self.down, **body})
        self._snapshots[audience] = (number, monotonic(), text)
        return text

    def today(self) -> Summary:
        """The figures for a page, counted anew. To be called in a thread."""
        return _summary(current().today().isoformat())

    async def _tell(self, changes: Changes) -> None:
        moment = self.feed.moment(now_ms())
        news = {"down": self.down} if self.down != self._told_down else {}
        self._told_down = self.down
        for audience in self.rooms.audiences():
            body = await asyncio.to_thread(render.update, audience, moment, self.summary, changes)
            if not body and not news:
                continue
            self._numbers[audience] += 1
            text = json.dumps({"n": self._numbers[audience], "now": now_ms(), **(body or {}), **news})
            await self._send(audience, text)

    async def _send(self, audience: Audience, text: str) -> None:
        """To all of an audience. A layer that fails (Redis may be away) costs a snapshot later, and nothing else."""
        self.sent += 1
        try:
            async with asyncio.timeout(SEND_S):
                message = {"type": "live.update", "text": text}
                await get_channel_layer().group_send(audience.channel_group, message)
        except FAILURES as error:
            log.warning("channel layer failed", error=type(error).__name__)
            self.failed += 1
            self._renew = True
            asyncio.get_running_loop().call_later(AGAIN_S, self.changed)

    async def _tell_all(self) -> None:
        """A snapshot to everybody."""
        self._renew = False
        for audience in self.rooms.audiences():
            self._numbers[audience] += 1
            await self._send(audience, await self.snapshot(audience))

    async def _count(self) -> None:
        """Count who is there, unless that was done just now."""
        day = current().today().isoformat()
        due = self._recount or self.summary.day != day
        if not due:
            return
        wait_s = self._counted + SUMMARY_S - monotonic()
        if wait_s > 0 and self.summary.day == day:
            asyncio.get_running_loop().call_later(wait_s, self._count_later)
            return
        self._recount = False
        self._counted = monotonic()
        self.summary = await asyncio.to_thread(_summary, day)

    def _count_later(self) -> None:
        self.feed.attendance_changed()
        self.changed()


def _summary(day: str) -> Summary:
    runtime = current()
    return Summary.of(day, runtime.roster(), runtime.store.attendance(day, day))


hall = Hall()
