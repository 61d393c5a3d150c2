"""Attendance as it is read, and corrected by hand, in every store."""

import pytest

from hub.errors import Conflict, NotFound
from hub.model import Clock, Outcome, Status
from hub.store import SLOT_MS, Store
from tests.integration.store.records import DAY, NINE_MS, a_correction, a_face, a_frame, a_person, see

DAY_MS = 24 * 60 * 60 * 1000


@pytest.fixture(autouse=True)
def _people(store: Store) -> None:
    store.add_person(a_person("p-1", group="1A"))
    store.add_person(a_person("p-2", group="1B"))


def test_days_are_listed_in_order_of_arrival(store: Store) -> None:
    see(store, a_frame(1, received_ms=NINE_MS + DAY_MS), a_face("p-1"))
    see(store, a_frame(2, received_ms=NINE_MS + 5), a_face("p-1"))
    see(store, a_frame(3, received_ms=NINE_MS + 1), a_face("p-2"))
    listed = [(seen.day, seen.person_id) for seen in store.attendance(DAY, "2026-11-24")]
    assert listed == [(DAY, "p-2"), (DAY, "p-1"), ("2026-11-24", "p-1")]


def test_a_range_of_days_includes_both_ends(store: Store) -> None:
    for offset in range(-2, 3):
        see(store, a_frame(10 + offset, received_ms=NINE_MS + offset * DAY_MS), a_face("p-1"))
    days = [seen.day for seen in store.attendance("2026-11-22", "2026-11-24")]
    assert days == ["2026-11-22", "2026-11-23", "2026-11-24"]
    assert store.attendance("2026-11-24", "2026-11-22") == []


def test_days_can_be_listed_for_a_person_or_a_group(store: Store) -> None:
    see(store, a_frame(), a_face("p-1"), a_face("p-2"))
    store.correct(a_correction("c-1", person_id="p-2", day="2026-11-24"))
    everything = ("2026-01-01", "2026-12-31")
    assert [a.person_id for a in store.attendance(*everything, person_id="p-1")] == ["p-1"]
    assert [(a.person_id, a.day) for a in store.attendance(*everything, group="1B")] == [
        ("p-2", DAY),
        ("p-2", "2026-11-24"),
    ]
    assert store.attendance(*everything, person_id="p-1", group="1B") == []


def test_a_correction_is_in_force_and_what_was_seen_stays(store: Store) -> None:
    seen = see(store, a_frame(), a_face("p-1")).marked["p-1"].attendance
    day = store.correct(a_correction(status=Status.LATE))
    assert (day.status, day.corrected) == (Status.LATE, True)
    assert (day.first_seen_ms, day.device, day.event_id) == (seen.first_seen_ms, seen.device, seen.event_id)
    assert store.attendance(DAY, DAY) == [day]


def test_the_newest_correction_wins_and_all_are_kept(store: Store) -> None:
    # The second was made while the computer's clock was behind: the order of writing counts.
    first = a_correction("c-1", Status.ABSENT, at_ms=NINE_MS)
    second = a_correction("c-2", Status.EXCUSED, at_ms=NINE_MS - DAY_MS)
    store.correct(first)
    assert store.correct(second).status is Status.EXCUSED
    assert store.corrections("p-1", DAY) == [first, second]
    assert store.corrections("p-2", DAY) == []
    assert store.corrections("p-1", "2026-11-24") == []


def test_a_day_marked_by_hand_alone_is_listed_last(store: Store) -> None:
    store.correct(a_correction(person_id="p-1"))
    see(store, a_frame(), a_face("p-2"))
    seen, marked = store.attendance(DAY, DAY)
    assert seen.person_id == "p-2"
    assert (marked.person_id, marked.status, marked.corrected) == ("p-1", Status.EXCUSED, True)
    assert (marked.device, marked.event_id, marked.first_seen_ms, marked.last_seen_ms) == (None, None, 0, 0)
    assert marked.clock is Clock.RECEIVED


