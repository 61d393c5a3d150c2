"""What a site keeps as documents: what travels to Firestore, and into a file of `presenza export`.

A document is one thing with everything that belongs to it: an event with its faces, a photo with its
templates. Its fields are those of the SQLite rows (hub/store/schema), so that nothing is lost on the
way: text, numbers, booleans, None, bytes, and lists of texts or of objects of these. Face vectors are
bytes as they lie in the row. Documents come from outside too, where anybody may have edited them:
`checked` lets through only what the store can hold and read again. `hub.store.sqlite_documents` reads
and writes them.

| kind             | key                             | parts, beside the columns of the row               |
|------------------|---------------------------------|----------------------------------------------------|
| people           | person_id                       |                                                    |
| photos           | photo_id                        | templates, in order: engine, vector                |
| devices          | device                          | groups: names                                      |
| device_states    | device                          |                                                    |
| wanted_configs   | {device}_{version}              |                                                    |
| config_templates | name                            | cameras: names                                     |
| events           | event_id                        | faces, in order; `ignored`: not in the queue       |
| attendance       | {person_id}_{day}               |                                                    |
| corrections      | correction_id                   | turn: its place in the order of writing            |
| negatives        | {event_id}_{place}              |                                                    |
| conflicts        | {person_id}_{day}_{event_id}    |                                                    |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hub.errors import InputError
from hub.model import Clock, Outcome, Reason, Status
from hub.store import fields as fit
from hub.store.fields import Check

PICTURES = "pictures"  # no kind of document: a key of the picture store, in the outbox beside the kinds


class DocumentRefused(InputError):
    """A document that the store can't take."""


class Kind(StrEnum):
    """The kinds of documents, in an order in which each names only what came before."""

    PEOPLE = "people"
    PHOTOS = "photos"
    DEVICES = "devices"
    DEVICE_STATES = "device_states"
    WANTED_CONFIGS = "wanted_configs"
    CONFIG_TEMPLATES = "config_templates"
    EVENTS = "events"
    ATTENDANCE = "attendance"
    CORRECTIONS = "corrections"
    NEGATIVES = "negatives"
    CONFLICTS = "conflicts"


@dataclass(frozen=True, slots=True)
class Document:
    """One thing. Documents with the same content are equal, whatever store they come from."""

    kind: Kind
    key: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Shape:
    """Which fields a kind has: the columns of its row, then its `parts` from elsewhere; and what makes its key."""

    key: tuple[str, ...]
    columns: Mapping[str, Check]
    parts: Mapping[str, Check] = field(default_factory=dict)


def key_of(kind: Kind, fields: Mapping[str, object]) -> str:
    """The key that a document with these fields has."""
    return "_".join(str(fields[name]) for name in SHAPES[kind].key)


def checked(kind: Kind, key: str, fields: Mapping[str, object]) -> Document:
    """The document, if it makes sense. Fields that nobody knows are left out: a newer version may add some.

    Raises DocumentRefused with a sentence that names the first field that is wrong, without its value.
    """
    shape = SHAPES[kind]
    document = Document(kind, key, _checked({**shape.columns, **shape.parts}, fields))
    if key_of(kind, document.fields) != key:
        raise DocumentRefused("key", f"Its key isn't made of its {' and '.join(shape.key)}.")
    return document


