"""Faces at rest: the database and the pictures' folder hold none that can be read, and keys change under way."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from hub import settings
from hub.errors import KeyMissing, NotFound, StoreCorrupt, Unavailable
from hub.model import Negative
from hub.reseal import drop_unused, forget_lost, in_use, reseal
from hub.sealing import MAGIC, VERSION, Keyring, key_id_of
from hub.store import rows
from hub.store.connection import Connection
from hub.store.documents import Document, DocumentRefused, Kind
from hub.store.opening import open_keys
from hub.store.pictures import FolderPictures
from hub.store.sealed_pictures import SealedPictures
from hub.store.sqlite import SqliteStore
from tests.integration.store.records import (
    ENGINE,
    a_face,
    a_frame,
    a_person,
    a_photo,
    a_template,
    a_vector,
    an_event,
    see,
)

JPEG = b"\xff\xd8\xff the face of Ada \xff\xd9"
KEY = "people/p-1/f-1.jpg"
EVENT = an_event(a_frame()).event_id


@pytest.fixture
def keys(tmp_path: Path) -> Keyring:
    return Keyring(tmp_path / "secrets" / "site-key.json")


@pytest.fixture
def pictures(tmp_path: Path, keys: Keyring) -> SealedPictures:
    return SealedPictures(FolderPictures(tmp_path / "pictures"), keys)


def opened(folder: Path) -> SqliteStore:
    return SqliteStore(folder / "presenza.db")


def filled(folder: Path, photos: int = 1) -> SqliteStore:
    store = opened(folder)
    store.add_person(a_person())
    for number in range(1, photos + 1):
        store.add_photo(a_photo(f"f-{number}"), [a_template(f"f-{number}", seed=number)])
    see(store, a_frame(), a_face())
    store.deny(Negative(EVENT, 0, "p-1", ENGINE, a_vector(99), "the office", 5_000))
    return store


def as_an_older_version_left_it(folder: Path, photos: int = 1) -> None:
    """Vectors and pictures as they were kept before there were keys."""
    filled(folder, photos).close()
    connection = Connection(folder / "presenza.db")
    with connection.write() as db:
        for number in range(1, photos + 1):
            vector = rows.vector_bytes(a_vector(number))
            db.execute("UPDATE template SET vector = ? WHERE photo_id = ?", (vector, f"f-{number}"))
        db.execute("UPDATE negative SET vector = ?", (rows.vector_bytes(a_vector(99)),))
    connection.close()
    FolderPictures(folder / "pictures").put(KEY, JPEG)


def found(folder: Path, *secrets: bytes) -> set[str]:
    """The files in which a secret is found."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name for path in files if any(secret in path.read_bytes() for secret in secrets)}


def vectors(*seeds: int) -> list[bytes]:
    """Some bytes of each vector."""
    return [a_vector(seed).tobytes()[:64] for seed in seeds]


# -- at rest ------------------------------------------------------------------------------------------
def test_no_vector_and_no_picture_lies_open_in_any_file(tmp_path: Path, pictures: SealedPictures) -> None:
    store = filled(tmp_path)
    pictures.put(KEY, JPEG)
    assert found(tmp_path, *vectors(1, 99), JPEG[:8]) == set()
    store.close()
    assert found(tmp_path, *vectors(1, 99), JPEG[:8]) == set()
    assert pictures.get(KEY) == JPEG


def test_what_an_older_version_left_is_sealed_at_the_first_opening(tmp_path: Path) -> None:
    as_an_older_version_left_it(tmp_path, photos=30)
    assert found(tmp_path, *vectors(1, 99)) >= {"presenza.db"}
    store = opened(tmp_path)
    assert found(tmp_path, *vectors(1, 17, 30, 99)) == set()
    assert [each.vector.tobytes() for each in store.templates(ENGINE)] == [
        a_vector(int(each.photo_id[2:])).tobytes() for each in store.templates(ENGINE)
    ]
    assert store.negatives(ENGINE)[0].vector.tobytes() == a_vector(99).tobytes()
    assert store.problems() == []
    store.close()


def test_a_first_opening_that_was_cut_short_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_an_older_version_left_it(tmp_path)

    def power_cut(_: Connection) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(Connection, "scrub", power_cut)
        with pytest.raises(KeyboardInterrupt):
            opened(tmp_path)
    opened(tmp_path).close()
    assert found(tmp_path, *vectors(1, 99)) == set()


