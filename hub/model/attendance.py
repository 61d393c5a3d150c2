"""Who was there on which day."""

from dataclasses import dataclass
from enum import StrEnum


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
