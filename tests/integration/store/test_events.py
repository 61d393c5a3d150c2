"""Events as they are read and purged, in every store."""

import pytest

from hub.errors import NotFound
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
    assert store.events(limit=0) == store.events(limit=-1) == []


def test_events_can_be_listed_by_camera_and_person(store: Store, ids: list[str]) -> None:
    assert [event.event_id for event in store.events(device="door-1")] == [ids[5], ids[3], ids[1]]
    assert [event.event_id for event in store.events(person_id="p-1")] == [ids[5], ids[4]]
    assert [event.event_id for event in store.events(person_id="p-1", device="door-0")] == [ids[4]]
    assert store.events(device="door-9") == []


def test_events_can_be_listed_by_outcome_and_time(store: Store, ids: list[str]) -> None:
    assert [event.event_id for event in store.events(outcome=Outcome.UNKNOWN)] == ids[3::-1]
    assert [event.event_id for event in store.events(outcome=Outcome.RECOGNIZED)] == [ids[4]]
    assert [event.event_id for event in store.events(from_ms=NINE_MS + 1, until_ms=NINE_MS + 4)] == ids[3:0:-1]
    page = store.events(outcome=Outcome.UNKNOWN, device="door-1", from_ms=NINE_MS, before_id=ids[3], limit=5)
    assert [event.event_id for event in page] == [ids[1]]


def test_an_event_is_found_by_its_id(store: Store, ids: list[str]) -> None:
    assert store.event(ids[2]) == store.events()[3]
    with pytest.raises(NotFound):
        store.event("01Z")


def test_the_newest_event_of_each_camera_is_known(store: Store, ids: list[str]) -> None:
    newest = store.newest_events()
    assert {device: event.event_id for device, event in newest.items()} == {"door-0": ids[4], "door-1": ids[5]}
    assert newest["door-1"] == store.events()[0]


def test_no_camera_has_a_newest_event_at_first(store: Store) -> None:
    assert store.newest_events() == {}


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


def test_a_purge_takes_the_oldest_first_and_no_more_than_it_is_told(store: Store, ids: list[str]) -> None:
    assert store.purge_pictures(NINE_MS + 5, limit=2).pictures == (f"results/{DAY}/0.jpg", f"results/{DAY}/1.jpg")
    assert store.purge_pictures(NINE_MS + 5, limit=4).rows == 3
    assert store.purge_events(NINE_MS + 5, limit=3).rows == 3
    assert [event.event_id for event in store.events()] == ids[:2:-1]
    assert store.purge_events(NINE_MS + 5, limit=3).rows == 2


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
