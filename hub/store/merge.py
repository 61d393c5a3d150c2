"""What both stores decide alike when rows meet: pure functions."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from hub.model import Attendance, Clock, Correction, Event, FaceResult, Outcome, Person

# What says that a face is a certain person; the other outcomes say nothing about who it is.
NAMING = (Outcome.RECOGNIZED, Outcome.ALREADY_MARKED, Outcome.UNCERTAIN)


def by_name(person: Person) -> tuple[str, str, str]:
    """The order of people: as they are looked up in a list, capitals or not."""
    return person.name.casefold(), person.name, person.person_id


def nameless(event: Event, known: Collection[str]) -> Event:
    """`event` without those of its people who aren't `known`: their faces become unknown, the boxes stay."""
    if all(face.person_id is None or face.person_id in known for face in event.faces):
        return event
    return event.with_faces(tuple(_nameless_face(face, known) for face in event.faces))


def _nameless_face(face: FaceResult, known: Collection[str]) -> FaceResult:
    if face.person_id is None or face.person_id in known:
        return face
    outcome = Outcome.UNKNOWN if face.outcome in NAMING else face.outcome
    return FaceResult(face.box, outcome, face.reason)


def in_force(seen: Attendance, newest: Correction | None) -> Attendance:
    """A day as it stands: what was seen, under the newest correction's status."""
    return seen if newest is None else replace(seen, status=newest.status, corrected=True)


def by_hand(correction: Correction) -> Attendance:
    """A day on which nobody was seen, only marked."""
    return Attendance(
        person_id=correction.person_id,
        day=correction.day,
        status=correction.status,
        first_seen_ms=0,
        last_seen_ms=0,
        device=None,
        event_id=None,
        clock=Clock.RECEIVED,
        corrected=True,
    )


def earlier(existing: Attendance, new: Attendance) -> Attendance:
    """One attendance from two of the same person and day, in whatever order they come: see `attendance.widen`.

    Of two that began in the same millisecond the event's id decides; of the same event, the new one.
    """
    first = min(new, existing, key=lambda seen: (seen.first_seen_ms, seen.event_id or ""))
    return replace(first, last_seen_ms=max(existing.last_seen_ms, new.last_seen_ms))


def in_order(days: Iterable[Attendance]) -> list[Attendance]:
    """By day and first seen; the days that were only marked by hand last, as nobody was seen."""
    return sorted(days, key=lambda a: (a.day, a.first_seen_ms or float("inf"), a.person_id))
