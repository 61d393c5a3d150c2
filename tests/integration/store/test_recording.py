"""Frames become events and attendance, in every store."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from hub.attendance import mark
from hub.errors import Conflict, InputError
from hub.model import Clock, Outcome, Status
from hub.store import Store
from tests.integration.store.records import (
    DAY,
    MINUTE_MS,
    NINE_MS,
    RULES,
    a_face,
    a_frame,
    a_person,
    an_event,
    see,
)


def test_the_first_sighting_of_a_day_is_recognized(store: Store) -> None:
    store.add_person(a_person())
    recorded = see(store, a_frame(), a_face())
    mark = recorded.marked["p-1"]
    assert mark.created
    assert not recorded.repeated
    assert recorded.event.outcome is Outcome.RECOGNIZED
    seen = mark.attendance
    assert (seen.day, seen.status, seen.device, seen.clock) == (DAY, Status.PRESENT, "door-1", Clock.RECEIVED)
    assert (seen.first_seen_ms, seen.last_seen_ms, seen.distance) == (NINE_MS, NINE_MS, 0.25)
    assert seen.event_id == recorded.event.event_id
    assert store.attendance(DAY, DAY) == [seen]
    assert store.event_of(a_frame().key) == recorded.event


def test_the_second_sighting_is_already_marked_and_moves_last_seen(store: Store) -> None:
    store.add_person(a_person())
    first = see(store, a_frame(1), a_face()).marked["p-1"].attendance
    again = see(store, a_frame(2, device="door-2", received_ms=NINE_MS + MINUTE_MS), a_face())
    assert again.event.outcome is Outcome.ALREADY_MARKED
    assert again.event.faces[0].outcome is Outcome.ALREADY_MARKED
    assert again.marked["p-1"].attendance == replace(first, last_seen_ms=NINE_MS + MINUTE_MS)
    assert not again.marked["p-1"].created


def test_an_earlier_sighting_that_comes_later_takes_the_day_over(store: Store) -> None:
    store.add_person(a_person())
    late = NINE_MS + 5 * MINUTE_MS
    assert see(store, a_frame(2, received_ms=late), a_face()).marked["p-1"].attendance.status is Status.LATE
    early = see(store, a_frame(1, device="door-2", received_ms=NINE_MS - 1), a_face(distance=0.125))
    day = early.marked["p-1"].attendance
    assert (day.status, day.device, day.distance) == (Status.PRESENT, "door-2", 0.125)
    assert (day.first_seen_ms, day.last_seen_ms) == (NINE_MS - 1, late)
    assert day.event_id == early.event.event_id
    assert not early.marked["p-1"].created
    assert store.attendance(DAY, DAY) == [day]


def test_a_frame_is_recorded_once(store: Store) -> None:
    store.add_person(a_person())
    first = see(store, a_frame(), a_face())
    other = an_event(a_frame(), a_face(outcome=Outcome.UNKNOWN, person_id=None), event_id="01F")
    again = store.record(other, [mark(a_face(), a_frame(received_ms=NINE_MS + MINUTE_MS), "01F", RULES)])
    assert again.repeated
    assert again.event == first.event
    assert again.marked == {}
    assert store.events() == [first.event]
    assert store.attendance(DAY, DAY)[0].last_seen_ms == NINE_MS


@pytest.mark.parametrize("other", [{"device": "door-2"}, {"boot_id": 8}, {"frame_id": 2}])
def test_frames_differ_by_camera_boot_and_number(store: Store, other: dict[str, object]) -> None:
    store.add_person(a_person())
    see(store, a_frame(), a_face())
    frame = replace(a_frame(received_ms=NINE_MS + 1), **other)  # type: ignore[arg-type]
    assert not see(store, frame, a_face()).repeated
    assert len(store.events()) == 2


def test_an_event_id_is_used_once(store: Store) -> None:
    store.record(an_event(a_frame(1), event_id="01A"), [])
    with pytest.raises(Conflict):
        store.record(an_event(a_frame(2), event_id="01A"), [])


def test_several_people_of_one_frame_are_marked_together(store: Store) -> None:
    for person_id in ("p-1", "p-2"):
        store.add_person(a_person(person_id))
    see(store, a_frame(1), a_face("p-1"))
    stranger = a_face(None, Outcome.UNKNOWN, distance=0.75)
    recorded = see(store, a_frame(2), stranger, a_face("p-1"), a_face("p-2"))
    outcomes = [face.outcome for face in recorded.event.faces]
    assert outcomes == [Outcome.UNKNOWN, Outcome.ALREADY_MARKED, Outcome.RECOGNIZED]
    assert recorded.event.outcome is Outcome.RECOGNIZED
    assert {person: mark.created for person, mark in recorded.marked.items()} == {"p-1": False, "p-2": True}
    assert store.event_of(a_frame(2).key) == recorded.event


def test_one_person_twice_in_a_frame_is_one_new_attendance(store: Store) -> None:
    store.add_person(a_person())
    recorded = see(store, a_frame(), a_face(), a_face())
    assert recorded.marked["p-1"].created
    assert len(store.attendance(DAY, DAY)) == 1


def test_somebody_who_was_removed_meanwhile_is_unknown(store: Store) -> None:
    store.add_person(a_person("p-2"))
    recorded = see(store, a_frame(), a_face("p-1"), a_face("p-2"), a_face("p-3", Outcome.UNCERTAIN))
    gone, there, unsure = recorded.event.faces
    assert (gone.outcome, gone.person_id, gone.distance, gone.margin) == (Outcome.UNKNOWN, None, None, None)
    assert (unsure.outcome, unsure.person_id) == (Outcome.UNKNOWN, None)
    assert there.outcome is Outcome.RECOGNIZED
    assert set(recorded.marked) == {"p-2"}
    assert [seen.person_id for seen in store.attendance(DAY, DAY)] == ["p-2"]
    assert store.events() == [recorded.event]


def test_a_frame_without_people_leaves_an_event_only(store: Store) -> None:
    recorded = see(store, a_frame(), a_face(None, Outcome.UNKNOWN), picture="results/2026-11-23/01E.jpg")
    assert recorded.event.outcome is Outcome.UNKNOWN
    assert store.event_of(a_frame().key) == recorded.event
    assert store.attendance("0000-00-00", "9999-99-99") == []


def test_a_frame_that_never_was_has_no_event(store: Store) -> None:
    assert store.event_of(a_frame().key) is None


def test_numbers_that_no_store_holds_are_refused(store: Store) -> None:
    frame = replace(a_frame(), captured_ms=(1 << 64) - 1)
    with pytest.raises(InputError) as refusal:
        see(store, frame, a_face(None, Outcome.UNKNOWN))
    assert refusal.value.reason == "number"
    assert store.events() == []


def test_many_threads_make_one_attendance(store: Store) -> None:
    store.add_person(a_person())
    with ThreadPoolExecutor(8) as threads:
        done = list(threads.map(lambda number: see(store, a_frame(number), a_face()), range(40)))
    assert sum(recorded.marked["p-1"].created for recorded in done) == 1
    assert sum(recorded.event.outcome is Outcome.RECOGNIZED for recorded in done) == 1
    assert len(store.attendance(DAY, DAY)) == 1
    assert len(store.events(limit=100)) == 40


def test_many_threads_record_a_frame_once(store: Store) -> None:
    store.add_person(a_person())
    with ThreadPoolExecutor(8) as threads:
        done = list(threads.map(lambda _: see(store, a_frame(), a_face()), range(20)))
    assert sum(not recorded.repeated for recorded in done) == 1
    assert len({recorded.event for recorded in done}) == 1
