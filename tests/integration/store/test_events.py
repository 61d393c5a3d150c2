"""Events as they are read and purged, in every store."""

import pytest

from hub.model import Outcome, Reason
from hub.store import Store
from tests.integration.store.records import DAY, NINE_MS, a_face, a_frame, a_person, see


@pytest.fixture
def ids(store: Store) -> list[str]:
    """Six events, oldest first: of two cameras by turns, the last two of Ada, all with pictures."""
    store.add_person(a_person())
    recorded = []
    for number in range(6):
        face = a_face() if number > 3 else a_face(None, Outcome.UNKNOWN)
        frame = a_frame(number, device=f"door-{number % 2}", received_ms=NINE_MS + number)
        recorded.append(see(store, frame, face, picture=f"results/{DAY}/{number}.jpg"))
    return [each.event.event_id for each in recorded]


def test_events_are_listed_newest_first(store: Store, ids: list[str]) -> None:
    assert [event.event_id for event in store.events()] == ids[::-1]


def test_pages_of_events_follow_each_other(store: Store, ids: list[str]) -> None:
    first = store.events(limit=4)
    second = store.events(limit=4, before_id=first[-1].event_id)
    assert [event.event_id for event in first + second] == ids[::-1]
    assert store.events(before_id=ids[0]) == []


def test_events_can_be_listed_by_camera_and_person(store: Store, ids: list[str]) -> None:
    assert [event.event_id for event in store.events(device="door-1")] == [ids[5], ids[3], ids[1]]
    assert [event.event_id for event in store.events(person_id="p-1")] == [ids[5], ids[4]]
    assert [event.event_id for event in store.events(person_id="p-1", device="door-0")] == [ids[4]]
    assert store.events(device="door-9") == []


def test_an_event_is_read_as_written(store: Store) -> None:
    face = a_face(None, Outcome.LOW_QUALITY)
    face = type(face)(face.box, Outcome.LOW_QUALITY, Reason.BLURRED)
    recorded = see(store, a_frame(), face, a_face(None, Outcome.SPOOF))
    assert recorded.event.outcome is Outcome.SPOOF
    assert store.events() == [recorded.event]
    assert store.events()[0].faces[0].reason is Reason.BLURRED


def test_old_events_are_purged_and_attendance_stays(store: Store, ids: list[str]) -> None:
    before = store.attendance(DAY, DAY)
    removed = store.purge_events(NINE_MS + 5)
    assert removed.rows == 5
    assert removed.pictures == tuple(f"results/{DAY}/{number}.jpg" for number in range(5))
    assert [event.event_id for event in store.events()] == ids[5:]
    assert store.attendance(DAY, DAY) == before
    assert store.purge_events(NINE_MS + 5).rows == 0


def test_old_pictures_are_purged_and_events_stay(store: Store, ids: list[str]) -> None:
    removed = store.purge_pictures(NINE_MS + 2)
    assert removed.pictures == (f"results/{DAY}/0.jpg", f"results/{DAY}/1.jpg")
    assert [event.event_id for event in store.events() if event.picture is None] == [ids[1], ids[0]]
    assert store.purge_pictures(NINE_MS + 2).pictures == ()


def test_the_store_says_which_pictures_are_in_use(store: Store, ids: list[str]) -> None:
    store.purge_pictures(NINE_MS + 4)
    see(store, a_frame(99), a_face(None, Outcome.UNKNOWN), picture="results/2026-11-230/x.jpg")
    assert store.pictures_in_use(f"results/{DAY}/") == {f"results/{DAY}/4.jpg", f"results/{DAY}/5.jpg"}
    assert len(store.pictures_in_use("")) == 3
    assert store.pictures_in_use("people/") == set()
