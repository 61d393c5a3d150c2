"""Writing attendance and reading a day, against bare sqlite3 and bare google-cloud-firestore in the same run.

The floor of a write is one insert of one row and its commit, as durable as ours (WAL, synchronous=FULL).
A recorded frame is three rows with three indexes more, so it is shown against those rows in bare SQL too.
With Firestore (its emulator) a write is the same commit with the outbox's rows in it, and what waits is sent by and by;
see store_cloud.py.
"""

import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from hub.attendance import DAY_MS, Rules, mark
from hub.cli.output import json_option
from hub.metrics import percentiles
from hub.model import Attendance, Box, Consent, Event, FaceResult, Frame, Outcome, Person
from hub.store import rows
from hub.store.connection import Connection
from hub.store.sqlite import SqliteStore
from hub.store.sqlite_attendance import INSERT as INSERT_ATTENDANCE
from hub.store.sqlite_people import INSERT_PERSON
from tests.benchmarks import store_cloud
from tests.benchmarks.measure import interleaved, report
from tests.firestore_emulator import JAR, MISSING

RULES = Rules(ZoneInfo("UTC"))
NINE_MS = 1_795_424_400_000  # 2026-11-23 09:00 UTC
DAY = "2026-11-23"
DAYS = 5  # of attendance in the file that is read
COLUMNS = {
    "what": "What",
    "people": "people",
    "per_s": "per s",
    "p50": "p50 ms",
    "p99": "p99 ms",
    "over_baseline": "× baseline",
}


@click.command()
@click.option("--writes", default=1000, show_default=True, type=click.IntRange(50), help="Writes of each kind.")
@click.option("--people", "sizes", multiple=True, type=click.IntRange(1), help="Size of the site that is read.")
@click.option("--rounds", default=15, show_default=True, type=click.IntRange(3), help="Reads of each kind.")
@click.option("--cloud/--no-cloud", default=True, help="Also with Firestore's emulator, where it is installed.")
@json_option
def command(writes: int, sizes: tuple[int, ...], rounds: int, cloud: bool, as_json: bool) -> None:
    """Attendance writes a second, and the time to read a day at 100, 1,000 and 10,000 people."""
    sizes = sizes or (100, 1_000, 10_000)
    with tempfile.TemporaryDirectory() as folder:
        measured = _writing(Path(folder), writes)
        for people in sizes:
            measured += _reading(Path(folder), people, rounds)
        if cloud and JAR.is_file():
            measured += _on_firestore(Path(folder), writes, sizes, rounds)
    report("store", measured, COLUMNS, as_json=as_json)
    if cloud and not JAR.is_file():
        click.echo(MISSING, err=True)


def _on_firestore(folder: Path, writes: int, sizes: tuple[int, ...], rounds: int) -> list[dict[str, Any]]:
    with store_cloud.emulator(folder) as new_project:
        project = new_project()
        with closing(SqliteStore(folder / "plain.db")) as plain, closing(SqliteStore(folder / "sent.db")) as store:
            store.outbox.switch_on(f"{project.firebase_project}/{project.space}")
            for number in range(writes):
                plain.add_person(_person(number))
                store.add_person(_person(number))
            measured = store_cloud.writing(store, plain, project, [_seen(each, NINE_MS) for each in range(writes)])
        for people in sizes:
            with closing(SqliteStore(folder / f"{people}.db")) as store:
                measured += store_cloud.reading(store, new_project(), DAY, rounds)
    return measured


# -- writing ----------------------------------------------------------------
def _writing(folder: Path, writes: int) -> list[dict[str, Any]]:
    """Each kind's writes, one at a time and by turns, so that a busy moment of the disk hits all."""
    store = SqliteStore(folder / "written.db")
    for number in range(writes):
        store.add_person(_person(number))
    frames = [_seen(number, NINE_MS) for number in range(writes)]
    with closing(_bare(folder / "one.db")) as one, closing(_bare(folder / "three.db")) as three:
        kinds: dict[str, Callable[[int], object]] = {
            "bare insert and commit": lambda number: _insert_one(one, frames[number]),
            "bare inserts of the same rows": lambda number: _insert_three(three, frames[number]),
            "record, a first sighting": lambda number: store.record(*frames[number]),
            "record, a later sighting": lambda number: store.record(*_seen(number, NINE_MS + 1)),
        }
        times: dict[str, list[float]] = {kind: [] for kind in kinds}
        for number in range(writes):
            for kind, write in kinds.items():
                start = time.perf_counter()
                write(number)
                times[kind].append((time.perf_counter() - start) * 1e3)
    assert len(store.attendance(DAY, DAY)) == writes
    store.close()
    baseline = percentiles(times["bare insert and commit"])["p50"]
    return [_row(kind, spent, baseline) for kind, spent in times.items()]


