"""One pass of retention, over every pair of stores: what goes, what stays, what an interruption leaves."""

import os
import time
from pathlib import Path

import pytest

from hub.attendance import DAY_MS, site_day
from hub.model import Event, Outcome
from hub.retention import HOUR_MS, purge
from hub.settings import Settings, load
from hub.store import Store
from hub.store.pictures import FolderPictures, MemoryPictures
from tests.integration.store.records import DAY, NINE_MS, RULES, a_face, a_frame, a_person, a_photo, see

NOW_MS = NINE_MS + 30 * DAY_MS


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({}, data_dir=tmp_path, time_zone="UTC", keep_pictures_days=14, keep_events_days=20)


def shoot(store: Store, pictures: MemoryPictures | FolderPictures, age_ms: int, *, person: str | None = None) -> Event:
    """A frame as the pipeline leaves it: received `age_ms` before NOW_MS, with its picture."""
    frame = a_frame(age_ms, received_ms=NOW_MS - age_ms)
    key = f"results/{site_day(frame.received_ms, RULES)}/{age_ms}.jpg"
    pictures.put(key, b"x")
    face = a_face(person) if person else a_face(None, Outcome.UNKNOWN)
    return see(store, frame, face, picture=key).event


def test_old_pictures_go_first_and_old_events_later(
    store: Store, pictures: MemoryPictures | FolderPictures, settings: Settings
) -> None:
    fresh, aged, _old = [shoot(store, pictures, days * DAY_MS + 1) for days in (13, 14, 20)]
    assert purge(store, pictures, settings, NOW_MS) == {"events": 1, "pictures": 2, "left_over": 0}
    assert [(event.event_id, event.picture) for event in store.events()] == [
        (fresh.event_id, fresh.picture),
        (aged.event_id, None),
    ]
    assert pictures.keys() == [fresh.picture]
    assert purge(store, pictures, settings, NOW_MS) == {"events": 0, "pictures": 0, "left_over": 0}


def test_what_is_exactly_as_old_as_allowed_stays(
    store: Store, pictures: MemoryPictures | FolderPictures, settings: Settings
) -> None:
    for days in (14, 20):
        shoot(store, pictures, days * DAY_MS)
    assert purge(store, pictures, settings, NOW_MS) == {"events": 0, "pictures": 1, "left_over": 0}
    assert len(pictures.keys()) == 1


def test_attendance_stays_when_its_event_goes(store: Store, settings: Settings) -> None:
    store.add_person(a_person())
    shoot(store, MemoryPictures(), 30 * DAY_MS, person="p-1")
    assert purge(store, MemoryPictures(), settings, NOW_MS)["events"] == 1
    assert [day.day for day in store.attendance(DAY, DAY)] == [DAY]


def test_more_than_one_batch_goes_in_one_pass(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = MemoryPictures()
    monkeypatch.setattr("hub.retention.PURGE_LIMIT", 3)
    monkeypatch.setattr(type(store).purge_events, "__kwdefaults__", {"limit": 3})
    for number in range(7):
        shoot(store, pictures, 21 * DAY_MS + number)
    assert purge(store, pictures, settings, NOW_MS) == {"events": 7, "pictures": 7, "left_over": 0}


def test_keeping_no_days_keeps_no_pictures(store: Store, tmp_path: Path) -> None:
    pictures = MemoryPictures()
    shoot(store, pictures, 1)
    none = load({}, data_dir=tmp_path, time_zone="UTC", keep_pictures_days=0)
    assert purge(store, pictures, none, NOW_MS)["pictures"] == 1
    assert (pictures.keys(), len(store.events())) == ([], 1)


def test_pictures_that_a_crash_left_go_once_their_day_is_over(store: Store, settings: Settings) -> None:
    pictures = MemoryPictures()
    kept = shoot(store, pictures, 2 * DAY_MS).picture
    today, yesterday = site_day(NOW_MS, RULES), site_day(NOW_MS - DAY_MS, RULES)
    for key in (f"results/{today}/left.jpg", f"results/{yesterday}/left.jpg", "results/2020-01-01/left.jpg"):
        pictures.put(key, b"x")
    assert purge(store, pictures, settings, NOW_MS)["left_over"] == 2
    assert pictures.keys() == sorted([str(kept), f"results/{today}/left.jpg"])


def test_a_frame_that_is_under_way_when_the_day_ends_is_left_alone(store: Store, settings: Settings) -> None:
    pictures = MemoryPictures()
    midnight_ms = NINE_MS - 5 * HOUR_MS  # the day begins at 04:00
    pictures.put(f"results/{site_day(midnight_ms - 1, RULES)}/under-way.jpg", b"x")
    assert purge(store, pictures, settings, midnight_ms)["left_over"] == 0
    assert purge(store, pictures, settings, midnight_ms + HOUR_MS)["left_over"] == 1


def put_long_ago(pictures: FolderPictures, key: str, age_ms: int) -> None:
    pictures.put(key, b"x")
    at_s = time.time() - age_ms / 1000
    os.utime(pictures.path(key), (at_s, at_s))


def test_photos_without_a_row_go_after_an_hour(store: Store, settings: Settings, tmp_path: Path) -> None:
    pictures = FolderPictures(tmp_path / "pictures")
    store.add_person(a_person())
    store.add_photo(a_photo(), [])
    for key in ("people/p-1/f-1.jpg", "people/p-1/left.jpg", "people/p-gone/left.jpg"):
        put_long_ago(pictures, key, 2 * HOUR_MS)
    pictures.put("people/p-1/under-way.jpg", b"x")
    assert purge(store, pictures, settings, time.time_ns() // 1_000_000)["left_over"] == 2
    assert pictures.keys() == ["people/p-1/f-1.jpg", "people/p-1/under-way.jpg"]


def test_uploads_go_after_a_day_and_last_frames_with_the_other_pictures(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    pictures = FolderPictures(tmp_path / "pictures")
    put_long_ago(pictures, "uploads/a.jpg", DAY_MS + HOUR_MS)
    put_long_ago(pictures, "uploads/2026-11-23/b.jpg", DAY_MS - HOUR_MS)
    put_long_ago(pictures, "last/door-1.jpg", 14 * DAY_MS + HOUR_MS)
    put_long_ago(pictures, "last/door-2.jpg", 14 * DAY_MS - HOUR_MS)
    put_long_ago(pictures, "elsewhere/c.jpg", 1000 * DAY_MS)
    assert purge(store, pictures, settings, time.time_ns() // 1_000_000)["left_over"] == 2
    assert pictures.keys() == ["elsewhere/c.jpg", "last/door-2.jpg", "uploads/2026-11-23/b.jpg"]


def test_a_pass_that_was_interrupted_is_finished_by_the_next(store: Store, settings: Settings) -> None:
    class Failing(MemoryPictures):
        works = False

        def delete(self, key: str) -> bool:
            if not self.works:
                raise OSError("input/output error")
            return super().delete(key)

    pictures = Failing()
    for number in range(5):
        shoot(store, pictures, 21 * DAY_MS + number)
    with pytest.raises(OSError, match="input/output"):
        purge(store, pictures, settings, NOW_MS)
    assert store.events() == []
    pictures.works = True
    assert purge(store, pictures, settings, NOW_MS) == {"events": 0, "pictures": 0, "left_over": 5}
    assert pictures.keys() == []
