"""Builders of what stores keep, with defaults that no test depends on."""

from zoneinfo import ZoneInfo

import numpy as np

from hub.attendance import Rules, mark
from hub.model import (
    Box,
    Consent,
    Correction,
    Event,
    FaceResult,
    Frame,
    Outcome,
    Person,
    Photo,
    Quality,
    Status,
    Template,
    Vector,
)
from hub.store import Recorded, Store

RULES = Rules(ZoneInfo("UTC"))
DAY = "2026-11-23"
NINE_MS = 1_795_424_400_000  # 2026-11-23 09:00 UTC
MINUTE_MS = 60_000
ENGINE = "dlib-1"


def a_person(person_id: str = "p-1", *, name: str = "Ada", number: str = "", group: str = "") -> Person:
    consent = Consent(f"{person_id} agrees", "the office", 1_000, "2026-1")
    return Person(person_id, name, number, group, consent, 2_000)


def a_photo(photo_id: str = "f-1", person_id: str = "p-1", *, created_ms: int = 3_000) -> Photo:
    quality = Quality(size_px=120, sharpness=88.5, brightness=127.25, turn=0.125, score=0.875)
    return Photo(photo_id, person_id, f"people/{person_id}/{photo_id}.jpg", quality, created_ms)


def a_vector(seed: int = 1) -> Vector:
    return np.random.default_rng(seed).standard_normal(128).astype(np.float32)


def a_template(photo_id: str = "f-1", person_id: str = "p-1", *, engine: str = ENGINE, seed: int = 1) -> Template:
    return Template(person_id, photo_id, engine, a_vector(seed))


def a_face(
    person_id: str | None = "p-1", outcome: Outcome = Outcome.RECOGNIZED, *, distance: float | None = 0.25
) -> FaceResult:
    return FaceResult(Box(10, 90, 90, 10), outcome, None, person_id, distance, None if person_id is None else 0.5)


def a_frame(frame_id: int = 1, *, device: str = "door-1", boot_id: int = 7, received_ms: int = NINE_MS) -> Frame:
    return Frame(device, boot_id, frame_id, 3, 0, received_ms, b"")


def an_event(frame: Frame, *faces: FaceResult, event_id: str = "", picture: str | None = None) -> Event:
    name = event_id or f"01E{frame.received_ms:013d}{frame.frame_id:06d}{frame.device}"
    event = Event(name, frame.key, frame.motion_id, frame.captured_ms, frame.received_ms, Outcome.NO_FACE)
    settled = event.with_faces(faces)
    return Event(
        name, frame.key, frame.motion_id, frame.captured_ms, frame.received_ms,
        settled.outcome, settled.reason, faces, 640, 480, picture,
    )  # fmt: skip


def see(store: Store, frame: Frame, *faces: FaceResult, picture: str | None = None) -> Recorded:
    """Record a frame the way the pipeline does."""
    event = an_event(frame, *faces, picture=picture)
    known = (Outcome.RECOGNIZED, Outcome.ALREADY_MARKED)
    marks = [mark(face, frame, event.event_id, RULES) for face in faces if face.outcome in known]
    return store.record(event, marks)


def a_correction(
    correction_id: str = "c-1",
    status: Status = Status.EXCUSED,
    *,
    person_id: str = "p-1",
    day: str = DAY,
    at_ms: int = NINE_MS,
) -> Correction:
    return Correction(correction_id, person_id, day, status, "a letter from the doctor", "the office", at_ms)
