"""Events and their faces in SQLite."""

import sqlite3
from collections.abc import Iterable, Sequence

from hub.model import Attendance, Event, FaceResult, FrameKey
from hub.store import Removed, rows
from hub.store.connection import Connection
from hub.store.merge import nameless

INSERT_EVENT = """
    INSERT INTO event VALUES (
        :event_id, :device, :boot_id, :frame_id, :motion_id, :captured_ms, :received_ms, :outcome, :reason,
        :width, :height, :picture
    ) ON CONFLICT (device, boot_id, frame_id) DO NOTHING"""
INSERT_FACE = """
    INSERT INTO face VALUES (
        :event_id, :place, :box_top, :box_right, :box_bottom, :box_left, :outcome, :reason, :person_id,
        :distance, :margin
    )"""
UPDATE_FACE = """
    UPDATE face SET outcome = :outcome, reason = :reason, person_id = :person_id, distance = :distance,
        margin = :margin WHERE event_id = :event_id AND place = :place"""
UPDATE_OUTCOME = "UPDATE event SET outcome = ?, reason = ? WHERE event_id = ?"
FILTERS = {  # only those that are asked for, so that each finds its index
    "before_id": "event_id < :before_id",
    "device": "device = :device",
    "person_id": "event_id IN (SELECT event_id FROM face WHERE person_id = :person_id)",
}


class EventTables:
    _db: Connection

    def event_of(self, key: FrameKey) -> Event | None:
        with self._db.read() as db:
            return load_event(db, key)

    def events(
        self, *, before_id: str | None = None, device: str | None = None, person_id: str | None = None, limit: int = 50
    ) -> list[Event]:
        values = {"before_id": before_id, "device": device, "person_id": person_id}
        where = " AND ".join(["TRUE", *(FILTERS[name] for name, value in values.items() if value is not None)])
        newest = f"SELECT * FROM event WHERE {where} ORDER BY event_id DESC LIMIT :limit"  # noqa: S608 - fixed parts
        with self._db.read() as db:
            return load_faces(db, db.execute(newest, {**values, "limit": limit}).fetchall())

    def pictures_in_use(self, prefix: str) -> set[str]:
        # "0" follows "/" in ASCII: a range that an index serves, where LIKE would not.
        ends = (prefix, prefix[:-1] + "0" if prefix else "\x7f")
        with self._db.read() as db:
            found = db.execute(
                "SELECT picture FROM event WHERE picture >= ?1 AND picture < ?2 "
                "UNION SELECT key FROM photo WHERE key >= ?1 AND key < ?2",
                ends,
            )
            return {row[0] for row in found}

    def purge_events(self, before_ms: int) -> Removed:
        with self._db.write() as db:
            keys = _pictures_before(db, before_ms)
            db.execute(
                "DELETE FROM face WHERE event_id IN (SELECT event_id FROM event WHERE received_ms < ?)", (before_ms,)
            )
            count = db.execute("DELETE FROM event WHERE received_ms < ?", (before_ms,)).rowcount
        return Removed(count, keys)

    def purge_pictures(self, before_ms: int) -> Removed:
        with self._db.write() as db:
            keys = _pictures_before(db, before_ms)
            db.execute("UPDATE event SET picture = NULL WHERE received_ms < ? AND picture IS NOT NULL", (before_ms,))
        return Removed(len(keys), keys)


def insert_event(db: sqlite3.Connection, event: Event) -> bool:
    """Insert an event, without faces, unless its frame has one; whether it was inserted."""
    return bool(db.execute(INSERT_EVENT, rows.event_values(event)).rowcount)


def insert_faces(db: sqlite3.Connection, event: Event) -> None:
    """Insert an event's faces, and set its outcome to what they made of it."""
    db.executemany(INSERT_FACE, [rows.face_values(event.event_id, *face) for face in enumerate(event.faces)])
    values = rows.event_values(event)
    db.execute(UPDATE_OUTCOME, (values["outcome"], values["reason"], event.event_id))


def load_event(db: sqlite3.Connection, key: FrameKey) -> Event | None:
    found = db.execute(
        "SELECT * FROM event WHERE device = ? AND boot_id = ? AND frame_id = ?", (key.device, key.boot_id, key.frame_id)
    ).fetchall()
    return next(iter(load_faces(db, found)), None)


def load_faces(db: sqlite3.Connection, found: Iterable[sqlite3.Row]) -> list[Event]:
    return [rows.event(row, _faces(db, row["event_id"])) for row in found]


def people_of(db: sqlite3.Connection, event: Event, marks: Sequence[Attendance]) -> set[str]:
    """Those of an event's people who (still) exist."""
    named = {face.person_id for face in event.faces if face.person_id} | {mark.person_id for mark in marks}
    return {
        person_id
        for person_id in named
        if db.execute("SELECT 1 FROM person WHERE person_id = ?", (person_id,)).fetchone()
    }


def strip_person(db: sqlite3.Connection, person_id: str) -> int:
    """Take a person, and the pictures that show them, out of all events; the number of events changed."""
    found = db.execute(
        "SELECT * FROM event WHERE event_id IN (SELECT event_id FROM face WHERE person_id = ?)", (person_id,)
    ).fetchall()
    for event in load_faces(db, found):
        others = {face.person_id for face in event.faces if face.person_id} - {person_id}
        stripped = nameless(event, others)
        db.executemany(UPDATE_FACE, [rows.face_values(event.event_id, *face) for face in enumerate(stripped.faces)])
        values = rows.event_values(stripped)
        db.execute(UPDATE_OUTCOME, (values["outcome"], values["reason"], event.event_id))
        db.execute("UPDATE event SET picture = NULL WHERE event_id = ?", (event.event_id,))
    return len(found)


def _faces(db: sqlite3.Connection, event_id: str) -> tuple[FaceResult, ...]:
    found = db.execute("SELECT * FROM face WHERE event_id = ? ORDER BY place", (event_id,))
    return tuple(rows.face(row) for row in found)


def _pictures_before(db: sqlite3.Connection, before_ms: int) -> tuple[str, ...]:
    found = db.execute(
        "SELECT picture FROM event WHERE received_ms < ? AND picture IS NOT NULL ORDER BY event_id", (before_ms,)
    )
    return tuple(row[0] for row in found)
