"""Events and their faces in SQLite."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from hub.errors import NotFound
from hub.model import Attendance, Event, FaceResult, FrameKey, Outcome
from hub.store import PURGE_LIMIT, Removed, rows
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
        :distance, :margin, :score
    )"""
UPDATE_FACE = """
    UPDATE face SET outcome = :outcome, reason = :reason, person_id = :person_id, distance = :distance,
        margin = :margin, score = :score WHERE event_id = :event_id AND place = :place"""
UPDATE_OUTCOME = "UPDATE event SET outcome = ?, reason = ? WHERE event_id = ?"
FILTERS = {  # only those that are asked for, so that each finds its index
    "before_id": "event_id < :before_id",
    "device": "device = :device",
    "outcome": "outcome = :outcome",
    "from_ms": "received_ms >= :from_ms",
    "until_ms": "received_ms < :until_ms",
    "person_id": "event_id IN (SELECT event_id FROM face WHERE person_id = :person_id)",
}
# From each name to the next by the index, instead of over all events.
NEWEST_OF_EACH_DEVICE = """
    WITH RECURSIVE name (device) AS (
        SELECT min(device) FROM event UNION ALL
        SELECT (SELECT min(device) FROM event WHERE device > name.device) FROM name WHERE name.device IS NOT NULL
    )
    SELECT * FROM event WHERE event_id IN (
        SELECT (SELECT max(event_id) FROM event WHERE device = name.device) FROM name
    ) ORDER BY device"""


class EventTables:
    _db: Connection

    def event_of(self, key: FrameKey) -> Event | None:
        with self._db.read() as db:
            return load_event(db, key)

    def event(self, event_id: str) -> Event:
        with self._db.read() as db:
            found = db.execute("SELECT * FROM event WHERE event_id = ?", (event_id,)).fetchall()
            if not found:
                raise NotFound("There is no such event.")
            return load_faces(db, found)[0]

    def events(
        self,
        *,
        before_id: str | None = None,
        device: str | None = None,
        person_id: str | None = None,
        outcome: Outcome | None = None,
        from_ms: int | None = None,
        until_ms: int | None = None,
        limit: int = 50,
    ) -> list[Event]:
        values = {
            "before_id": before_id,
            "device": device,
            "person_id": person_id,
            "outcome": outcome,
            "from_ms": from_ms,
            "until_ms": until_ms,
        }
        where = " AND ".join(["TRUE", *(FILTERS[name] for name, value in values.items() if value is not None)])
        newest = f"SELECT * FROM event WHERE {where} ORDER BY event_id DESC LIMIT :limit"  # noqa: S608 - fixed parts
        with self._db.read() as db:
            return load_faces(db, db.execute(newest, {**values, "limit": max(0, limit)}).fetchall())

    def newest_events(self) -> dict[str, Event]:
        with self._db.read() as db:
            found = load_faces(db, db.execute(NEWEST_OF_EACH_DEVICE).fetchall())
        return {event.key.device: event for event in found}

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

    def purge_events(self, before_ms: int, *, limit: int = PURGE_LIMIT) -> Removed:
        with self._db.write() as db:
            old = db.execute(
                "SELECT event_id, picture FROM event WHERE received_ms < ? ORDER BY received_ms, event_id LIMIT ?",
                (before_ms, limit),
            ).fetchall()
            for delete in (
                "DELETE FROM negative WHERE event_id = ?",
                "DELETE FROM face WHERE event_id = ?",
                "DELETE FROM event WHERE event_id = ?",
            ):
                db.executemany(delete, [(row["event_id"],) for row in old])
        return Removed(len(old), tuple(row["picture"] for row in old if row["picture"]))

    def purge_pictures(self, before_ms: int, *, limit: int = PURGE_LIMIT) -> Removed:
        with self._db.write() as db:
            old = db.execute(
                "SELECT event_id, picture FROM event WHERE received_ms < ? AND picture IS NOT NULL "
                "ORDER BY received_ms, event_id LIMIT ?",
                (before_ms, limit),
            ).fetchall()
            db.executemany("UPDATE event SET picture = NULL WHERE event_id = ?", [(row["event_id"],) for row in old])
        return Removed(len(old), tuple(row["picture"] for row in old))


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


def load_places(db: sqlite3.Connection, places: Sequence[tuple[str, int]]) -> Iterator[tuple[Event, int]]:
    """The events of faces, each with the face's place; an event with several faces is read once."""
    known: dict[str, Event] = {}
    for event_id, place in places:
        if event_id not in known:
            known[event_id] = load_faces(db, db.execute("SELECT * FROM event WHERE event_id = ?", (event_id,)))[0]
        yield known[event_id], place


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
    # A correction of another's name holds this person's encoding, once the face was named.
    db.execute(
        "DELETE FROM negative WHERE (event_id, place) IN (SELECT event_id, place FROM face WHERE person_id = ?)",
        (person_id,),
    )
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
