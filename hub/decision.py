"""What a frame means: faces and gallery in, an event with its attendance, ack and result out. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hub import attendance
from hub.identity import Gallery
from hub.model import (
    Analysis,
    Attendance,
    Event,
    Evidence,
    Face,
    FaceResult,
    Frame,
    Marked,
    Outcome,
)
from hub.payloads import Ack, Result, ResultAttendance, ResultFace

KNOWN = (Outcome.RECOGNIZED, Outcome.ALREADY_MARKED)
KEPT = frozenset(
    {*KNOWN, Outcome.SPOOF, Outcome.UNCERTAIN, Outcome.UNKNOWN, Outcome.LOW_QUALITY}
)  # frames with faces: the others leave no event, only counts


@dataclass(frozen=True, slots=True)
class Verdict:
    """An event before it is written, and the attendance that it claims."""

    event: Event
    marks: tuple[Attendance, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Door:
    """What the decision goes by where a camera hangs: who is known, how days count, which groups it serves."""

    gallery: Gallery
    rules: attendance.Rules
    groups: frozenset[str] = frozenset()


def judge(
    frame: Frame,
    analysis: Analysis,
    seen: Sequence[Evidence | None],
    event_id: str,
    door: Door,
) -> Verdict:
    """Take every face of a frame for somebody, or nobody; `seen` is what is known of each (hub.tracks).

    Two faces of one frame can't be one person: the nearer one keeps the name, the other is uncertain.
    """
    results = [_face_result(face, known, door) for face, known in zip(analysis.faces, seen, strict=True)]
    faces = _one_face_a_person(results)
    event = Event(
        event_id=event_id,
        key=frame.key,
        motion_id=frame.motion_id,
        captured_ms=frame.captured_ms,
        received_ms=frame.received_ms,
        outcome=Outcome.NO_FACE,
        width=analysis.width,
        height=analysis.height,
    ).with_faces(tuple(faces))
    marks = tuple(attendance.mark(face, frame, event_id, door.rules) for face in faces if face.outcome in KNOWN)
    return Verdict(event, marks)


def failed(frame: Frame, outcome: Outcome, event_id: str) -> Event:
    """The event of a frame that nobody looked at to the end: `busy`, `invalid` or `error`."""
    return Event(event_id, frame.key, frame.motion_id, frame.captured_ms, frame.received_ms, outcome)


def ack_of(event: Event, *, hub_ms: float = 0, retry_after_ms: int = 0) -> Ack:
    """The camera's answer; it names nobody."""
    return Ack(
        boot_id=event.key.boot_id,
        frame_id=event.key.frame_id,
        motion_id=event.motion_id,
        outcome=event.outcome,
        reason=event.reason,
        faces=len(event.faces),
        hub_ms=max(0, round(hub_ms)),
        retry_after_ms=retry_after_ms,
    )


def result_of(
    event: Event, site: str, names: Mapping[str, str], marked: Mapping[str, Marked], ms: Mapping[str, float]
) -> Result:
    """What dashboards are told of a frame."""
    return Result(
        result_id=event.event_id,
        site=site,
        device=event.key.device,
        boot_id=event.key.boot_id,
        frame_id=event.key.frame_id,
        motion_id=event.motion_id,
        captured_ms=event.captured_ms,
        received_ms=event.received_ms,
        outcome=event.outcome,
        reason=event.reason,
        width=event.width,
        height=event.height,
        faces=[_result_face(face, names, marked) for face in event.faces],
        picture=event.picture,
        ms={stage: round(value, 1) for stage, value in ms.items()},
    )


def _face_result(face: Face, seen: Evidence | None, door: Door) -> FaceResult:
    """Nobody is called a stranger because of a poor picture: the reason says what was wrong with it."""
    if seen is None and face.settled is not None:  # recognized just now, but the motion is over: look again
        return FaceResult(face.box, Outcome.UNCERTAIN)
    if seen is None:
        return FaceResult(face.box, Outcome.LOW_QUALITY if face.reason else Outcome.UNKNOWN, face.reason)
    match = door.gallery.match(seen, door.groups)
    if match.outcome is Outcome.UNKNOWN and face.reason:
        return FaceResult(face.box, Outcome.LOW_QUALITY, face.reason)
    return FaceResult(face.box, match.outcome, None, match.person_id, match.distance, match.margin, match.score)


def _one_face_a_person(faces: Sequence[FaceResult]) -> list[FaceResult]:
    nearest: dict[str, FaceResult] = {}
    for face in faces:
        rival = nearest.get(face.person_id or "")
        if face.outcome in KNOWN and face.person_id and (rival is None or _distance(face) < _distance(rival)):
            nearest[face.person_id] = face
    return [
        replace(face, outcome=Outcome.UNCERTAIN)
        if face.outcome in KNOWN and nearest.get(face.person_id or "") is not face
        else face
        for face in faces
    ]


def _distance(face: FaceResult) -> float:
    return float("inf") if face.distance is None else face.distance


def _result_face(face: FaceResult, names: Mapping[str, str], marked: Mapping[str, Marked]) -> ResultFace:
    person = face.person_id if face.outcome in (*KNOWN, Outcome.UNCERTAIN) else None
    mark = marked.get(person or "")
    return ResultFace(
        box=face.box.as_list(),
        outcome=face.outcome,
        reason=face.reason,
        person_id=person,
        name=names.get(person or ""),
        distance=face.distance,
        margin=face.margin,
        score=face.score,
        attendance=None if mark is None or face.outcome not in KNOWN else _result_attendance(mark),
    )


def _result_attendance(mark: Marked) -> ResultAttendance:
    seen = mark.attendance
    return ResultAttendance(day=seen.day, status=seen.status, first_seen_ms=seen.first_seen_ms, created=mark.created)
