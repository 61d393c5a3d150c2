"""Frames that wait for a worker: whose turn is it, and who has to come again.

Of each camera only the newest frames wait; the oldest gives way. Cameras take turns. Frames that
were captured earlier and sent again come after all live ones, in their order. Pure: no clock, no
socket.
"""

import asyncio
from collections import OrderedDict, deque

from hub.model import Frame

LIVE_PER_DEVICE = 2  # at 3 frames/s an older one says nothing that the newest doesn't
RESENT_PER_DEVICE = 64  # the contract's upper limit of keep_frames
MAX_BYTES = 128 * 1024 * 1024


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

    def take(self) -> Frame | None:
        """The next frame, or None when nobody waits."""
        return self._live.pop() or self._resent.pop()

    async def next(self) -> Frame:
        """Wait for the next frame."""
        while (frame := self.take()) is None:
            self._arrived.clear()
            await self._arrived.wait()
        return frame


class _Round:
    """One deque a camera; cameras in the order of their turn."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lines: OrderedDict[str, deque[Frame]] = OrderedDict()
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

    def pop(self) -> Frame | None:
        if not self._lines:
            return None
        device = next(iter(self._lines))
        frame = self._leave(device)
        if device in self._lines:
            self._lines.move_to_end(device)
        return frame

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
