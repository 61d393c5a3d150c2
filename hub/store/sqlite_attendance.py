"""Attendance and corrections in SQLite."""

import sqlite3
from collections.abc import Sequence

from hub.attendance import widen
from hub.errors import NotFound
from hub.model import Attendance, Correction, Event, Marked, Status
from hub.store import Recorded, rows
from hub.store.connection import Connection
from hub.store.merge import by_hand, in_force, in_order, nameless
from hub.store.sqlite_events import insert_event, insert_faces, load_event, people_of

INSERT = """
    INSERT INTO attendance VALUES (
        :day, :person_id, :status, :first_seen_ms, :last_seen_ms, :device, :event_id, :clock, :distance
    ) ON CONFLICT (day, person_id) DO NOTHING"""
UPDATE = """
    UPDATE attendance SET status = :status, first_seen_ms = :first_seen_ms, last_seen_ms = :last_seen_ms,
        device = :device, event_id = :event_id, clock = :clock, distance = :distance
    WHERE day = :day AND person_id = :person_id"""
SEEN = """
    SELECT * FROM attendance WHERE day BETWEEN :first AND :last AND (:person_id IS NULL OR person_id = :person_id)
        AND (:group IS NULL OR person_id IN (SELECT person_id FROM person WHERE group_name = :group))"""
# SQLite takes the other columns from the row that has the maximum.
CORRECTED = """
    SELECT *, max(seq) FROM correction WHERE day BETWEEN :first AND :last
        AND (:person_id IS NULL OR person_id = :person_id)
        AND (:group IS NULL OR person_id IN (SELECT person_id FROM person WHERE group_name = :group))
    GROUP BY day, person_id"""
# Every seen day counts; where a correction is in force its status takes the seen one's place.
COUNTS = f"""
    WITH newest AS ({CORRECTED}), seen AS ({SEEN})
    SELECT day, status, sum(weight) AS people FROM (
        SELECT day, status, 1 AS weight FROM seen UNION ALL
        SELECT day, status, 1 FROM newest UNION ALL
        SELECT day, seen.status, -1 FROM newest JOIN seen USING (day, person_id)
    ) GROUP BY day, status HAVING people > 0 ORDER BY day, status"""  # noqa: S608 - the two queries above


class AttendanceTables:
    _db: Connection

    def record(self, event: Event, marks: Sequence[Attendance]) -> Recorded:
        with self._db.write() as db:
            if not insert_event(db, event):
                before = load_event(db, event.key)
                assert before is not None
                return Recorded(before, {}, repeated=True)
            known = people_of(db, event, marks)
            marked: dict[str, Marked] = {}
            for seen in marks:
                if seen.person_id in known:
                    created = _mark(db, seen) or (seen.person_id in marked and marked[seen.person_id].created)
                    marked[seen.person_id] = Marked(_day(db, seen.person_id, seen.day), created)
            settled = nameless(event, known).settled(marked)
            insert_faces(db, settled)
        return Recorded(settled, marked)

    def attendance(
        self, first_day: str, last_day: str, *, person_id: str | None = None, group: str | None = None
    ) -> list[Attendance]:
        with self._db.read() as db:
            return _days(db, first_day, last_day, person_id, group)

    def day_counts(self, first_day: str, last_day: str, *, group: str | None = None) -> dict[str, dict[Status, int]]:
        where = {"first": first_day, "last": last_day, "person_id": None, "group": group}
        counts: dict[str, dict[Status, int]] = {}
        with self._db.read() as db:
            for row in db.execute(COUNTS, where):
                counts.setdefault(row["day"], {})[Status(row["status"])] = row["people"]
        return counts

    def correct(self, correction: Correction) -> Attendance:
        with self._db.write() as db:
            if db.execute("SELECT 1 FROM person WHERE person_id = ?", (correction.person_id,)).fetchone() is None:
                raise NotFound("There is no such person.")
            db.execute(
                """INSERT INTO correction (correction_id, person_id, day, status, reason, corrected_by, at_ms)
                VALUES (:correction_id, :person_id, :day, :status, :reason, :corrected_by, :at_ms)""",
                rows.correction_values(correction),
            )
            return _day(db, correction.person_id, correction.day)

    def corrections(self, person_id: str, day: str) -> list[Correction]:
        with self._db.read() as db:
            found = db.execute(
                "SELECT * FROM correction WHERE person_id = ? AND day = ? ORDER BY seq", (person_id, day)
            )
            return [rows.correction(row) for row in found]


def _mark(db: sqlite3.Connection, seen: Attendance) -> bool:
    """Insert an attendance, or widen the one that is there; whether it was inserted."""
    if db.execute(INSERT, rows.attendance_values(seen)).rowcount:
        return True
    row = db.execute("SELECT * FROM attendance WHERE day = ? AND person_id = ?", (seen.day, seen.person_id)).fetchone()
    existing = rows.attendance(row)
    wider = widen(existing, seen)
    if wider != existing:
        db.execute(UPDATE, rows.attendance_values(wider))
    return False


def _day(db: sqlite3.Connection, person_id: str, day: str) -> Attendance:
    return _days(db, day, day, person_id, None)[0]


def _days(db: sqlite3.Connection, first: str, last: str, person_id: str | None, group: str | None) -> list[Attendance]:
    where = {"first": first, "last": last, "person_id": person_id, "group": group}
    days = {(row["day"], row["person_id"]): rows.attendance(row) for row in db.execute(SEEN, where)}
    for row in db.execute(CORRECTED, where):
        newest = rows.correction(row)
        known = days.get((newest.day, newest.person_id))
        days[newest.day, newest.person_id] = by_hand(newest) if known is None else in_force(known, newest)
    return in_order(days.values())
