"""A picture as a camera sent it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole JPEG as a camera sent it. `captured_ms` is 0 unless `clock_set`.

    `repeat` says that a resent frame was delivered before: it gets the same ack again and counts once.
    """

    device: str
    boot_id: int
    frame_id: int
    motion_id: int
    captured_ms: int
    received_ms: int
    jpeg: bytes
    resent: bool = False
    clock_set: bool = False
    last: bool = False
    repeat: bool = False
    assemble_ms: float = 0.0

    @property
    def key(self) -> "FrameKey":
        """What tells this frame from all others."""
        return FrameKey(self.device, self.boot_id, self.frame_id)


@dataclass(frozen=True, slots=True)
class FrameKey:
    """The identity of a frame: a camera, one of its boots, and a number within that boot."""

    device: str
    boot_id: int
    frame_id: int

    def __str__(self) -> str:
        return f"{self.device}/{self.boot_id:08x}/{self.frame_id}"
