"""Photos encoded anew by another engine: which engine is in force, what is encoded, what fails."""

from pathlib import Path

import numpy as np
import pytest

from hub import faces
from hub.errors import InvalidImage, WorkerFailed
from hub.faces import EngineOptions, PhotoAnalysis
from hub.model import Consent, Person, Photo, Quality, Template
from hub.reencode import BATCH, Reencoding, engine_in_force
from hub.store.memory import MemoryStore
from hub.store.pictures import MemoryPictures

WANTED = EngineOptions("fast", Path("/nowhere"), 56)
OLD, NEW = (faces.engine_id(EngineOptions("fast", Path("/nowhere"), 56, name)) for name in ("dlib", "dlib+sface"))
FINE = Quality(120, 100.0, 120.0, 0.1, 0.9)
VECTORS = (np.ones(256, np.float32), np.zeros(256, np.float32))


class Site:
    def __init__(self, photos: int = 3) -> None:
        self.store, self.pictures, self.looked = MemoryStore(), MemoryPictures(), []
        self.store.add_person(Person("ada", "Ada", "", "", Consent("yes", "test", 1, "1"), 1))
        for number in range(photos):
            self.enrol(f"f-{number}")
        self.reencoding = Reencoding(self.store, self.pictures, NEW, self.encode)

    def enrol(self, photo_id: str, engine: str = OLD) -> None:
        photo = Photo(photo_id, "ada", f"people/ada/{photo_id}.jpg", FINE, 1)
        self.pictures.put(photo.key, photo_id.encode())
        self.store.add_photo(photo, [Template("ada", photo_id, engine, np.ones(128, np.float32))])

    async def encode(self, picture: bytes) -> PhotoAnalysis:
        self.looked.append(picture.decode())
        if picture == b"f-damaged":
            raise InvalidImage("corrupt", "The picture's data is damaged.")
        if picture == b"f-killer":
            raise WorkerFailed
        return PhotoAnalysis(picture, 0 if picture == b"f-wall" else 1, vectors=() if picture == b"f-wall" else VECTORS)


def test_the_wanted_engine_is_in_force_where_nobody_is_enrolled() -> None:
    assert engine_in_force(MemoryStore(), WANTED) == WANTED


def test_the_old_engine_stays_in_force_until_the_wanted_one_has_encoded_as_many_photos() -> None:
    site = Site(2)
    for photo_id, encoder in (("f-0", "dlib"), ("f-1", "dlib+sface")):
        assert engine_in_force(site.store, WANTED).encoder == "dlib"
        site.store.add_templates([Template("ada", photo_id, NEW, VECTORS[0])])
        assert engine_in_force(site.store, WANTED).encoder == encoder


def test_an_engine_that_this_version_does_not_have_is_never_in_force() -> None:
    site = Site(0)
    site.enrol("f-1", "dlib-of-old")
    assert engine_in_force(site.store, WANTED) == WANTED


async def test_all_photos_are_encoded_and_the_old_templates_stay() -> None:
    site, shown = Site(2 * BATCH + 1), []
    assert await site.reencoding.run(lambda *progress: shown.append(progress)) == 2 * BATCH + 1
    assert site.store.templated() == {OLD: 2 * BATCH + 1, NEW: 2 * BATCH + 1}
    assert [len(t.vector) for t in site.store.templates(NEW)] == [256] * (4 * BATCH + 2)
    assert shown == [(done, 2 * BATCH + 1) for done in (BATCH, 2 * BATCH, 2 * BATCH + 1)]


async def test_what_is_encoded_already_is_left_alone() -> None:
    site = Site(2)
    await site.reencoding.run()
    assert await site.reencoding.run() == 0
    assert site.looked == ["f-0", "f-1"]


@pytest.mark.parametrize("what", ["f-damaged", "f-killer", "f-wall", "f-gone"])
async def test_a_photo_that_can_not_be_encoded_does_not_hold_up_the_others(what: str) -> None:
    site = Site(2)
    site.enrol(what)
    if what == "f-gone":
        site.pictures.delete("people/ada/f-gone.jpg")
    assert await site.reencoding.run() == 2
    assert list(site.reencoding.failed) == [what]
    assert site.store.templated()[NEW] == 2


async def test_photos_that_come_in_meanwhile_are_encoded_too() -> None:
    site = Site(1)

    def show(done: int, total: int) -> None:
        if done == 1:
            site.enrol("f-late")

    assert await site.reencoding.run(show) == 2
    assert site.store.photos_without(NEW) == []


async def test_a_photo_that_is_removed_meanwhile_leaves_no_template() -> None:
    site = Site(2)

    async def erasing(picture: bytes) -> PhotoAnalysis:
        if picture == b"f-0":
            site.store.remove_photo("f-0")
        return await site.encode(picture)

    await Reencoding(site.store, site.pictures, NEW, erasing).run()
    assert {template.photo_id for template in site.store.templates(NEW)} == {"f-1"}
