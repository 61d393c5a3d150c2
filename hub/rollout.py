"""A configuration's way to many cameras: one first, then the rest when that one works on. Pure.

Each camera goes through

| stage   | event                                     | next                                    |
|---------|-------------------------------------------|-----------------------------------------|
| queued  | its turn                                  | sent                                    |
| sent    | it reports our version applied            | the first: proving; the others: applied |
| sent    | it reports our version refused            | refused                                 |
| sent    | time over                                 | silent                                  |
| proving | the picture that it was asked for, or a later one, which the hub could read | applied |
| proving | the hub or the camera was busy, a frame got lost | proving; it is asked for another |
| proving | its picture is none to the hub; time over | broken                                  |

The others' turn comes when the first is applied. When the first ends otherwise they stay `queued`, and
nothing is sent to them. Times are passed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hub.model import Outcome
from hub.shadow import APPLIED, Reported

SNAPSHOT_MS = 5000.0  # after so long without a frame the first camera is asked for another


class Stage(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    PROVING = "proving"
    APPLIED = "applied"
    REFUSED = "refused"
    SILENT = "silent"
    BROKEN = "broken"


OPEN = (Stage.QUEUED, Stage.SENT, Stage.PROVING)
UNREADABLE = (Outcome.INVALID, Outcome.ERROR)


@dataclass(frozen=True, slots=True)
class Send:
    """To do: want the configuration of this camera; `Rollout.sent` takes the version."""

    device: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """To do: have this camera take a picture."""

    device: str


Step = Send | Snapshot


@dataclass(slots=True)
class Progress:
    """One camera's."""

    device: str
    stage: Stage = Stage.QUEUED
    version: int = 0
    message: str = ""
    due_ms: float = 0.0  # when patience ends
    again_ms: float = 0.0  # proving: when the next picture is asked for
    asked: int | None = None  # proving: the number of the picture that it took when it was asked
    seen: tuple[int, Outcome] | None = None  # proving: the number and the outcome of its last picture


class Rollout:
    """Call `begin` once, then tell it what comes in; each call returns what is to be done now."""

    def __init__(self, cameras: Sequence[str], *, patience_ms: float) -> None:
        """The first camera is the one that goes ahead. `patience_ms` is for each of its two steps, and for the rest."""
        if not cameras or len(set(cameras)) != len(cameras):
            raise ValueError("cameras must be given, each once")
        self._patience_ms = patience_ms
        self._cameras = {device: Progress(device) for device in cameras}
        self._first = self._cameras[cameras[0]]

    @property
    def progress(self) -> Sequence[Progress]:
        return list(self._cameras.values())

    @property
    def stopped(self) -> bool:
        """Whether the first camera kept the others from being set."""
        return self._first.stage not in (*OPEN, Stage.APPLIED)

    @property
    def is_over(self) -> bool:
        return self.stopped or not any(each.stage in OPEN for each in self._cameras.values())

    @property
    def all_applied(self) -> bool:
        return all(each.stage is Stage.APPLIED for each in self._cameras.values())

    def begin(self, now_ms: float) -> list[Step]:
        return self._send([self._first], now_ms)

    def sent(self, device: str, version: int) -> None:
        """The version that the camera's configuration got."""
        self._cameras[device].version = version

    def failed(self, device: str, message: str) -> None:
        """It could not be sent."""
        self._end(self._cameras[device], Stage.SILENT, message)

    def reported(self, device: str, report: Reported, now_ms: float) -> list[Step]:
        """A camera said what is in force."""
        camera = self._cameras.get(device)
        if camera is None or camera.stage is not Stage.SENT or report.version != camera.version:
            return []
        if report.state != APPLIED:
            words = "; ".join(f"{field}: {message}" for field, message in report.errors)
            self._end(camera, Stage.REFUSED, words or "it gave no reason")
            return []
        if camera is not self._first:
            camera.stage = Stage.APPLIED
            return []
        camera.stage, camera.due_ms = Stage.PROVING, now_ms + self._patience_ms
        return self._ask(now_ms)

    def declined(self, device: str, message: str) -> None:
        """A camera answered that it can't take a picture now: it may be in the middle of a burst."""
        if device == self._first.device and self._first.stage is Stage.PROVING:
            self._first.message = f"it takes no picture: {message}"

    def took(self, device: str, frame_id: int, now_ms: float) -> list[Step]:
        """A camera took a picture as it was asked to: which one."""
        if device != self._first.device or self._first.stage is not Stage.PROVING:
            return []
        self._first.asked = frame_id
        return self._prove(now_ms)

    def framed(self, device: str, frame_id: int, outcome: Outcome, now_ms: float) -> list[Step]:
        """The hub answered a frame of a camera."""
        if device != self._first.device or self._first.stage is not Stage.PROVING or outcome is Outcome.BUSY:
            return []
        self._first.seen = frame_id, outcome
        return self._prove(now_ms)

    def _prove(self, now_ms: float) -> list[Step]:
        """Picture and answer come in any order; a picture from before the change proves nothing."""
        first = self._first
        if first.asked is None or first.seen is None or first.seen[0] < first.asked:
            return []
        if first.seen[1] in UNREADABLE:
            self._end(first, Stage.BROKEN, "the hub can't read its pictures any more")
            return []
        first.stage, first.message = Stage.APPLIED, ""
        return self._send([each for each in self._cameras.values() if each is not first], now_ms)

    def tick(self, now_ms: float) -> list[Step]:
        for camera in self._cameras.values():
            if camera.stage is Stage.SENT and now_ms >= camera.due_ms:
                self._end(camera, Stage.SILENT, "it said nothing in time")
        if self._first.stage is not Stage.PROVING:
            return []
        if now_ms >= self._first.due_ms:
            self._end(self._first, Stage.BROKEN, self._first.message or "it applied this, but no picture of it came")
            return []
        return self._ask(now_ms) if now_ms >= self._first.again_ms else []

    def _send(self, cameras: Sequence[Progress], now_ms: float) -> list[Step]:
        for camera in cameras:
            camera.stage, camera.due_ms = Stage.SENT, now_ms + self._patience_ms
        return [Send(camera.device) for camera in cameras]

    def _ask(self, now_ms: float) -> list[Step]:
        self._first.again_ms = now_ms + SNAPSHOT_MS
        return [Snapshot(self._first.device)]

    @staticmethod
    def _end(camera: Progress, stage: Stage, message: str) -> None:
        camera.stage, camera.message = stage, message
