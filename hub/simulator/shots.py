"""The frames that a camera took: those that wait for their ack, and those kept until the hub is back. Pure."""

from dataclasses import dataclass

from hub import wire

Ident = tuple[int, int]  # boot_id, frame_id


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame as it was taken. `captured_ms` is 0 where the camera's clock isn't set."""

    boot_id: int
    frame_id: int
    motion_id: int
    captured_ms: int
    jpeg: bytes
    last: bool = False

    @property
    def ident(self) -> Ident:
        return self.boot_id, self.frame_id

    def chunks(self, chunk_size: int, *, resent: bool, jpeg: bytes | None = None) -> list[bytes]:
        """The messages to send; `jpeg` stands in for the picture where the link damaged it."""
        flags = (wire.RESENT if resent else 0) | (wire.LAST if self.last else 0)
        flags |= wire.CLOCK_SET if self.captured_ms else 0
        header = wire.Header(
            flags, self.boot_id, self.frame_id, self.motion_id, 0, 0, chunk_size, 0, 0, self.captured_ms
        )
        return [head + bytes(data) for head, data in wire.split(self.jpeg if jpeg is None else jpeg, header)]


@dataclass(slots=True)
class Waiting:
    """A shot that was sent and isn't answered yet."""

    shot: Shot
    sent_ms: float
    resent: bool


class Kept:
    """Shots for when the hub is back: one of each motion, so many at most, the oldest is sent first."""

    def __init__(self) -> None:
        self._shots: dict[Ident, Shot] = {}

    def __len__(self) -> int:
        return len(self._shots)

    def add(self, shot: Shot, limit: int) -> int:
        """Keep a shot; return how many others, the oldest, had to go for it (itself where the limit is 0)."""
        self._shots[shot.ident] = shot
        return self.shrink(limit)

    def shrink(self, limit: int) -> int:
        """Keep `limit` shots at most; return how many had to go."""
        gone = list(self._shots)[: max(0, len(self._shots) - limit)]
        for ident in gone:
            del self._shots[ident]
        return len(gone)

    def forget(self, ident: Ident) -> None:
        self._shots.pop(ident, None)

    def clear(self) -> int:
        """Forget them all; return how many there were."""
        gone = len(self._shots)
        self._shots.clear()
        return gone

    def has(self, ident: Ident) -> bool:
        return ident in self._shots

    def oldest(self) -> Shot | None:
        return next(iter(self._shots.values()), None)


class Motion:
    """One motion: its shots, and those of them that the hub hasn't answered.

    It is settled when somebody was recognized. If it ends unsettled, its best unanswered shot is worth
    keeping. The best is the largest JPEG: sharp and near costs bytes, blur and distance don't.
    """

    def __init__(self, motion_id: int) -> None:
        self.motion_id = motion_id
        self.shots: set[Ident] = set()
        self.settled = False
        self.over = False
        self._unanswered: list[Shot] = []

    def unanswered(self, shot: Shot) -> None:
        self._unanswered.append(shot)
        self._unanswered.sort(key=lambda each: len(each.jpeg), reverse=True)
        del self._unanswered[3:]  # one is enough, unless late acks take it away

    def answered(self, ident: Ident, *, settles: bool) -> None:
        if ident in self.shots:
            self.settled = self.settled or settles
            self._unanswered = [shot for shot in self._unanswered if shot.ident != ident]

    def best(self) -> Shot | None:
        return None if self.settled or not self._unanswered else self._unanswered[0]
