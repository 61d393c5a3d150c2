"""A frame with everything that was decided about it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hub.model.attendance import Marked
from hub.model.face import Box
from hub.model.frame import FrameKey
from hub.model.outcome import RANK, Outcome, Reason


@dataclass(frozen=True, slots=True)
class FaceResult:
    """What became of one face of a frame; distance, margin and score as in `Match`."""

    box: Box
    outcome: Outcome
    reason: Reason | None = None
    person_id: str | None = None
    distance: float | None = None
    margin: float | None = None
    score: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether somebody might say who this is: nobody was recognized surely, or the name was denied."""
        if self.outcome is Outcome.UNCERTAIN:
            return True
        return self.person_id is None and self.outcome in (
            Outcome.UNKNOWN,
            Outcome.RECOGNIZED,
            Outcome.ALREADY_MARKED,
        )


@dataclass(frozen=True, slots=True)
class Event:
    """A frame with everything that was decided about it; at most one is stored for each frame key."""

    event_id: str
    key: FrameKey
    motion_id: int
    captured_ms: int
    received_ms: int
    outcome: Outcome
    reason: Reason | None = None
    faces: tuple[FaceResult, ...] = ()
    width: int = 0
    height: int = 0
    picture: str | None = None

    def with_faces(self, faces: tuple[FaceResult, ...]) -> "Event":
        """This event with other faces; the one of the highest rank gives the frame its outcome."""
        best = min(faces, key=lambda face: RANK[face.outcome], default=None)
        if best is None:
            return replace(self, faces=(), outcome=Outcome.NO_FACE, reason=None)
        return replace(self, faces=faces, outcome=best.outcome, reason=best.reason)

    def settled(self, marked: Mapping[str, Marked]) -> "Event":
        """This event once the attendance of its people is written: who was new today is `recognized`."""
        if not self.faces:
            return self
        return self.with_faces(tuple(_settle_face(face, marked) for face in self.faces))


def _settle_face(face: FaceResult, marked: Mapping[str, Marked]) -> FaceResult:
    if face.outcome not in (Outcome.RECOGNIZED, Outcome.ALREADY_MARKED):
        return face
    mark = marked.get(face.person_id or "")
    if mark is None:  # the person was removed while the frame was on its way
        return replace(face, outcome=Outcome.UNKNOWN, person_id=None)
    return replace(face, outcome=Outcome.RECOGNIZED if mark.created else Outcome.ALREADY_MARKED)


@dataclass(frozen=True, slots=True)
class FacePlace:
    """One face of an event, by its place in `Event.faces`."""

    event_id: str
    place: int
