"""People, what is enrolled of them, and corrections."""

from dataclasses import dataclass

from hub.model.face import Quality, Vector


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
