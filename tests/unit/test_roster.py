"""What the hub knows at one moment: limits, doors, corrections, and what the engine may skip."""

import numpy as np
import pytest

from hub.faces import PhotoAnalysis
from hub.faces.encoding import PART
from hub.identity import Limits
from hub.model import Analysis, Consent, Device, Person, Photo, Quality, Skip, Template
from hub.recognizer import Recognizer
from hub.roster import FAR, FAR_FEW_PHOTOS, SMALL, Roster
from hub.store.memory import MemoryStore
from hub.tracks import Tracks

FINE = Quality(120, 100.0, 120.0, 0.1, 0.9)
ENGINE = "dlib+sface-1"


async def look(jpeg: bytes, skip: Skip) -> Analysis:
    raise NotImplementedError


async def look_at_photo(photo: bytes) -> PhotoAnalysis:
    raise NotImplementedError


def enrol(store: MemoryStore, count: int, photos: int = 1, size: int = 2 * PART, first: int = 0) -> None:
    rng = np.random.default_rng(first)
    for number in range(first, first + count):
        person_id = f"p-{number:04}"
        store.add_person(Person(person_id, person_id, "", "7b", Consent("yes", "test", 1, "1"), 1))
        for place in range(photos):
            photo = Photo(f"{person_id}-{place}", person_id, f"people/{person_id}/{place}.jpg", FINE, 1)
            vector = rng.normal(0, 0.1, size).astype(np.float32)
            store.add_photo(photo, [Template(person_id, photo.photo_id, ENGINE, vector)])


def roster(store: MemoryStore, engine_id: str = ENGINE) -> Roster:
    return Roster(store, Recognizer(engine_id, Tracks(1.0), look, look_at_photo), Limits())


@pytest.mark.parametrize(("photos", "far"), [(1, FAR_FEW_PHOTOS), (2, FAR_FEW_PHOTOS), (3, FAR)])
def test_in_a_small_gallery_the_engine_is_told_whom_the_first_encoder_may_rule_out(photos, far):
    store = MemoryStore()
    enrol(store, 5, photos)
    skip = roster(store).known.skip
    assert skip.far == far
    assert skip.people is not None
    assert skip.people.shape == (5, PART)


def test_of_many_people_or_of_one_encoder_nothing_is_sent_along():
    many, one_encoder = MemoryStore(), MemoryStore()
    enrol(many, SMALL + 1)
    enrol(one_encoder, 5, size=PART)
    assert roster(many).known.skip.people is None
    assert roster(one_encoder).known.skip.people is None
    assert roster(MemoryStore()).known.skip.people is None


async def test_the_limit_is_found_anew_when_people_change():
    store = MemoryStore()
    enrol(store, 20)
    known = roster(store)
    before = known.known.gallery.max_distance
    enrol(store, 60, first=20)
    assert await known.refresh()
    assert known.known.gallery.max_distance != before
    assert not await known.refresh()


async def test_the_groups_of_cameras_are_followed():
    store = MemoryStore()
    store.add_device(Device("door-1", 1))
    known = roster(store)
    assert known.known.doors == {}
    store.set_groups("door-1", ["7b"])
    assert await known.refresh()
    assert known.known.doors == {"door-1": frozenset({"7b"})}


async def test_who_asks_about_a_change_sees_it_at_once():
    store = MemoryStore()
    enrol(store, 1)
    known = roster(store)
    enrol(store, 1, first=1)
    assert len(known.known.gallery) == 1
    assert len(await known.fresh_gallery()) == 2
    assert len(known.known.gallery) == 2
