"""Between the model's values and the rows of the SQLite tables; the only place that knows both."""

import dataclasses
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from hub.errors import SealBroken, StoreCorrupt
from hub.model import (
    Attendance,
    Box,
    Clock,
    Consent,
    Correction,
    Denied,
    Device,
    DeviceState,
    Event,
    FaceResult,
    FrameKey,
    Negative,
    Outcome,
    Person,
    Photo,
    Quality,
    Reason,
    Status,
    Template,
    Vector,
)
from hub.sealing import Keyring, key_id_of

VECTOR_TYPE = np.dtype("<f4")

Row = sqlite3.Row
Values = dict[str, object]


def person_values(person: Person) -> Values:
    return {
        "person_id": person.person_id,
        "name": person.name,
        "number": person.number,
        "group_name": person.group,
        "consent_text": person.consent.text,
        "consent_by": person.consent.recorded_by,
        "consent_at_ms": person.consent.at_ms,
        "consent_version": person.consent.version,
        "created_ms": person.created_ms,
    }


def person(row: Row) -> Person:
    consent = Consent(row["consent_text"], row["consent_by"], row["consent_at_ms"], row["consent_version"])
    return Person(row["person_id"], row["name"], row["number"], row["group_name"], consent, row["created_ms"])


def photo_values(photo: Photo) -> Values:
    return {
        "photo_id": photo.photo_id,
        "person_id": photo.person_id,
        "key": photo.key,
        "quality": json.dumps(dataclasses.asdict(photo.quality)),
        "created_ms": photo.created_ms,
    }


def photo(row: Row) -> Photo:
    return Photo(row["photo_id"], row["person_id"], row["key"], _quality(row["quality"]), row["created_ms"])


def vector_bytes(vector: Vector) -> bytes:
    return np.ascontiguousarray(vector, dtype=VECTOR_TYPE).tobytes()


def template_context(photo_id: str, engine: str, place: int) -> str:
    """What the vector of a template is sealed to, wherever it is kept."""
    return f"template:{photo_id}:{engine}:{place}"


def negative_context(event_id: str, place: int, engine: str) -> str:
    return f"negative:{event_id}:{place}:{engine}"


def placed(templates: Iterable[Template]) -> list[tuple[Template, int]]:
    """Templates with their places: they count for each photo and engine."""
    counted: Counter[tuple[str, str]] = Counter()
    found = []
    for each in templates:
        kind = (each.photo_id, each.engine)
        found.append((each, counted[kind]))
        counted[kind] += 1
    return found


def template_values(keys: Keyring, template: Template, place: int) -> tuple[str, str, int, bytes]:
    context = template_context(template.photo_id, template.engine, place)
    return template.photo_id, template.engine, place, keys.seal(vector_bytes(template.vector), context)


def template(row: Row, keys: Keyring) -> Template:
    """Raises KeyMissing, and StoreCorrupt for bytes that are no vector."""
    context = template_context(row["photo_id"], row["engine"], row["place"])
    damaged = f"The template of photo {row['photo_id']} is damaged; remove that photo."
    return Template(row["person_id"], row["photo_id"], row["engine"], vector(keys, row["vector"], context, damaged))


def vector(keys: Keyring, raw: bytes, context: str, damaged: str) -> Vector:
    """A stored vector, opened if it is sealed. Raises KeyMissing, or StoreCorrupt with the sentence `damaged`."""
    if key_id_of(raw) is not None:
        try:
            raw = keys.open(raw, context)
        except SealBroken:
            raise StoreCorrupt(damaged) from None
    if not raw or len(raw) % VECTOR_TYPE.itemsize:
        raise StoreCorrupt(damaged)
    return np.frombuffer(raw, dtype=VECTOR_TYPE).astype(np.float32, copy=False)


def attendance_values(seen: Attendance) -> Values:
    return {
        "day": seen.day,
        "person_id": seen.person_id,
        "status": seen.status.value,
        "first_seen_ms": seen.first_seen_ms,
        "last_seen_ms": seen.last_seen_ms,
        "device": seen.device,
        "event_id": seen.event_id,
        "clock": seen.clock.value,
        "distance": seen.distance,
    }


def attendance(row: Row | Mapping[str, Any]) -> Attendance:
    return Attendance(
        person_id=row["person_id"],
        day=row["day"],
        status=Status(row["status"]),
        first_seen_ms=row["first_seen_ms"],
        last_seen_ms=row["last_seen_ms"],
        device=row["device"],
        event_id=row["event_id"],
        clock=Clock(row["clock"]),
        distance=row["distance"],
    )