def _checked(checks: Mapping[str, Check], fields: Mapping[str, object], where: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, check in checks.items():
        if name not in fields:
            raise DocumentRefused("field", f"{where}{name} is missing.")
        try:
            found[name] = check(fields[name])
        except DocumentRefused:
            raise
        except (ValueError, InputError) as error:
            raise DocumentRefused("field", f"{where}{name} {error}.") from None
    return found


def _objects(checks: Mapping[str, Check]) -> Check:
    def check(value: object) -> Mapping[str, object]:
        if not isinstance(value, Mapping):
            raise ValueError("holds what is no object")  # noqa: TRY004 - what a document holds, not a caller's mistake
        return _checked(checks, value, "In one of its parts, ")

    return fit.list_of(check)


FACE: Mapping[str, Check] = {
    "box_top": fit.whole,
    "box_right": fit.whole,
    "box_bottom": fit.whole,
    "box_left": fit.whole,
    "outcome": fit.one_of(Outcome),
    "reason": fit.or_none(fit.one_of(Reason)),
    "person_id": fit.or_none(fit.an_id),
    "distance": fit.or_none(fit.real),
    "margin": fit.or_none(fit.real),
    "score": fit.or_none(fit.real),
    "ignored": fit.flag,
}
SIGHTING: Mapping[str, Check] = {
    "day": fit.day,
    "person_id": fit.an_id,
    "status": fit.one_of(Status),
    "first_seen_ms": fit.time_ms,
    "last_seen_ms": fit.time_ms,
    "device": fit.or_none(fit.an_id),
    "event_id": fit.or_none(fit.an_id),
    "clock": fit.one_of(Clock),
    "distance": fit.or_none(fit.real),
}
SHAPES: Mapping[Kind, Shape] = {
    Kind.PEOPLE: Shape(
        ("person_id",),
        {
            "person_id": fit.an_id,
            "name": fit.text,
            "number": fit.text,
            "group_name": fit.text,
            "consent_text": fit.text,
            "consent_by": fit.text,
            "consent_at_ms": fit.time_ms,
            "consent_version": fit.text,
            "created_ms": fit.time_ms,
        },
    ),
    Kind.PHOTOS: Shape(
        ("photo_id",),
        {
            "photo_id": fit.an_id,
            "person_id": fit.an_id,
            "key": fit.picture("people"),
            "quality": fit.quality,
            "created_ms": fit.time_ms,
        },
        {"templates": _objects({"engine": fit.name, "vector": fit.vector})},
    ),
    Kind.DEVICES: Shape(
        ("device",),
        {"device": fit.an_id, "created_ms": fit.time_ms, "note": fit.text},
        {"groups": fit.list_of(fit.text)},
    ),
    Kind.DEVICE_STATES: Shape(
        ("device",),
        {
            "device": fit.an_id,
            "seen_ms": fit.time_ms,
            "state": fit.text,
            "status": fit.json_object,
            "telemetry": fit.json_object,
            "config": fit.json_object,
        },
    ),
    Kind.WANTED_CONFIGS: Shape(
        ("device", "version"),
        {
            "device": fit.an_id,
            "version": fit.count,
            "config": fit.json_object,
            "wanted_by": fit.text,
            "at_ms": fit.time_ms,
            "origin": fit.text,
            "answer": fit.or_none(fit.text),
            "errors": fit.pairs,
            "answered_ms": fit.or_none(fit.time_ms),
        },
    ),
    Kind.CONFIG_TEMPLATES: Shape(
        ("name",),
        {"name": fit.name, "config": fit.json_object, "changed_by": fit.text, "at_ms": fit.time_ms},
        {"cameras": fit.list_of(fit.an_id)},
    ),
    Kind.EVENTS: Shape(
        ("event_id",),
        {
            "event_id": fit.an_id,
            "device": fit.an_id,
            "boot_id": fit.whole,
            "frame_id": fit.whole,
            "motion_id": fit.whole,
            "captured_ms": fit.time_ms,
            "received_ms": fit.time_ms,
            "outcome": fit.one_of(Outcome),
            "reason": fit.or_none(fit.one_of(Reason)),
            "width": fit.whole,
            "height": fit.whole,
            "picture": fit.or_none(fit.picture("results")),
        },
        {"faces": _objects(FACE)},
    ),
    Kind.ATTENDANCE: Shape(("person_id", "day"), SIGHTING),
    Kind.CORRECTIONS: Shape(
        ("correction_id",),
        {
            "correction_id": fit.an_id,
            "person_id": fit.an_id,
            "day": fit.day,
            "status": fit.one_of(Status),
            "reason": fit.text,
            "corrected_by": fit.text,
            "at_ms": fit.time_ms,
        },
        {"turn": fit.turn},
    ),
    Kind.NEGATIVES: Shape(
        ("event_id", "place"),
        {
            "event_id": fit.an_id,
            "place": fit.count,
            "person_id": fit.an_id,
            "engine": fit.name,
            "vector": fit.vector,
            "denied_by": fit.text,
            "at_ms": fit.time_ms,
        },
    ),
    Kind.CONFLICTS: Shape(
        ("person_id", "day", "event_id"), {**SIGHTING, "event_id": fit.an_id, "found_ms": fit.time_ms}
    ),
}