def _row(kind: str, times: list[float], baseline: float) -> dict[str, Any]:
    found = percentiles(times)
    return {"what": kind, **found, "per_s": len(times) / sum(times) * 1e3, "over_baseline": found["p50"] / baseline}


def _person(number: int) -> Person:
    return Person(f"p-{number}", f"Person {number}", str(number), "1A", Consent("yes", "me", 1, "1"), 1)


def _seen(number: int, at_ms: int) -> tuple[Event, list[Attendance]]:
    frame = Frame(f"door-{at_ms}", 7, number, 1, 0, at_ms, b"")
    event_id = f"{at_ms}-{number:08}"
    face = FaceResult(Box(10, 90, 90, 10), Outcome.RECOGNIZED, None, f"p-{number}", 0.3, 0.2)
    event = Event(event_id, frame.key, 1, 0, at_ms, Outcome.RECOGNIZED, None, (face,), 640, 480, f"r/{event_id}.jpg")
    return event, [mark(face, frame, event_id, RULES)]


def _bare(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute(
        "CREATE TABLE attendance (day, person_id, status, first, last, device, event, PRIMARY KEY (day, person_id))"
    )
    db.execute("CREATE TABLE event (id PRIMARY KEY, device, boot, frame, motion, captured, received, outcome, picture)")
    db.execute("CREATE TABLE face (event, place, top, right, bottom, left, outcome, person, distance, margin)")
    return db


def _insert_one(db: sqlite3.Connection, seen: tuple[Event, list[Attendance]]) -> None:
    day = seen[1][0]
    db.execute(
        "INSERT INTO attendance VALUES (?, ?, ?, ?, ?, ?, ?)",
        (day.day, day.person_id, "present", day.first_seen_ms, day.last_seen_ms, day.device, day.event_id),
    )


def _insert_three(db: sqlite3.Connection, seen: tuple[Event, list[Attendance]]) -> None:
    event, face = seen[0], seen[0].faces[0]
    db.execute("BEGIN IMMEDIATE")
    db.execute(
        "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (event.event_id, event.key.device, 7, event.key.frame_id, 1, 0, event.received_ms, "recognized", event.picture),
    )
    db.execute(
        "INSERT INTO face VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?)",
        (event.event_id, *face.box.as_list(), "recognized", face.person_id, face.distance, face.margin),
    )
    _insert_one(db, seen)
    db.execute("COMMIT")


# -- reading ----------------------------------------------------------------
def _reading(folder: Path, people: int, rounds: int) -> list[dict[str, Any]]:
    path = folder / f"{people}.db"
    store = _filled(path, people)
    with closing(sqlite3.connect(path)) as bare:
        variants: dict[str, Callable[[], object]] = {
            "bare select of a day": lambda: bare.execute("SELECT * FROM attendance WHERE day = ?", (DAY,)).fetchall(),
            "a day's attendance": lambda: store.attendance(DAY, DAY),
            "everybody": store.people,
            "counts of a day": lambda: store.day_counts(DAY, DAY),
            "people's revision": store.people_revision,
        }
        assert len(store.attendance(DAY, DAY)) == people
        times = interleaved(variants, rounds)
    store.close()
    baseline = times["bare select of a day"]
    return [{"what": what, "people": people, "p50": ms, "over_baseline": ms / baseline} for what, ms in times.items()]


def _filled(path: Path, people: int) -> SqliteStore:
    """A site after some days, written in one transaction: one for each row would take minutes."""
    SqliteStore(path).close()
    connection = Connection(path)
    with connection.write() as db:
        db.executemany(INSERT_PERSON, [rows.person_values(_person(number)) for number in range(people)])
        for day in range(DAYS):
            marks = [_seen(number, NINE_MS - day * DAY_MS)[1][0] for number in range(people)]
            db.executemany(INSERT_ATTENDANCE, [rows.attendance_values(seen) for seen in marks])
    connection.close()
    return SqliteStore(path)