def test_who_was_excused_by_hand_and_comes_after_all_is_recognized(store: Store) -> None:
    store.correct(a_correction())
    recorded = see(store, a_frame(), a_face("p-1"))
    assert recorded.event.outcome is Outcome.RECOGNIZED
    day = recorded.marked["p-1"].attendance
    assert (day.status, day.corrected, day.first_seen_ms) == (Status.EXCUSED, True, NINE_MS)
    again = see(store, a_frame(2, received_ms=NINE_MS + 1), a_face("p-1")).marked["p-1"]
    assert (again.created, again.attendance.status, again.attendance.corrected) == (False, Status.EXCUSED, True)
    assert store.attendance(DAY, DAY) == [again.attendance]


def test_nobody_can_be_corrected(store: Store) -> None:
    with pytest.raises(NotFound):
        store.correct(a_correction(person_id="p-9"))
    assert store.corrections("p-9", DAY) == []


def test_a_correction_is_made_once(store: Store) -> None:
    store.correct(a_correction())
    with pytest.raises(Conflict):
        store.correct(a_correction(status=Status.ABSENT))
    assert store.attendance(DAY, DAY)[0].status is Status.EXCUSED


def test_days_are_counted_by_the_status_in_force(store: Store) -> None:
    store.add_person(a_person("p-3", group="1A"))
    see(store, a_frame(1), a_face("p-1"), a_face("p-2"))
    see(store, a_frame(2, received_ms=NINE_MS + 1), a_face("p-3"))
    see(store, a_frame(3, received_ms=NINE_MS + DAY_MS), a_face("p-1"))
    assert store.day_counts(DAY, "2026-11-24") == {
        DAY: {Status.PRESENT: 2, Status.LATE: 1},
        "2026-11-24": {Status.PRESENT: 1},
    }
    store.correct(a_correction("c-1", Status.LATE, person_id="p-1"))
    store.correct(a_correction("c-2", Status.EXCUSED, person_id="p-1"))
    store.correct(a_correction("c-3", Status.ABSENT, person_id="p-1", day="2026-11-22"))
    assert store.day_counts("2026-11-22", DAY) == {
        "2026-11-22": {Status.ABSENT: 1},
        DAY: {Status.PRESENT: 1, Status.LATE: 1, Status.EXCUSED: 1},
    }
    assert store.day_counts(DAY, DAY, group="1A") == {DAY: {Status.LATE: 1, Status.EXCUSED: 1}}
    assert store.day_counts("2027-01-01", "2027-12-31") == {}


def test_a_correction_to_what_was_seen_anyway_is_counted_once(store: Store) -> None:
    see(store, a_frame(1), a_face("p-1"))
    store.correct(a_correction("c-1", Status.PRESENT))
    assert store.day_counts(DAY, DAY) == {DAY: {Status.PRESENT: 1}}


def test_arrivals_are_counted_in_steps_of_five_minutes_with_the_status_in_force(store: Store) -> None:
    store.add_person(a_person("p-3", group="1A"))
    begin = NINE_MS - 2 * SLOT_MS
    see(store, a_frame(1, received_ms=begin), a_face("p-1"))
    see(store, a_frame(2, received_ms=begin + SLOT_MS), a_face("p-2"))
    see(store, a_frame(3, received_ms=begin + SLOT_MS + 1), a_face("p-3"))
    slot = begin // SLOT_MS
    assert store.arrival_counts(DAY, DAY) == {(slot, Status.PRESENT): 1, (slot + 1, Status.PRESENT): 2}
    store.correct(a_correction("c-1", Status.ABSENT, person_id="p-3"))
    store.correct(a_correction("c-2", Status.LATE, person_id="p-3"))
    store.correct(a_correction("c-3", Status.LATE, person_id="p-2", day="2026-11-24"))  # nobody saw them then
    assert store.arrival_counts(DAY, "2026-11-24", group="1A") == {
        (slot, Status.PRESENT): 1,
        (slot + 1, Status.LATE): 1,
    }
    assert store.arrival_counts("2027-01-01", "2027-12-31") == {}
