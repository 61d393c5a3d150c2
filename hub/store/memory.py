"""The store in memory, for tests and simulations: the same behaviour, but nothing outlives the process."""

import threading
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from hub.attendance import widen
from hub.errors import Conflict, InputError, NotFound
from hub.model import (
    Attendance,
    Correction,
    Device,
    DeviceState,
    Event,
    FacePlace,
    FrameKey,
    Marked,
    Outcome,
    Person,
    Photo,
    Status,
    Template,
)
from hub.store import PURGE_LIMIT, SLOT_MS, Recorded, Removed, rows
from hub.store.memory_configs import MemoryConfigs
from hub.store.memory_readings import MemoryReadings
from hub.store.memory_review import MemoryReview
from hub.store.memory_seals import MemorySeals
from hub.store.memory_templates import MemoryTemplates
from hub.store.merge import by_hand, by_name, in_force, in_order, nameless

LARGEST = (1 << 63) - 1  # what an SQLite integer holds


class MemoryStore(MemoryConfigs, MemoryReadings, MemoryReview, MemoryTemplates, MemorySeals):
    """Implements `hub.store.Store`."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._people: dict[str, Person] = {}
        self._photos: dict[str, Photo] = {}
        self._templates: dict[str, tuple[Template, ...]] = {}  # by photo
        self._seen: dict[tuple[str, str], Attendance] = {}  # by day and person
        self._corrections: list[Correction] = []
        self._events: dict[FrameKey, Event] = {}
        self._devices: dict[str, Device] = {}
        self._states: dict[str, DeviceState] = {}
        self._readings = {}
        self._wanted = {}
        self._config_templates = {}
        self._ignored = set()
        self._negatives = {}
        self._revision = 1

    def close(self) -> None:
        """There is nothing to close."""

    def tidy(self) -> None:
        """Nothing is ever left undone."""

    def problems(self) -> list[str]:
        return []

    # -- people -------------------------------------------------------------
    def add_person(self, person: Person) -> None:
        _check(rows.person_values(person))
        with self._lock:
            if person.person_id in self._people:
                raise Conflict("This person exists already.")
            self._put_person(person)

    def update_person(self, person: Person) -> None:
        _check(rows.person_values(person))
        with self._lock:
            self.person(person.person_id)
            self._put_person(person)

    def _put_person(self, person: Person) -> None:
        others = (other for other in self._people.values() if other.person_id != person.person_id)
        if person.number and any(other.number == person.number for other in others):
            raise Conflict("Another person has this number.")
        self._people[person.person_id] = person
        self._revision += 1

    def person(self, person_id: str) -> Person:
        try:
            return self._people[person_id]
        except KeyError:
            raise NotFound("There is no such person.") from None

    def people(self, *, group: str | None = None) -> list[Person]:
        with self._lock:
            return sorted((p for p in self._people.values() if group in (None, p.group)), key=by_name)

    def groups(self) -> dict[str, int]:
        with self._lock:
            return dict(sorted(Counter(person.group for person in self._people.values()).items()))

    def regroup(self, old: str, new: str) -> int:
        _check({"group": new})
        with self._lock:
            moved = self.people(group=old)
            for person in moved:
                self._put_person(replace(person, group=new))
            for device in list(self._devices.values()):
                if old in device.groups:
                    self._put_groups(device, [new if group == old else group for group in device.groups])
            return len(moved)

    def remove_person(self, person_id: str) -> Removed:
        with self._lock:
            self.person(person_id)
            keys = self.pictures_of(person_id)
            count = 1 + self._strip(person_id)
            for photo in self.photos(person_id):
                count += 1 + len(self._templates.pop(photo.photo_id))
                del self._photos[photo.photo_id]
            days = [key for key in self._seen if key[1] == person_id]
            for key in days:
                del self._seen[key]
            count += self._drop_negatives(lambda _, negative: negative.person_id == person_id)
            kept = [c for c in self._corrections if c.person_id != person_id]
            count += len(days) + len(self._corrections) - len(kept)
            self._corrections = kept
            del self._people[person_id]
            self._revision += 1
            return Removed(count, keys)

    def _strip(self, person_id: str) -> int:
        shown = [event for event in self._events.values() if _shows(event, person_id)]
        # A correction of another's name holds this person's encoding, once the face was named.
        named = {
            FacePlace(event.event_id, place)
            for event in shown
            for place, face in enumerate(event.faces)
            if face.person_id == person_id
        }
        self._drop_negatives(lambda face, _: face in named)
        for event in shown:
            others = {face.person_id for face in event.faces if face.person_id} - {person_id}
            self._events[event.key] = replace(nameless(event, others), picture=None)
        return len(shown)

    def pictures_of(self, person_id: str) -> tuple[str, ...]:
        with self._lock:
            keys = {photo.key for photo in self.photos(person_id)}
            keys |= {e.picture for e in self._events.values() if e.picture and _shows(e, person_id)}
            return tuple(sorted(keys))

    def add_photo(self, photo: Photo, templates: Sequence[Template]) -> None:
        _check(rows.photo_values(photo))
        with self._lock:
            self.person(photo.person_id)
            if photo.photo_id in self._photos:
                raise Conflict("This photo exists already.")
            self._photos[photo.photo_id] = photo
            self._templates[photo.photo_id] = tuple(
                replace(t, person_id=photo.person_id, photo_id=photo.photo_id) for t in templates
            )
            self._revision += 1

    def photos(self, person_id: str) -> list[Photo]:
        with self._lock:
            found = [photo for photo in self._photos.values() if photo.person_id == person_id]
        return sorted(found, key=lambda photo: (photo.created_ms, photo.photo_id))

    def remove_photo(self, photo_id: str) -> Removed:
        with self._lock:
            photo = self._photos.pop(photo_id, None)
            if photo is None:
                raise NotFound("There is no such photo.")
            self._revision += 1
            return Removed(1 + len(self._templates.pop(photo_id)), (photo.key,))

    def templates(self, engine: str) -> list[Template]:
        with self._lock:
            found = [t for templates in self._templates.values() for t in templates if t.engine == engine]
        return sorted(found, key=lambda template: (template.person_id, template.photo_id))

    def people_revision(self) -> int:
        return self._revision

    # -- attendance ---------------------------------------------------------
    def record(self, event: Event, marks: Sequence[Attendance]) -> Recorded:
        _check(rows.event_values(event))
        with self._lock:
            if event.key in self._events:
                return Recorded(self._events[event.key], {}, repeated=True)
            if any(event.event_id == other.event_id for other in self._events.values()):
                raise Conflict("This event exists already.")
            marked: dict[str, Marked] = {}
            for seen in marks:
                if seen.person_id in self._people:
                    before = marked.get(seen.person_id)
                    created = self._mark(seen) or (before is not None and before.created)
                    marked[seen.person_id] = Marked(self._day(seen.person_id, seen.day), created)
            settled = nameless(event, self._people).settled(marked)
            self._events[event.key] = settled
            return Recorded(settled, marked)

    def _mark(self, seen: Attendance) -> bool:
        key = (seen.day, seen.person_id)
        existing = self._seen.get(key)
        self._seen[key] = replace(seen, corrected=False) if existing is None else widen(existing, seen)
        return existing is None

    def _day(self, person_id: str, day: str) -> Attendance:
        return self.attendance(day, day, person_id=person_id)[0]

    def attendance(
        self, first_day: str, last_day: str, *, person_id: str | None = None, group: str | None = None
    ) -> list[Attendance]:
        def wanted(day: str, person: str) -> bool:
            member = group is None or self._people[person].group == group
            return first_day <= day <= last_day and person_id in (None, person) and member

        with self._lock:
            days = {key: seen for key, seen in self._seen.items() if wanted(*key)}
            newest = {(c.day, c.person_id): c for c in self._corrections if wanted(c.day, c.person_id)}
        for key, correction in newest.items():
            days[key] = in_force(days[key], correction) if key in days else by_hand(correction)
        return in_order(days.values())

    def day_counts(self, first_day: str, last_day: str, *, group: str | None = None) -> dict[str, dict[Status, int]]:
        counts: dict[str, dict[Status, int]] = {}
        for seen in self.attendance(first_day, last_day, group=group):
            day = counts.setdefault(seen.day, {})
            day[seen.status] = day.get(seen.status, 0) + 1
        return counts

    def arrival_counts(
        self, first_day: str, last_day: str, *, group: str | None = None
    ) -> dict[tuple[int, Status], int]:
        found = self.attendance(first_day, last_day, group=group)
        return dict(Counter((each.first_seen_ms // SLOT_MS, each.status) for each in found if each.device is not None))

    def correct(self, correction: Correction) -> Attendance:
        _check(rows.correction_values(correction))
        with self._lock:
            self.person(correction.person_id)
            if any(correction.correction_id == other.correction_id for other in self._corrections):
                raise Conflict("This correction exists already.")
            self._corrections.append(correction)
            return self._day(correction.person_id, correction.day)

    def corrections(self, person_id: str, day: str) -> list[Correction]:
        with self._lock:
            return [c for c in self._corrections if (c.person_id, c.day) == (person_id, day)]

    # -- events -------------------------------------------------------------
    def event_of(self, key: FrameKey) -> Event | None:
        return self._events.get(key)

    def event(self, event_id: str) -> Event:
        with self._lock:
            for event in self._events.values():
                if event.event_id == event_id:
                    return event
        raise NotFound("There is no such event.")

    def events(
        self,
        *,
        before_id: str | None = None,
        device: str | None = None,
        person_id: str | None = None,
        outcome: Outcome | None = None,
        from_ms: int | None = None,
        until_ms: int | None = None,
        limit: int = 50,
    ) -> list[Event]:
        with self._lock:
            found = [
                event
                for event in self._events.values()
                if (before_id is None or event.event_id < before_id)
                and device in (None, event.key.device)
                and outcome in (None, event.outcome)
                and (person_id is None or _shows(event, person_id))
                and (from_ms is None or event.received_ms >= from_ms)
                and (until_ms is None or event.received_ms < until_ms)
            ]
        return sorted(found, key=lambda event: event.event_id, reverse=True)[: max(0, limit)]

    def newest_events(self) -> dict[str, Event]:
        with self._lock:
            oldest_first = sorted(self._events.values(), key=lambda event: event.event_id)
        newest = {event.key.device: event for event in oldest_first}
        return dict(sorted(newest.items()))

    def pictures_in_use(self, prefix: str) -> set[str]:
        with self._lock:
            keys = {event.picture for event in self._events.values() if event.picture}
            keys |= {photo.key for photo in self._photos.values()}
        return {key for key in keys if key.startswith(prefix)}

    def purge_events(self, before_ms: int, *, limit: int = PURGE_LIMIT) -> Removed:
        with self._lock:
            old = self._before(before_ms)[:limit]
            for event in old:
                del self._events[event.key]
            gone = {event.event_id for event in old}
            self._drop_negatives(lambda face, _: face.event_id in gone)
            return Removed(len(old), _pictures(old))

    def purge_pictures(self, before_ms: int, *, limit: int = PURGE_LIMIT) -> Removed:
        with self._lock:
            old = [event for event in self._before(before_ms) if event.picture][:limit]
            for event in old:
                self._events[event.key] = replace(event, picture=None)
            return Removed(len(old), _pictures(old))

    def _before(self, before_ms: int) -> list[Event]:
        old = [event for event in self._events.values() if event.received_ms < before_ms]
        return sorted(old, key=lambda event: (event.received_ms, event.event_id))

    # -- devices ------------------------------------------------------------
    def add_device(self, device: Device) -> None:
        _check(rows.device_values(device))
        with self._lock:
            if device.device in self._devices:
                raise Conflict("This device exists already.")
            self._put_groups(device, device.groups)

    def set_groups(self, device: str, groups: Collection[str]) -> None:
        _check({"groups": "".join(groups)})
        with self._lock:
            if device not in self._devices:
                raise NotFound("There is no such device.")
            self._put_groups(self._devices[device], groups)

    def _put_groups(self, device: Device, groups: Collection[str]) -> None:
        self._devices[device.device] = replace(device, groups=tuple(sorted(set(groups))))
        self._revision += 1

    def devices(self) -> list[Device]:
        with self._lock:
            return sorted(self._devices.values(), key=lambda device: device.device)

    def remove_device(self, device: str) -> None:
        with self._lock:
            if self._devices.pop(device, None) is None:
                raise NotFound("There is no such device.")
            self._states.pop(device, None)
            self._forget_readings(device)
            self._forget_configs(device)

    def put_device_state(self, state: DeviceState) -> None:
        _check(rows.device_state_values(state))
        with self._lock:
            self._states[state.device] = state

    def device_states(self) -> list[DeviceState]:
        with self._lock:
            return sorted(self._states.values(), key=lambda state: state.device)


def _shows(event: Event, person_id: str) -> bool:
    return any(face.person_id == person_id for face in event.faces)


def _pictures(events: Collection[Event]) -> tuple[str, ...]:
    return tuple(event.picture for event in events if event.picture)


def _check(values: rows.Values) -> None:
    """Refuse what a database could not hold either."""
    for value in values.values():
        if isinstance(value, int) and not -LARGEST - 1 <= value <= LARGEST:
            raise InputError("number", "A number is too large to be stored.")
        if isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError:
                raise InputError("encoding", "Text with lone surrogates can't be stored.") from None