def test_two_who_open_an_older_database_at_once_both_read_it(tmp_path: Path) -> None:
    as_an_older_version_left_it(tmp_path, photos=5)
    stores: list[SqliteStore] = []
    threads = [threading.Thread(target=lambda: stores.append(opened(tmp_path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [len(store.templates(ENGINE)) for store in stores] == [5, 5, 5, 5]
    for store in stores:
        store.close()
    assert found(tmp_path, *vectors(1, 99)) == set()


def test_a_vector_that_was_moved_to_another_photo_is_damage(tmp_path: Path) -> None:
    filled(tmp_path, photos=2).close()
    with closing(sqlite3.connect(tmp_path / "presenza.db")) as db, db:
        db.execute("UPDATE template SET vector = (SELECT vector FROM template WHERE photo_id = 'f-1')")
    with closing(opened(tmp_path)) as store, pytest.raises(StoreCorrupt, match="photo f-2 is damaged; remove"):
        store.templates(ENGINE)


def test_a_picture_that_took_the_place_of_another_is_not_shown(tmp_path: Path, pictures: SealedPictures) -> None:
    pictures.put(KEY, JPEG)
    pictures.put("last/door-1.jpg", b"other")
    folder = FolderPictures(tmp_path / "pictures")
    folder.put("last/door-1.jpg", folder.get(KEY))
    with pytest.raises(NotFound, match=r"last/door-1\.jpg is damaged"):
        pictures.get("last/door-1.jpg")


def test_a_picture_of_an_older_version_is_shown_and_sealed_without_growing_younger(
    tmp_path: Path, pictures: SealedPictures
) -> None:
    as_an_older_version_left_it(tmp_path)
    os.utime(tmp_path / "pictures" / KEY, (1_000, 1_000))
    assert pictures.get(KEY) == JPEG
    assert pictures.sealed_under() == {"": [KEY]}
    assert pictures.reseal(KEY)
    assert not pictures.reseal(KEY)
    assert pictures.get(KEY) == JPEG
    assert pictures.changed_ms(KEY) == 1_000_000
    assert found(tmp_path / "pictures", JPEG[:8]) == set()


def test_a_plain_vector_that_comes_from_elsewhere_is_not_taken(tmp_path: Path) -> None:
    store = filled(tmp_path)
    photo = store.documents.get(Kind.PHOTOS, "f-1")
    assert photo is not None
    forged = {"engine": ENGINE, "vector": a_vector(7).tobytes()}
    with pytest.raises(DocumentRefused, match="isn't sealed"):
        store.documents.put(Document(Kind.PHOTOS, "f-1", {**photo.fields, "templates": (forged,)}))
    store.close()


# -- another key --------------------------------------------------------------------------------------
def test_after_a_rotation_everything_is_under_the_new_key_and_the_old_one_is_gone(
    tmp_path: Path, keys: Keyring, pictures: SealedPictures
) -> None:
    store = filled(tmp_path, photos=450)
    pictures.put(KEY, JPEG)
    old = keys.current_id()
    new = keys.add().key_id
    done = reseal(store, pictures, keys)
    assert (done.vectors, done.pictures, done.failed) == (451, 1, ())
    assert drop_unused(store, pictures, keys) == [old]
    assert in_use(store, pictures) == {new: 452}
    assert found(tmp_path, MAGIC + VERSION + bytes.fromhex(old)) == set()
    assert len(store.templates(ENGINE)) == 450
    assert pictures.get(KEY) == JPEG
    store.close()


def test_a_rotation_that_was_interrupted_goes_on(tmp_path: Path, keys: Keyring, pictures: SealedPictures) -> None:
    store = filled(tmp_path, photos=250)
    for number in range(3):
        pictures.put(f"last/door-{number}.jpg", JPEG)
    old, new = keys.current_id(), keys.add().key_id

    def stop(done: int, _total: int) -> None:
        if done > 250:
            raise Unavailable

    with pytest.raises(Unavailable):
        reseal(store, pictures, keys, stop)
    assert in_use(store, pictures).keys() == {old, new}
    assert drop_unused(store, pictures, keys) == []
    reseal(store, pictures, keys)
    assert drop_unused(store, pictures, keys) == [old]
    assert len(store.templates(ENGINE)) == 250
    store.close()


def test_what_others_write_and_delete_during_rotations_is_neither_lost_nor_brought_back(
    tmp_path: Path, keys: Keyring, pictures: SealedPictures
) -> None:
    store = filled(tmp_path)
    there, stop = SealedPictures(FolderPictures(tmp_path / "pictures"), Keyring(keys.path)), threading.Event()
    rounds = []

    def hub(number: int) -> None:
        while not stop.wait(0.001):
            there.put(f"results/{number}/kept-{len(rounds)}.jpg", JPEG)
            there.put(f"results/{number}/gone.jpg", JPEG)
            assert there.get(f"last/{number}.jpg") == JPEG
            assert there.delete(f"results/{number}/gone.jpg")
            rounds.append(number)

    for number in range(2):
        pictures.put(f"last/{number}.jpg", JPEG)
    threads = [threading.Thread(target=hub, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        keys.add()
        assert reseal(store, pictures, keys).failed == ()
        drop_unused(store, pictures, keys)
    stop.set()
    for thread in threads:
        thread.join(30)
    reseal(store, pictures, keys)
    drop_unused(store, pictures, keys)
    assert len(rounds) > 10
    assert len(keys.all()) == 1
    assert {pictures.get(key) for key in pictures.keys()} == {JPEG}  # noqa: SIM118 - no dict
    assert not any(key.endswith("gone.jpg") for key in pictures.keys())  # noqa: SIM118
    store.close()


def test_the_roster_is_read_anew_after_a_rotation_by_another_process(tmp_path: Path, keys: Keyring) -> None:
    here, there = filled(tmp_path), opened(tmp_path)
    before = here.people_revision()
    keys.add()
    while there.reseal():
        pass
    drop_unused(there, SealedPictures(FolderPictures(tmp_path / "pictures"), keys), keys)
    assert here.people_revision() > before
    assert len(here.templates(ENGINE)) == 1
    here.close()
    there.close()


def test_a_damaged_picture_stops_no_rotation_and_keeps_its_key(
    tmp_path: Path, keys: Keyring, pictures: SealedPictures
) -> None:
    store = filled(tmp_path)
    pictures.put(KEY, JPEG)
    pictures.put("last/door-1.jpg", JPEG)
    path = tmp_path / "pictures" / KEY
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    keys.add()
    done = reseal(store, pictures, keys)
    assert (done.pictures, done.failed) == (1, (KEY,))
    assert drop_unused(store, pictures, keys) == []
    store.close()


def test_a_rotation_that_is_killed_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    keys = open_keys(settings.load({}, data_dir=tmp_path))
    pictures = SealedPictures(FolderPictures(tmp_path / "pictures"), keys)
    filled(tmp_path, photos=300).close()
    for number in range(100):
        pictures.put(f"last/door-{number}.jpg", JPEG)
    command = [sys.executable, "-m", "hub", "key", "rotate", "--data-dir", str(tmp_path)]
    whole_s = _time_of(command)
    for part in (0.55, 0.75, 0.9, 0.97):
        rotation = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with suppress(subprocess.TimeoutExpired):
            rotation.wait(whole_s * part)
        rotation.kill()
        rotation.wait()
        with closing(opened(tmp_path)) as store:
            assert len(store.templates(ENGINE)) == 300
            assert {pictures.get(key) for key in pictures.keys("last/")} == {JPEG}
    subprocess.run([*command, "--finish"], check=True, stdout=subprocess.DEVNULL)
    with closing(opened(tmp_path)) as store:
        assert in_use(store, pictures) == {keys.current_id(): 401}
    assert len(keys.all()) == 1


def _time_of(command: list[str]) -> float:
    started = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


# -- a lost key ---------------------------------------------------------------------------------------
def test_without_the_key_file_nothing_is_sealed_under_a_new_key(tmp_path: Path, keys: Keyring) -> None:
    filled(tmp_path).close()
    lost = keys.current_id()
    keys.path.rename(tmp_path / "kept")
    with pytest.raises(KeyMissing, match=f"its key {lost}.*Put the file back"):
        opened(tmp_path)
    assert not keys.exists()
    (tmp_path / "kept").rename(keys.path)
    with closing(opened(tmp_path)) as store:
        assert len(store.templates(ENGINE)) == 1


def test_a_template_under_a_key_that_is_lost_is_named_with_what_to_do(tmp_path: Path, keys: Keyring) -> None:
    filled(tmp_path).close()
    lost = keys.current_id()
    keys.path.unlink()
    keys.add()
    with closing(opened(tmp_path)) as store, pytest.raises(KeyMissing, match=f"lacks the key {lost}"):
        store.templates(ENGINE)


def test_after_a_loss_people_and_attendance_stay_and_can_be_enrolled_again(
    tmp_path: Path, keys: Keyring, pictures: SealedPictures
) -> None:
    filled(tmp_path, photos=2).close()
    pictures.put(KEY, JPEG)
    keys.path.unlink()
    keys.add()
    with closing(opened(tmp_path)) as store:
        store.add_photo(a_photo("f-9"), [a_template("f-9", seed=9)])
        assert forget_lost(store, pictures, keys) == (3, 1)
        assert [photo.photo_id for photo in store.photos("p-1")] == ["f-9"]
        assert [template.photo_id for template in store.templates(ENGINE)] == ["f-9"]
        assert len(store.people()) == len(store.events()) == 1
        assert pictures.keys() == []


def test_the_key_of_each_vector_stands_in_its_head(tmp_path: Path, keys: Keyring) -> None:
    filled(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "presenza.db")) as db:
        stored = [row[0] for row in db.execute("SELECT vector FROM template UNION ALL SELECT vector FROM negative")]
    assert [key_id_of(each) for each in stored] == [keys.current_id()] * 2