def correction_values(correction: Correction) -> Values:
    return {
        "correction_id": correction.correction_id,
        "person_id": correction.person_id,
        "day": correction.day,
        "status": correction.status.value,
        "reason": correction.reason,
        "corrected_by": correction.by,
        "at_ms": correction.at_ms,
    }


def correction(row: Row) -> Correction:
    return Correction(
        correction_id=row["correction_id"],
        person_id=row["person_id"],
        day=row["day"],
        status=Status(row["status"]),
        reason=row["reason"],
        by=row["corrected_by"],
        at_ms=row["at_ms"],
    )


def event_values(event: Event) -> Values:
    return {
        "event_id": event.event_id,
        "device": event.key.device,
        "boot_id": event.key.boot_id,
        "frame_id": event.key.frame_id,
        "motion_id": event.motion_id,
        "captured_ms": event.captured_ms,
        "received_ms": event.received_ms,
        "outcome": event.outcome.value,
        "reason": _value(event.reason),
        "width": event.width,
        "height": event.height,
        "picture": event.picture,
    }


def event(row: Row, faces: tuple[FaceResult, ...]) -> Event:
    return Event(
        event_id=row["event_id"],
        key=FrameKey(row["device"], row["boot_id"], row["frame_id"]),
        motion_id=row["motion_id"],
        captured_ms=row["captured_ms"],
        received_ms=row["received_ms"],
        outcome=Outcome(row["outcome"]),
        reason=_reason(row["reason"]),
        faces=faces,
        width=row["width"],
        height=row["height"],
        picture=row["picture"],
    )


def face_values(event_id: str, place: int, face: FaceResult) -> Values:
    return {
        "event_id": event_id,
        "place": place,
        "box_top": face.box.top,
        "box_right": face.box.right,
        "box_bottom": face.box.bottom,
        "box_left": face.box.left,
        "outcome": face.outcome.value,
        "reason": _value(face.reason),
        "person_id": face.person_id,
        "distance": face.distance,
        "margin": face.margin,
        "score": face.score,
    }


def face(row: Row) -> FaceResult:
    box = Box(row["box_top"], row["box_right"], row["box_bottom"], row["box_left"])
    outcome, reason = Outcome(row["outcome"]), _reason(row["reason"])
    return FaceResult(box, outcome, reason, row["person_id"], row["distance"], row["margin"], row["score"])


def negative_values(negative: Negative, keys: Keyring) -> Values:
    context = negative_context(negative.event_id, negative.place, negative.engine)
    return {
        "event_id": negative.event_id,
        "place": negative.place,
        "person_id": negative.person_id,
        "engine": negative.engine,
        "vector": keys.seal(vector_bytes(negative.vector), context),
        "denied_by": negative.by,
        "at_ms": negative.at_ms,
    }


def negative(row: Row, keys: Keyring) -> Negative:
    """Raises KeyMissing, and StoreCorrupt for bytes that are no vector."""
    context = negative_context(row["event_id"], row["place"], row["engine"])
    found = vector(keys, row["vector"], context, f"The correction of event {row['event_id']} is damaged; undo it.")
    return Negative(
        row["event_id"], row["place"], row["person_id"], row["engine"], found, row["denied_by"], row["at_ms"]
    )


def denied(row: Row) -> Denied:
    return Denied(row["event_id"], row["place"], row["person_id"], row["denied_by"], row["at_ms"])


def device_values(device: Device) -> Values:
    return {"device": device.device, "created_ms": device.created_ms, "note": device.note}


def device(row: Row, groups: tuple[str, ...]) -> Device:
    return Device(row["device"], row["created_ms"], row["note"], groups)


def device_state_values(state: DeviceState) -> Values:
    return {
        "device": state.device,
        "seen_ms": state.seen_ms,
        "state": state.state,
        "status": json.dumps(dict(state.status)),
        "telemetry": json.dumps(dict(state.telemetry)),
        "config": json.dumps(dict(state.config)),
    }


def device_state(row: Row) -> DeviceState:
    return DeviceState(
        device=row["device"],
        seen_ms=row["seen_ms"],
        state=row["state"],
        status=json_object(row["status"]),
        telemetry=json_object(row["telemetry"]),
        config=json_object(row["config"]),
    )


def _value(member: Outcome | Reason | None) -> str | None:
    return None if member is None else member.value


def _reason(text: str | None) -> Reason | None:
    return None if text is None else Reason(text)


def json_object(text: str) -> Mapping[str, object]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - what is in a file, not what a caller passed
    return value


def _quality(text: str) -> Quality:
    fields = {"strength": None, **json_object(text)}  # which photos of older versions lack
    if set(fields) != {field.name for field in dataclasses.fields(Quality)}:
        raise ValueError("not the fields of a quality")
    return Quality(**fields)  # type: ignore[arg-type]
