"""Frames that wait for a worker: whose turn is it, and who has to come again.

Of each camera only the newest frames wait; the oldest gives way. Whose last turn is longest ago comes
first: a camera that sends a frame now and then never waits behind one that always has some. While several
cameras send, one that has taken more of the workers' time than the others rests after its turn for longer
than that took, so that the others mostly find a worker free. Frames that were captured earlier and sent
again come after all live ones, in their order. No socket, and no clock but in `next`.
"""

import asyncio
import itertools
import math
from collections import OrderedDict, deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from hub.model import Frame

LIVE_PER_DEVICE = 2  # at 3 frames/s an older one says nothing that the newest doesn't
RESENT_PER_DEVICE = 64  # the contract's upper limit of keep_frames
MAX_BYTES = 128 * 1024 * 1024
REST = 1.5  # times what its frame took: no more than 40 % of a worker's time is one camera's
ACTIVE_S = 2.0  # a camera that had a turn so lately is one of several that send
FADES_S = 3.0  # what a camera took counts for a third after so long
REMEMBERED = 4096  # cameras whose last turn is known


class Turns:
    """A bounded queue that is fair among cameras. Every frame that is put in is either taken or given back."""

    def __init__(
        self,
        *,
        live_per_device: int = LIVE_PER_DEVICE,
        resent_per_device: int = RESENT_PER_DEVICE,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._live = _Round(live_per_device)
        self._resent = _Round(resent_per_device)
        self._max_bytes = max_bytes
        self._last = _Last()
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return self._live.frames + self._resent.frames

    @property
    def size_bytes(self) -> int:
        """Bytes of all JPEGs that wait; never over `max_bytes`."""
        return self._live.size_bytes + self._resent.size_bytes

    def put(self, frame: Frame) -> list[Frame]:
        """Add a frame; return those that lost their place, `frame` itself among them if there is no room."""
        lost = self._put_resent(frame) if frame.resent else self._live.push(frame)
        if self.size_bytes > self._max_bytes:
            ours = self._resent if frame.resent else self._live
            lost += ours.withdraw(frame)
        if len(self):
            self._arrived.set()
        return lost

    def _put_resent(self, frame: Frame) -> list[Frame]:
        # A resent frame keeps its place in the line: the camera sends it once more when it is told `busy`.
        if self._resent.full(frame.device):
            return [frame]
        return self._resent.push(frame)

    def take(self, now_s: float = 0.0) -> Frame | None:
        """The next frame, or None when nobody waits, or those who wait rest."""
        return self._live.pop(self._last, now_s) or self._resent.pop(self._last, now_s)

    async def next(self) -> Frame:
        """Wait for the next frame."""
        while (frame := self.take(monotonic())) is None:
            self._arrived.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._rest_s(monotonic())):
                    await self._arrived.wait()
        return frame

    def looked(self, device: str, began_s: float, now_s: float) -> None:
        """A camera's frame was looked at: while others send too, and took less, it rests."""
        took_s = now_s - began_s
        self._last.took(device, took_s, now_s)
        if self._last.takes_more(device, now_s):
            self._last.rest(device, now_s + REST * took_s)

    def _rest_s(self, now_s: float) -> float | None:
        """How long those who wait have to rest; None when nobody waits."""
        ends = [self._last.rests_until(device) for device in (*self._live.waiting, *self._resent.waiting)]
        return max(0.0, min(ends) - now_s) if ends else None


@dataclass(slots=True)
class _Turn:
    number: int = 0
    at_s: float = 0.0
    rests_until_s: float = 0.0
    took_s: float = 0.0  # of the workers' time until took_at_s, the older the less
    took_at_s: float = 0.0

    def took(self, now_s: float) -> float:
        return self.took_s * math.exp(-max(0.0, now_s - self.took_at_s) / FADES_S)


class _Last:
    """The last turn of each camera."""

    def __init__(self) -> None:
        self._turns: OrderedDict[str, _Turn] = OrderedDict()  # the oldest first
        self._number = 0

    def number(self, device: str) -> int:
        return self._turns[device].number if device in self._turns else 0

    def rests_until(self, device: str) -> float:
        return self._turns[device].rests_until_s if device in self._turns else 0.0

    def add(self, device: str, now_s: float) -> None:
        self._number += 1
        turn = self._turns.setdefault(device, _Turn())
        turn.number, turn.at_s = self._number, now_s
        self._turns.move_to_end(device)
        if len(self._turns) > REMEMBERED:
            self._turns.popitem(last=False)

    def rest(self, device: str, until_s: float) -> None:
        if device in self._turns:
            self._turns[device].rests_until_s = until_s

    def took(self, device: str, took_s: float, now_s: float) -> None:
        turn = self._turns.setdefault(device, _Turn())
        turn.took_s, turn.took_at_s = turn.took(now_s) + took_s, now_s

    def takes_more(self, device: str, now_s: float) -> bool:
        """Whether a camera takes more of the workers' time than the others that send now do on average."""
        since_s = now_s - ACTIVE_S
        active = itertools.takewhile(lambda each: each[1].at_s >= since_s, reversed(self._turns.items()))
        others = [turn.took(now_s) for name, turn in active if name != device]
        return bool(others) and self._turns[device].took(now_s) > sum(others) / len(others)


class _Round:
    """One deque a camera."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lines: dict[str, deque[Frame]] = {}  # as they began to wait
        self.frames = 0
        self.size_bytes = 0

    def full(self, device: str) -> bool:
        return len(self._lines.get(device, ())) >= self._limit

    def push(self, frame: Frame) -> list[Frame]:
        lost = [self._leave(frame.device)] if self.full(frame.device) else []
        self._lines.setdefault(frame.device, deque()).append(frame)
        self.frames += 1
        self.size_bytes += len(frame.jpeg)
        return lost

    @property
    def waiting(self) -> Iterable[str]:
        """The cameras that wait."""
        return self._lines

    def pop(self, last: _Last, now_s: float) -> Frame | None:
        ready = [device for device in self._lines if last.rests_until(device) <= now_s]
        if not ready:
            return None
        device = min(ready, key=last.number)
        last.add(device, now_s)
        return self._leave(device)

    def withdraw(self, frame: Frame) -> list[Frame]:
        """Take the frame that was pushed last out again."""
        line = self._lines[frame.device]
        return [self._gone(frame.device, line, line.pop())]

    def _leave(self, device: str) -> Frame:
        line = self._lines[device]
        return self._gone(device, line, line.popleft())

    def _gone(self, device: str, line: deque[Frame], frame: Frame) -> Frame:
        if not line:
            del self._lines[device]
        self.frames -= 1
        self.size_bytes -= len(frame.jpeg)
        return frame
