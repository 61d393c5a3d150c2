"""A person who is removed leaves no trace in the files: they are searched for the bytes."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from hub.erase import erase_person
from hub.errors import Busy, Unavailable
from hub.model import Consent, Outcome, Person, Status
from hub.sealing import Keyring
from hub.store.connection import Connection
from hub.store.pictures import FolderPictures
from hub.store.sqlite import SqliteStore
from tests.integration.store.records import (
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

WHO = "p-erase-me-4711"
SECRETS = {
    "id": WHO.encode(),
    "name": "Zaphod Beeblebrox-Ödegård".encode(),
    "number": b"number-90210-secret",
    "group": b"group-of-nobody-else",
    "consent": b"I, Zaphod, agree to this",
    "reason": b"because of a private illness",
    "vector": a_vector(4711).tobytes(),
    "part of the vector": a_vector(4711).tobytes()[200:264],
    "photo": b"photo-id-4711",
    "jpeg": b"\xff\xd8 the face of Zaphod \xff\xd9",
}
DAY_MS = 24 * 60 * 60 * 1000


class Unsealed(Keyring):
    """Leaves vectors as they are, so that they can be searched for."""

    def seal(self, data: bytes, context: str) -> bytes:
        return data


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "presenza.db", Unsealed(tmp_path / "secrets" / "site-key.json"))
    yield store
    store.close()


@pytest.fixture
def pictures(tmp_path: Path) -> FolderPictures:
    return FolderPictures(tmp_path / "pictures")


def zaphod() -> Person:
    text = {key: value.decode() for key, value in SECRETS.items() if key in ("name", "number", "group", "consent")}
    consent = Consent(text["consent"], text["name"], 1_000, "1")
    return Person(WHO, text["name"], text["number"], text["group"], consent, 2_000)


def traces(folder: Path) -> set[tuple[str, str]]:
    """Which secrets are found in which files, or in their names."""
    found = set()
    for path in folder.rglob("*"):
        raw = str(path.relative_to(folder)).encode() + (path.read_bytes() if path.is_file() else b"")
        found |= {(path.name, what) for what, secret in SECRETS.items() if secret in raw}
    return found


def live(store: SqliteStore, pictures: FolderPictures, *, others: int, days: int) -> None:
    """A while of the site's life, in which rows of Zaphod and of others are mixed in every page."""
    chance = random.Random(42)
    people = [a_person(f"p-{n:04}", name=f"Person {n}", number=f"{n}") for n in range(others)]
    people.insert(others // 2, zaphod())
    for seed, person in enumerate(people):
        store.add_person(person)
        photo_id = "photo-id-4711" if person.person_id == WHO else f"f-{seed}"
        photo = a_photo(photo_id, person.person_id)
        store.add_photo(photo, [a_template(photo_id, seed=4711 if person.person_id == WHO else seed + 10_000)])
        pictures.put(photo.key, SECRETS["jpeg"] if person.person_id == WHO else b"somebody")
    number = 0
    for day in range(days):
        for person in chance.sample(people, len(people)):
            number += 1
            key = f"results/2026-11-23/{number}.jpg"
            pictures.put(key, SECRETS["jpeg"] if person.person_id == WHO else b"somebody")
            face = a_face(person.person_id, chance.choice((Outcome.RECOGNIZED, Outcome.UNCERTAIN)))
            see(store, a_frame(number, received_ms=NINE_MS + day * DAY_MS + number), face, picture=key)
    store.correct(replace(a_correction(person_id=WHO, status=Status.EXCUSED), reason=SECRETS["reason"].decode()))
    store.update_person(replace(zaphod(), group=SECRETS["group"].decode() * 2))
    pictures.put("last/door-1.jpg", SECRETS["jpeg"])


@pytest.mark.parametrize("others", [1, 40])
def test_nothing_of_a_removed_person_is_found_in_any_file(
    store: SqliteStore, pictures: FolderPictures, tmp_path: Path, others: int
) -> None:
    live(store, pictures, others=others, days=4)
    assert {what for _, what in traces(tmp_path)} == set(SECRETS)
    erase_person(store, pictures, WHO)
    assert traces(tmp_path) == set()
    store.close()
    assert traces(tmp_path) == set()


def test_nothing_is_found_while_another_process_has_the_store_open(
    store: SqliteStore, pictures: FolderPictures, tmp_path: Path
) -> None:
    other = SqliteStore(tmp_path / "presenza.db")
    live(store, pictures, others=20, days=3)
    assert len(other.people()) == 21
    erase_person(store, pictures, WHO)
    assert traces(tmp_path) == set()
    assert len(other.people()) == 20
    other.add_person(a_person("p-new"))
    other.close()
    assert traces(tmp_path) == set()


def test_nothing_is_found_in_pages_that_were_split_and_joined(tmp_path: Path) -> None:
    # secure_delete alone fails here: SQLite leaves copies of rows in pages that it rebalances.
    chance = random.Random(0)
    connection = Connection(tmp_path / "presenza.db")
    ids = [f"id-{chance.randrange(10**9):09}" for _ in range(1500)]
    with connection.write() as db:
        for name in ids:
            db.execute("INSERT INTO device VALUES (?, 0, ?)", (name, name + "x" * chance.randrange(200)))
    gone = chance.sample(ids, 700)
    with connection.write() as db:
        db.executemany("DELETE FROM device WHERE device = ?", [(name,) for name in gone])
    connection.scrub()
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [name for name in gone if name.encode() in raw] == []
    assert all(name.encode() in raw for name in set(ids) - set(gone))
    connection.close()


def test_nothing_is_found_after_a_change_and_a_removal_of_a_photo(store: SqliteStore, tmp_path: Path) -> None:
    store.add_person(a_person())
    store.add_photo(a_photo("photo-id-4711"), [a_template("photo-id-4711", seed=4711)])
    assert {what for _, what in traces(tmp_path)} == {"photo", "vector", "part of the vector"}
    store.remove_photo("photo-id-4711")
    assert traces(tmp_path) == set()
    assert store.templates("dlib-1") == []


def test_a_removal_that_was_cut_short_is_finished_by_the_next_who_opens(
    store: SqliteStore, pictures: FolderPictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(store, pictures, others=5, days=2)

    def power_cut(_: Connection) -> None:
        raise Unavailable("the disk is full")

    with monkeypatch.context() as cut:
        cut.setattr(Connection, "scrub", power_cut)
        with pytest.raises(Unavailable):
            erase_person(store, pictures, WHO)
    assert {what for _, what in traces(tmp_path)} >= {"id", "name", "vector"}
    SqliteStore(tmp_path / "presenza.db").close()
    assert traces(tmp_path) == set()


def test_a_running_hub_finishes_the_removal_of_a_process_that_died(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add_person(zaphod())
    other = SqliteStore(tmp_path / "presenza.db")
    monkeypatch.setattr(other, "_db", DiesBeforeScrub(tmp_path / "presenza.db"))
    with pytest.raises(KeyboardInterrupt):
        other.remove_person(WHO)
    assert {what for _, what in traces(tmp_path)} == {"id", "name", "number", "group", "consent"}
    store.tidy()
    assert traces(tmp_path) == set()
    assert store.people() == []


class DiesBeforeScrub(Connection):
    def scrub(self) -> None:
        raise KeyboardInterrupt


def test_who_reads_all_the_time_is_named_as_the_reason(store: SqliteStore, tmp_path: Path) -> None:
    impatient = SqliteStore(tmp_path / "presenza.db", busy_s=0.05)
    impatient.add_person(zaphod())
    with closing(sqlite3.connect(tmp_path / "presenza.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM person").fetchone()
        with pytest.raises(Busy, match=r"reads presenza\.db all the time"):
            impatient.remove_person(WHO)
    assert impatient.people() == []
    impatient.close()
    store.tidy()
    assert traces(tmp_path) == set()


def test_others_and_their_files_are_left_as_they_were(store: SqliteStore, pictures: FolderPictures) -> None:
    live(store, pictures, others=10, days=2)
    before = {
        person.person_id: store.attendance("2026-01-01", "2026-12-31", person_id=person.person_id)
        for person in store.people()
        if person.person_id != WHO
    }
    erase_person(store, pictures, WHO)
    after = {
        person.person_id: store.attendance("2026-01-01", "2026-12-31", person_id=person.person_id)
        for person in store.people()
    }
    assert after == before
    assert len(store.events(limit=100)) == 22
    assert len(store.templates("dlib-1")) == 10
    assert store.pictures_in_use("") == set(pictures.keys())
    assert store.problems() == []
