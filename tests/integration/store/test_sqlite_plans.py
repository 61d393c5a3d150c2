"""Every query that grows with the years finds an index: no call reads a whole table of days or events."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.model import FrameKey, Outcome
from hub.store.sqlite import SqliteStore
from tests.integration.store.records import DAY, NINE_MS, a_correction, a_face, a_frame, a_person, an_event, see

GROWING = ("attendance", "event", "face", "correction", "device_history")
CALLS: dict[str, Callable[[SqliteStore], object]] = {
    "a day": lambda store: store.attendance(DAY, DAY),
    "a person's year": lambda store: store.attendance("2026-01-01", "2026-12-31", person_id="p-1"),
    "a group's day": lambda store: store.attendance(DAY, DAY, group="1A"),
    "a month's counts": lambda store: store.day_counts("2026-11-01", "2026-11-30"),
    "a group's counts": lambda store: store.day_counts("2026-11-01", "2026-11-30", group="1A"),
    "a week's arrivals": lambda store: store.arrival_counts("2026-11-16", "2026-11-23"),
    "a group's arrivals": lambda store: store.arrival_counts("2026-11-16", "2026-11-23", group="1A"),
    "a day's corrections": lambda store: store.corrections("p-1", DAY),
    "a page of events": lambda store: store.events(before_id="01E"),
    "a camera's events": lambda store: store.events(device="door-1", before_id="01Z"),
    "a person's events": lambda store: store.events(person_id="p-1"),
    "events by outcome": lambda store: store.events(outcome=Outcome.UNKNOWN),
    "a day's events": lambda store: store.events(from_ms=NINE_MS, until_ms=NINE_MS + 1),
    "open faces": lambda store: store.open_faces(),
    "a person's denials": lambda store: store.denials(person_id="p-1"),
    "an event's denials": lambda store: store.denials(event_id="01E"),
    "an event": lambda store: store.event(an_event(a_frame()).event_id),
    "a frame's event": lambda store: store.event_of(FrameKey("door-1", 7, 1)),
    "newest of each camera": lambda store: store.newest_events(),
    "a sighting": lambda store: see(store, a_frame(2), a_face()),
    "a correction": lambda store: store.correct(a_correction("c-2")),
    "a person's pictures": lambda store: store.pictures_of("p-1"),
    "a day's pictures": lambda store: store.pictures_in_use("results/2026-11-23/"),
    "a purge of events": lambda store: store.purge_events(0),
    "a purge of pictures": lambda store: store.purge_pictures(0),
    "a camera's readings": lambda store: store.readings("door-1", 0),
    "a purge of readings": lambda store: store.purge_readings(0),
    "a removal": lambda store: store.remove_person("p-1"),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "presenza.db")
    store.add_person(a_person(group="1A"))
    see(store, a_frame(), a_face(), picture="results/2026-11-23/1.jpg")
    store.correct(a_correction())
    yield store
    store.close()


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_a_call_reads_no_whole_table(store: SqliteStore, call: Callable[[SqliteStore], object]) -> None:
    statements: list[str] = []
    with store._db.read() as db:
        db.set_trace_callback(statements.append)
    call(store)
    with store._db.read() as db:
        db.set_trace_callback(None)
    plans = [line for statement in statements for line in plan(store, statement)]
    assert any("SEARCH" in line or "USING" in line for line in plans)
    assert [line for line in plans if reads_all(line)] == []


def plan(store: SqliteStore, statement: str) -> list[str]:
    if statement.split(maxsplit=1)[0] not in ("SELECT", "WITH", "UPDATE", "DELETE", "INSERT"):
        return []
    with store._db.read() as db:
        return [str(row["detail"]) for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")]


def reads_all(line: str) -> bool:
    """A scan of a growing table; by an index it is only read until the limit is reached."""
    words = line.split()
    return words[0] == "SCAN" and words[1] in GROWING and "USING" not in words
