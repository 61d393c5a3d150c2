"""“That was not Ada”: a face that was taken for somebody becomes an example of who they are not.

The face is encoded from the event's picture when somebody says so: encodings of faces are not stored with
events, so that nothing of strangers is kept but the picture, until its time is over (docs/data.md).
"""

from dataclasses import dataclass

from hub.errors import InputError, NotFound
from hub.likeness import encoding_at
from hub.model import Analysis, Event, FacePlace, FaceResult, Negative
from hub.payloads import DenyReply
from hub.store import Store
from hub.store.pictures import PictureStore


@dataclass(frozen=True, slots=True)
class Denial:
    """A face of an event, and whose name it had."""

    event: Event
    place: int
    person_id: str

    @property
    def face(self) -> FaceResult:
        return self.event.faces[self.place]


def begin(store: Store, event_id: str, place: int) -> Denial:
    """Look the face up. Raises NotFound, or InputError for a face that nobody's name was given to."""
    event = store.event(event_id)
    if not 0 <= place < len(event.faces):
        raise NotFound(f"This event has no face {place}; it has {len(event.faces)}.")
    person_id = event.faces[place].person_id
    if person_id is None:
        raise InputError("nobody", "This face was not taken for anybody.")
    return Denial(event, place, person_id)


def picture_of(pictures: PictureStore, denial: Denial) -> bytes:
    """The event's picture. Raises NotFound when it is not kept any more."""
    if denial.event.picture is None:
        raise NotFound("The picture of this event is not kept any more, so that the face can't be learned from.")
    return pictures.get(denial.event.picture)


def finish(store: Store, denial: Denial, analysis: Analysis, *, engine_id: str, by: str, at_ms: int) -> DenyReply:
    """Keep the correction. Raises InputError when the face isn't found again in its picture."""
    vector = encoding_at(analysis, denial.face.box)
    if vector is None:
        raise InputError("no_face", "The face could not be found again in its picture.")
    event_id = denial.event.event_id
    store.deny(Negative(event_id, denial.place, denial.person_id, engine_id, vector, by, at_ms))
    return DenyReply(
        event_id=event_id, face=denial.place, person_id=denial.person_id, attendance=_rests_on(store, denial)
    )


def undo(store: Store, event_id: str, place: int) -> DenyReply:
    """Take a correction back. Raises NotFound when there is none."""
    person_id = store.undo_denial(FacePlace(event_id, place))
    return DenyReply(event_id=event_id, face=place, person_id=person_id, undone=True)


def _rests_on(store: Store, denial: Denial) -> str | None:
    """The day of the attendance that this event created: only a person can say what is true instead."""
    days = store.attendance("0001-01-01", "9999-12-31", person_id=denial.person_id)
    return next((seen.day for seen in days if seen.event_id == denial.event.event_id), None)
