"""The database file: versions, strangers, damage, rights."""

import itertools
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from hub.errors import Busy, StoreCorrupt, Unavailable
from hub.model import Outcome, Status
from hub.settings import load
from hub.store import connection
from hub.store.connection import SCHEMA, Connection, newest_version
from hub.store.opening import open_pictures, open_store
from hub.store.sqlite import SqliteStore
from tests.integration.store.records import (
    DAY,
    ENGINE,
    NINE_MS,
    a_face,
    a_frame,
    a_person,
    a_photo,
    a_template,
    a_vector,
    see,
)

SAVED = sorted((Path(__file__).parent / "databases").glob("*.sql"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "presenza.db"


def tables(path: Path) -> Iterator[str]:
    with closing(sqlite3.connect(path)) as db:
        yield from [" ".join(row[0].split()) for row in db.execute("SELECT sql FROM sqlite_schema WHERE sql <> ''")]


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


# -- versions ---------------------------------------------------------------
def test_schema_files_are_numbered_without_gaps_and_a_database_of_each_is_kept() -> None:
    versions = [int(file.stem) for file in sorted(SCHEMA.glob("*.sql"))]
    assert versions == list(range(1, newest_version() + 1))
    assert [int(file.stem) for file in SAVED] == versions


@pytest.mark.parametrize("saved", SAVED, ids=lambda saved: saved.stem)
def test_a_database_of_an_older_version_opens_with_everything_in_it(saved: Path, path: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(saved.read_text(encoding="utf-8"))
    assert version_of(path) == int(saved.stem)
    store = SqliteStore(path)
    assert [(p.name, p.number, p.group) for p in store.people()] == [("Ada Ödegård", "0007", "1A"), ("Bob", "", "1B")]
    assert [photo.photo_id for photo in store.photos("p-1")] == ["f-1"]
    np.testing.assert_array_equal([t.vector for t in store.templates(ENGINE)], [a_vector(1), a_vector(2)])
    days = {day.person_id: (day.status, day.device) for day in store.attendance(DAY, DAY)}
    assert days == {"p-1": (Status.LATE, "door-1"), "p-2": (Status.EXCUSED, None)}
    assert [event.outcome for event in store.events()] == [Outcome.ALREADY_MARKED, Outcome.RECOGNIZED]
    assert [device.note for device in store.devices()] == ["main entrance"]
    assert store.device_states()[0].telemetry == {"rssi_dbm": -61}
    assert store.problems() == []
    store.close()
    fresh = tmp_path / "fresh.db"
    SqliteStore(fresh).close()
    assert version_of(path) == newest_version()
    assert sorted(tables(path)) == sorted(tables(fresh))


def test_a_database_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {newest_version() + 1}")
    before = path.read_bytes()
    with pytest.raises(StoreCorrupt, match=r"newer version of Presenza.*Update Presenza"):
        SqliteStore(path)
    assert path.read_bytes() == before


def test_a_schema_file_is_applied_as_a_whole_or_not_at_all(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SqliteStore(path).close()
    before = sorted(tables(path))
    schema = tmp_path / "schema"
    schema.mkdir()
    for file in SCHEMA.glob("*.sql"):
        (schema / file.name).write_bytes(file.read_bytes())
    (schema / "9998.sql").write_text("CREATE TABLE fine (x);")
    (schema / "9999.sql").write_text("CREATE TABLE also_fine (x);\nALTER TABLE nowhere ADD COLUMN x;")
    monkeypatch.setattr(connection, "SCHEMA", schema)
    with pytest.raises(Unavailable, match="nowhere"):
        SqliteStore(path)
    monkeypatch.undo()
    assert sorted(tables(path)) == before
    SqliteStore(path).close()


def test_many_who_open_a_new_database_at_once_all_succeed(path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        stores = list(threads.map(lambda _: SqliteStore(path), range(8)))
    for number, store in enumerate(stores):
        store.add_person(a_person(f"p-{number}"))
    assert len(stores[0].people()) == 8
    for store in stores:
        store.close()


# -- strangers and damage ---------------------------------------------------
def test_a_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE bookmarks (url)")
    before = path.read_bytes()
    with pytest.raises(StoreCorrupt, match=r"not one of Presenza.*PRESENZA_DATA_DIR"):
        SqliteStore(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "rubbish", [b"not a database at all, but long enough" * 10, b"SQLite format 3\x00" + b"\xff" * 4096]
)
def test_a_file_that_is_no_database_is_refused_with_what_to_do(path: Path, rubbish: bytes) -> None:
    path.write_bytes(rubbish)
    with pytest.raises(StoreCorrupt, match=r"damaged.*restore a backup"):
        SqliteStore(path)
    assert path.read_bytes() == rubbish


def test_an_empty_file_becomes_a_database(path: Path) -> None:
    path.touch()
    store = SqliteStore(path)
    assert store.people() == []
    store.close()


def grown(path: Path) -> None:
    store = SqliteStore(path)
    for number in range(60):
        store.add_person(a_person(f"p-{number}", name="x" * 500))
    store.close()


def test_a_file_that_was_cut_short_is_reported_as_damaged(path: Path) -> None:
    grown(path)
    path.write_bytes(path.read_bytes()[: 12 * 4096])
    with pytest.raises(StoreCorrupt, match="damaged"):
        SqliteStore(path).people()


def test_pages_full_of_rubbish_are_reported_as_damaged(path: Path) -> None:
    grown(path)
    raw = bytearray(path.read_bytes())
    raw[4096 * 2 :] = b"\xa5" * (len(raw) - 4096 * 2)
    path.write_bytes(raw)
    with pytest.raises(StoreCorrupt, match="damaged"):
        SqliteStore(path).people()


def test_the_check_finds_damage_that_no_query_met(path: Path) -> None:
    grown(path)
    with closing(sqlite3.connect(path)) as db:
        page = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'event_received'").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\x00" * 4096)
    store = SqliteStore(path)
    assert len(store.people()) == 60
    assert store.problems() != []
    store.close()


@pytest.mark.parametrize(
    "vandalism",
    [
        "UPDATE template SET vector = x'0102'",
        "UPDATE attendance SET status = 'nonsense'",
        "UPDATE event SET outcome = 'nonsense'",
        "UPDATE photo SET quality = '{'",
        "UPDATE photo SET quality = '{}'",
        "UPDATE photo SET quality = '7'",
        "UPDATE person SET name = CAST(x'ff' AS TEXT)",
    ],
)
def test_rows_that_make_no_sense_are_reported_and_crash_nothing(path: Path, vandalism: str) -> None:
    store = SqliteStore(path)
    store.add_person(a_person())
    store.add_photo(a_photo(), [a_template()])
    see(store, a_frame(), a_face())
    with closing(sqlite3.connect(path)) as db:
        db.execute(vandalism)
        db.commit()
    with pytest.raises(StoreCorrupt):
        read_everything(store)
    store.close()


def read_everything(store: SqliteStore) -> None:
    store.people()
    store.photos("p-1")
    store.templates(ENGINE)
    store.events()
    store.attendance(DAY, DAY)


def test_a_folder_in_the_place_of_the_file_is_reported(path: Path) -> None:
    path.mkdir()
    with pytest.raises(Unavailable, match="can't be used"):
        SqliteStore(path)


def fill_up(store: SqliteStore) -> int:
    """Record frames until the disk is full; how many there was room for."""
    for frames in itertools.count():
        try:
            see(store, a_frame(frames, received_ms=NINE_MS + frames), a_face())
        except Unavailable:
            break
    return frames


def test_a_full_disk_is_reported_and_leaves_nothing_half_written(path: Path) -> None:
    store = SqliteStore(path)
    store.add_person(a_person())
    with store._db.read() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
    frames = fill_up(store)
    with pytest.raises(Unavailable, match="is full"):
        see(store, a_frame(frames, received_ms=NINE_MS + frames), a_face())
    assert len(store.events(limit=1000)) == frames
    assert store.event_of(a_frame(frames).key) is None
    with store._db.read() as db:
        db.execute("PRAGMA max_page_count = 1000000")
    assert not see(store, a_frame(frames, received_ms=NINE_MS + frames), a_face()).repeated
    store.close()


def test_who_waits_too_long_for_another_process_is_told_so(path: Path) -> None:
    SqliteStore(path).close()
    store = SqliteStore(path, busy_s=0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy, match="Another process"):
            store.add_person(a_person())
        assert store.people() == []  # reading goes on
        other.execute("ROLLBACK")
    store.add_person(a_person())
    store.close()


def test_a_closed_store_says_so(path: Path) -> None:
    store = SqliteStore(path)
    store.close()
    store.close()
    with pytest.raises(Unavailable, match="closed"):
        store.people()


# -- settings ---------------------------------------------------------------
def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    settings = load({}, data_dir=tmp_path / "data")
    store = open_store(settings)
    store.add_person(a_person())
    files = [file for file in settings.data_dir.rglob("*") if file.is_file()]
    database, key = ["presenza.db", "presenza.db-wal", "presenza.db-shm"], ["site-key.json", "site-key.json.lock"]
    assert {file.name for file in files} == {*database, *key}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    folders = (settings.data_dir, settings.secrets_dir)
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    store.close()


def test_pictures_lie_beside_the_database(tmp_path: Path) -> None:
    settings = load({}, data_dir=tmp_path / "data")
    open_pictures(settings).put("last/door-1.jpg", b"x")
    assert (settings.pictures_dir / "last" / "door-1.jpg").is_file()


def test_the_file_is_written_for_durability(path: Path) -> None:
    with Connection(path).read() as db:
        found = {
            name: db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}
