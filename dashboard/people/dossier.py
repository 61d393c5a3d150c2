"""“What do you hold about me?”: everything about one person as a ZIP of JSON and pictures.

Of a frame only the part around the person's own face is in it: whoever stood beside them is nobody's business.
The encodings of faces are told by their number; they are of no use to anybody but the engine that made them.
"""

import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import IO, Any

from dashboard.audit.models import Entry
from dashboard.live import crops
from dashboard.runtime import Runtime, now_ms
from hub.errors import PresenzaError
from hub.model import Event, Person, Photo

PAGE = 500  # events read at a time
Row = dict[str, Any]


def write(runtime: Runtime, person: Person, file: IO[bytes]) -> Counter[str]:
    """Write the ZIP; how many days, sightings and pictures are in it."""
    counts: Counter[str] = Counter()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        photos = [_photo(runtime, target, counts, photo) for photo in runtime.store.photos(person.person_id)]
        seen = [_sighting(runtime, target, counts, *each) for each in _sightings(runtime, person)]
        days = _days(runtime, person)
        counts["days"], counts["sightings"] = len(days), len(seen)
        told = {
            "made_at": _time(runtime, now_ms()),
            "site": runtime.settings.site,
            "person": _person(runtime, person),
            "photos": photos,
            "encodings": _encodings(runtime, person),
            "attendance": days,
            "sightings": seen,
            "corrections_of_the_name": _denials(runtime, person),
            "who_looked_or_changed": _audit(runtime, person),
        }
        target.writestr("data.json", json.dumps(told, ensure_ascii=False, indent=2))
    return counts


def _time(runtime: Runtime, at_ms: int) -> str | None:
    return runtime.local(at_ms).isoformat(timespec="seconds") if at_ms else None


def _person(runtime: Runtime, person: Person) -> Row:
    consent = person.consent
    return {
        "person_id": person.person_id,
        "name": person.name,
        "number": person.number,
        "group": person.group,
        "added_at": _time(runtime, person.created_ms),
        "consent": {
            "text": consent.text,
            "version": consent.version,
            "recorded_by": consent.recorded_by,
            "recorded_at": _time(runtime, consent.at_ms),
        },
    }


def _photo(runtime: Runtime, target: zipfile.ZipFile, counts: Counter[str], photo: Photo) -> Row:
    name = f"photos/{photo.photo_id}.jpg"
    kept = _put(target, name, _picture(runtime, photo.key))
    counts["pictures"] += kept
    return {
        "file": name if kept else None,
        "added_at": _time(runtime, photo.created_ms),
        "measured": asdict(photo.quality),
    }


def _picture(runtime: Runtime, key: str) -> bytes | None:
    try:
        return runtime.pictures.get(key)
    except (PresenzaError, OSError):
        return None


def _put(target: zipfile.ZipFile, name: str, data: bytes | None) -> bool:
    if data is not None:
        target.writestr(zipfile.ZipInfo(name), data)  # JPEG: there is nothing to compress
    return data is not None


def _encodings(runtime: Runtime, person: Person) -> dict[str, int]:
    """How many each engine made of the person's photos."""
    engines = runtime.store.templated()
    own = (each for engine in engines for each in runtime.store.templates(engine))
    return dict(Counter(each.engine for each in own if each.person_id == person.person_id))


def _sightings(runtime: Runtime, person: Person) -> Iterator[tuple[Event, int]]:
    before_id: str | None = None
    while events := runtime.store.events(person_id=person.person_id, before_id=before_id, limit=PAGE):
        for event in events:
            for place, face in enumerate(event.faces):
                if face.person_id == person.person_id:
                    yield event, place
        before_id = events[-1].event_id


def _sighting(runtime: Runtime, target: zipfile.ZipFile, counts: Counter[str], event: Event, place: int) -> Row:
    name, face = f"sightings/{event.event_id}-{place}.jpg", event.faces[place]
    frame = crops.frame(runtime.pictures, event) if event.picture else None
    kept = _put(target, name, crops.portrait(frame, face.box) if frame else None)
    counts["pictures"] += kept
    return {
        "at": _time(runtime, event.received_ms),
        "camera": event.key.device,
        "outcome": face.outcome.value,
        "distance": face.distance,
        "share_of_strangers_as_near": face.score,
        "file": name if kept else None,
    }


def _days(runtime: Runtime, person: Person) -> list[Row]:
    rows = runtime.store.attendance("0001-01-01", "9999-12-31", person_id=person.person_id)
    return [
        {
            "day": row.day,
            "status": row.status.value,
            "first_seen": _time(runtime, row.first_seen_ms),
            "last_seen": _time(runtime, row.last_seen_ms),
            "camera": row.device,
            "corrections": [
                {"status": each.status.value, "reason": each.reason, "by": each.by, "at": _time(runtime, each.at_ms)}
                for each in (runtime.store.corrections(person.person_id, row.day) if row.corrected else ())
            ],
        }
        for row in rows
    ]


def _denials(runtime: Runtime, person: Person) -> list[Row]:
    denials = runtime.store.denials(person_id=person.person_id)
    return [{"event": each.event_id, "said_by": each.by, "at": _time(runtime, each.at_ms)} for each in denials]


def _audit(runtime: Runtime, person: Person) -> list[Row]:
    entries = Entry.objects.filter(target__startswith=person.person_id).order_by("at_ms")
    return [
        {"at": _time(runtime, each.at_ms), "account": each.username, "action": each.action}
        for each in entries.iterator()
    ]
