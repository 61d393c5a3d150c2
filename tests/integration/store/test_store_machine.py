"""Random lives of a site, lived on SQLite and in memory at once: every answer is the same.

The contract tests say what the answers are; this finds the combinations that nobody wrote down.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hub.errors import PresenzaError
from hub.model import Device, FacePlace, FaceResult, Negative, Outcome, Status, Template
from hub.store import Store
from hub.store.memory import MemoryStore
from hub.store.sqlite import SqliteStore
from tests.integration.store.records import (
    ENGINE,
    NINE_MS,
    a_correction,
    a_face,
    a_frame,
    a_person,
    a_photo,
    a_template,
    a_vector,
    see,
)

HOUR_MS = 3_600_000
people = st.sampled_from(["p-1", "p-2", "p-3"])
groups = st.sampled_from(["", "1A", "1B"])
days = st.sampled_from(["2026-11-22", "2026-11-23", "2026-11-24"])
times = st.integers(NINE_MS - 20 * HOUR_MS, NINE_MS + 20 * HOUR_MS)
frames = st.builds(a_frame, st.integers(1, 12), device=st.sampled_from(["door-1", "door-2"]), received_ms=times)
faces = st.one_of(
    st.builds(a_face, people, st.sampled_from([Outcome.RECOGNIZED, Outcome.UNCERTAIN])),
    st.just(a_face(None, Outcome.UNKNOWN)),
)


class TwoStores(RuleBasedStateMachine):
    """Does each thing to both and compares."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.stores: tuple[Store, Store] = (MemoryStore(), SqliteStore(Path(self.folder.name) / "presenza.db"))
        self.corrections = 0

    def teardown(self) -> None:
        for store in self.stores:
            assert store.problems() == []
            store.close()
        self.folder.cleanup()

    def both(self, call: Callable[[Store], object]) -> None:
        memory, sqlite = (outcome(call, store) for store in self.stores)
        assert memory == sqlite

    @rule(person_id=people, name=st.text(max_size=5), number=st.sampled_from(["", "1", "2"]), group=groups)
    def somebody_comes(self, person_id: str, name: str, number: str, group: str) -> None:
        person = a_person(person_id, name=name, number=number, group=group)
        self.both(lambda store: store.add_person(person))

    @rule(person_id=people, number=st.sampled_from(["", "1", "2"]), group=groups)
    def somebody_changes(self, person_id: str, number: str, group: str) -> None:
        person = a_person(person_id, name="Changed", number=number, group=group)
        self.both(lambda store: store.update_person(person))

    @rule(person_id=people)
    def somebody_leaves(self, person_id: str) -> None:
        self.both(lambda store: store.remove_person(person_id))

    @rule(old=groups, new=groups)
    def a_group_is_renamed(self, old: str, new: str) -> None:
        self.both(lambda store: store.regroup(old, new))

    @rule(person_id=people, photo_id=st.sampled_from(["f-1", "f-2", "f-3"]), seed=st.integers(0, 9))
    def a_photo_is_taken(self, person_id: str, photo_id: str, seed: int) -> None:
        photo, template = a_photo(photo_id, person_id), a_template(photo_id, person_id, seed=seed)
        self.both(lambda store: store.add_photo(photo, [template]))

    @rule(photo_id=st.sampled_from(["f-1", "f-2", "f-3"]))
    def a_photo_is_thrown_away(self, photo_id: str) -> None:
        self.both(lambda store: store.remove_photo(photo_id))

    @rule(frame=frames, shown=st.lists(faces, min_size=1, max_size=3), pictured=st.booleans())
    def a_frame_is_seen(self, frame: object, shown: list[FaceResult], pictured: bool) -> None:
        picture = f"results/2026-11-23/{frame.device}-{frame.frame_id}.jpg" if pictured else None  # type: ignore[attr-defined]
        self.both(lambda store: see(store, frame, *shown, picture=picture))  # type: ignore[arg-type]

    @rule(person_id=people, day=days, status=st.sampled_from(list(Status)))
    def a_day_is_corrected(self, person_id: str, day: str, status: Status) -> None:
        self.corrections += 1
        correction = a_correction(f"c-{self.corrections}", status, person_id=person_id, day=day)
        self.both(lambda store: store.correct(correction))

    @rule(which=st.integers(0, 5), place=st.integers(0, 3), person_id=st.one_of(st.none(), people))
    def a_face_is_named_by_hand(self, which: int, place: int, person_id: str | None) -> None:
        faces = [FacePlace(event.event_id, place) for event in self.stores[0].events(limit=100)[which : which + 1]]
        self.both(lambda store: store.name_faces(faces, person_id))

    @rule(which=st.integers(0, 5), place=st.integers(0, 3), ignored=st.booleans())
    def a_face_is_ignored(self, which: int, place: int, ignored: bool) -> None:
        faces = [FacePlace(event.event_id, place) for event in self.stores[0].events(limit=100)[which : which + 1]]
        self.both(lambda store: store.ignore_faces(faces, ignored=ignored))

    @rule(which=st.integers(0, 5), place=st.integers(0, 3), person_id=people, seed=st.integers(0, 9))
    def a_face_is_denied(self, which: int, place: int, person_id: str, seed: int) -> None:
        for event in self.stores[0].events(limit=100)[which : which + 1]:
            negative = Negative(event.event_id, place, person_id, ENGINE, a_vector(seed), "office", NINE_MS)
            self.both(lambda store: store.deny(negative))  # noqa: B023  called at once

    @rule(which=st.integers(0, 5), place=st.integers(0, 3))
    def a_denial_is_undone(self, which: int, place: int) -> None:
        for event in self.stores[0].events(limit=100)[which : which + 1]:
            face = FacePlace(event.event_id, place)
            self.both(lambda store: store.undo_denial(face))  # noqa: B023  called at once

    @rule(device=st.sampled_from(["door-1", "door-2"]), served=st.lists(groups, max_size=3))
    def a_camera_is_told_its_groups(self, device: str, served: list[str]) -> None:
        self.both(lambda store: store.set_groups(device, served))

    @rule(device=st.sampled_from(["door-1", "door-2"]), added=st.booleans())
    def a_camera_comes_or_goes(self, device: str, added: bool) -> None:
        self.both(lambda store: store.add_device(Device(device, 1)) if added else store.remove_device(device))

    @rule(before_ms=times, limit=st.integers(1, 5))
    def events_grow_old(self, before_ms: int, limit: int) -> None:
        self.both(lambda store: store.purge_events(before_ms, limit=limit))

    @rule(before_ms=times, limit=st.integers(1, 5))
    def pictures_grow_old(self, before_ms: int, limit: int) -> None:
        self.both(lambda store: store.purge_pictures(before_ms, limit=limit))

    @rule(first=days, last=days, person_id=people, group=groups)
    def days_are_read(self, first: str, last: str, person_id: str, group: str) -> None:
        self.both(lambda store: store.attendance(first, last, person_id=person_id))
        self.both(lambda store: store.attendance(first, last, group=group))
        self.both(lambda store: store.day_counts(first, last, group=group))
        self.both(lambda store: store.corrections(person_id, first))

    @rule(person_id=people, device=st.sampled_from([None, "door-1"]), from_ms=times, limit=st.integers(0, 9))
    def events_are_read(self, person_id: str, device: str | None, from_ms: int, limit: int) -> None:
        self.both(lambda store: store.events(person_id=person_id, device=device, limit=limit))
        self.both(lambda store: store.events(from_ms=from_ms, outcome=Outcome.UNKNOWN, limit=limit))
        self.both(lambda store: store.photos(person_id))
        self.both(lambda store: store.pictures_of(person_id))

    @invariant()
    def both_tell_the_same(self) -> None:
        self.both(lambda store: store.people())
        self.both(lambda store: store.groups())
        self.both(lambda store: [comparable(template) for template in store.templates(ENGINE)])
        self.both(lambda store: store.attendance("2026-11-20", "2026-11-26"))
        self.both(lambda store: store.day_counts("2026-11-20", "2026-11-26"))
        self.both(lambda store: store.events(limit=100))
        self.both(lambda store: store.newest_events())
        self.both(lambda store: store.ignored_faces())
        self.both(
            lambda store: [(n.event_id, n.place, n.person_id, n.vector.tobytes()) for n in store.negatives(ENGINE)]
        )
        self.both(lambda store: store.devices())
        self.both(lambda store: store.pictures_in_use("results/"))

    @invariant()
    def a_day_has_one_attendance_that_was_created_by_one_event(self) -> None:
        for store in self.stores:
            found = store.attendance("2026-11-20", "2026-11-26")
            assert len({(day.day, day.person_id) for day in found}) == len(found)


def outcome(call: Callable[[Store], object], store: Store) -> object:
    """The answer, or which refusal in which words."""
    try:
        return call(store)
    except PresenzaError as error:
        return type(error), str(error)


def comparable(template: Template) -> tuple[object, ...]:
    assert template.vector.dtype == np.float32
    return template.person_id, template.photo_id, template.engine, template.vector.tobytes()


TestTwoStores = TwoStores.TestCase
TestTwoStores.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
