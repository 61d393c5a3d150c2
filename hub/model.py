"""The values that pass between the stages. All frozen; times are Unix milliseconds (`_ms`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]


class Outcome(StrEnum):
    """What became of a frame or a face, in falling order of rank (docs/wire.md)."""

    RECOGNIZED = "recognized"
    ALREADY_MARKED = "already_marked"
    SPOOF = "spoof"
    UNCERTAIN = "uncertain"
    UNKNOWN = "unknown"
    LOW_QUALITY = "low_quality"
    NO_FACE = "no_face"
    BUSY = "busy"
    INVALID = "invalid"
    ERROR = "error"


class Reason(StrEnum):
    """Why a face is of too low a quality to be judged."""

    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    TURNED_AWAY = "turned_away"
    COVERED = "covered"


RANK = {outcome: place for place, outcome in enumerate(Outcome)}


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


@dataclass(frozen=True, slots=True)
class Box:
    """A face's place in pixels of the frame."""

    top: int
    right: int
    bottom: int
    left: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def as_list(self) -> list[int]:
        """[top, right, bottom, left], the contract's order."""
        return [self.top, self.right, self.bottom, self.left]


@dataclass(frozen=True, slots=True)
class Quality:
    """What was measured of a face: the figures that the quality gate judges.

    `size_px` is the side of the face's box, `sharpness` the least variance of the second difference
    along four directions of the aligned face, as if its mean grey were 120, `brightness` that mean
    0…255, `turn` how far the nose is off the middle between the eyes (0 frontal, 1 profile), `score`
    the detector's confidence 0…1. `strength` is how much the second encoder made of the face (most lie
    at 10…15; caps, sunglasses, hands and profiles make it small), None where it wasn't asked.
    """

    size_px: int
    sharpness: float
    brightness: float
    turn: float
    score: float
    strength: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face that was found. `vector` is its encoding, None where it wasn't made.

    With `reason` and no vector, the quality gate refused the face. With both, the face is fit to be
    recognized, but too poor for its owner to be called a stranger. With neither, the second encoder was
    left out (see Skip): `part` is the first encoder's part of the encoding, and `settled` the place in
    `Skip.settled` of the face that this one is again; without it, the face is far from everybody.
    """

    box: Box
    quality: Quality
    reason: Reason | None = None
    vector: Vector | None = None
    part: Vector | None = None
    settled: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """A face that is decided already: where it was seen last, and its encoding (or that of its track)."""

    box: Box
    vector: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Skip:
    """Which faces the engine need not encode whole: what it is told with a frame.

    A face that lies where a settled one was, and is like it to the first encoder, is that one again. A
    face that the first encoder puts farther than `far` from all of `people` (float32 [n, 128], the first
    encoder's part of their templates) is a stranger; without people nobody is ruled out. Engines of one
    encoder take no notice.
    """

    settled: tuple[Settled, ...] = ()
    people: Vector | None = None
    far: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What the face engine saw in one picture; `ms` by stage: decode, detect, encode."""

    width: int
    height: int
    faces: tuple[Face, ...]
    ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """`looks` at one face: the mean of the encodings, and their mean squared distance from it (`scatter`).

    `burst` says that more looks may follow: each is one more try at being taken for somebody.
    """

    vector: Vector
    scatter: float = 0.0
    looks: int = 1
    burst: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """Whom a face is taken for. `distance` to the nearest person, `margin` to the second; None without people.

    `score` is the share of strangers who come as near to anybody: the smaller, the surer.
    """

    outcome: Outcome
    person_id: str | None = None
    distance: float | None = None
    margin: float | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """The recorded agreement to be enrolled: its text, who recorded it, when, and the text's version."""

    text: str
    recorded_by: str
    at_ms: int
    version: str


@dataclass(frozen=True, slots=True)
class Person:
    person_id: str
    name: str
    number: str
    group: str
    consent: Consent
    created_ms: int


@dataclass(frozen=True, slots=True)
class Photo:
    """An enrolment photo that was accepted; `key` is its key in the picture store."""

    photo_id: str
    person_id: str
    key: str
    quality: Quality
    created_ms: int


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """What one enrolment photo adds to the gallery; `engine` names the models that made the vector."""

    person_id: str
    photo_id: str
    engine: str
    vector: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Negative:
    """A correction: this face was taken for the person, and isn't. `engine` made the `vector`."""

    event_id: str
    place: int
    person_id: str
    engine: str
    vector: Vector
    by: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Denied:
    """A correction without its encoding: for who looks through them."""

    event_id: str
    place: int
    person_id: str
    by: str
    at_ms: int


class Status(StrEnum):
    """A person's day. `absent` and `excused` come only from a correction by hand."""

    PRESENT = "present"
    LATE = "late"
    ABSENT = "absent"
    EXCUSED = "excused"


class Clock(StrEnum):
    """Which clock dates an attendance: the camera's, or the hub's where the camera's can't be trusted."""

    CAPTURED = "captured"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class Attendance:
    """One person on one day. `day` is the site's, YYYY-MM-DD; `event_id` the sighting that created it.

    `status` is the one in force: the newest correction's, else the one that was seen. A day that
    was only marked by hand has no device and no event, and 0 for first and last seen.
    """

    person_id: str
    day: str
    status: Status
    first_seen_ms: int
    last_seen_ms: int
    device: str | None
    event_id: str | None
    clock: Clock = Clock.CAPTURED
    distance: float | None = None
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class Correction:
    """A status set by hand. Corrections are only ever added; what was seen stays."""

    correction_id: str
    person_id: str
    day: str
    status: Status
    reason: str
    by: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Marked:
    """What a conditional insert of an attendance did: the row in force, and whether this call created it."""

    attendance: Attendance
    created: bool


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
class Device:
    """A camera that was given an identity. `groups`: those that it serves, in order; none: everybody alike."""

    device: str
    created_ms: int
    note: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What is known of a camera now: its last status, telemetry and configuration in force, as received."""

    device: str
    seen_ms: int
    state: str = "offline"
    status: Mapping[str, object] = field(default_factory=dict)
    telemetry: Mapping[str, object] = field(default_factory=dict)
    config: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FacePlace:
    """One face of an event, by its place in `Event.faces`."""

    event_id: str
    place: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a camera reported of itself in a minute (Unix time in minutes). Frames are counted since its boot."""

    device: str
    minute: int
    boot_id: int
    rssi_dbm: int | None = None
    heap_free: int | None = None
    temperature_c: float | None = None
    frames_sent: int | None = None
    frames_acked: int | None = None
    frames_lost: int | None = None
