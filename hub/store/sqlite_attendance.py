"""Attendance and corrections in SQLite."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from hub.attendance import widen
from hub.errors import NotFound
from hub.model import Attendance, Correction, Event, Marked, Status
from hub.store import SLOT_MS, Recorded, rows
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
# A turn of its own, after all others; see hub/store/schema/0006.sql.
INSERT_CORRECTION = """
    INSERT INTO correction VALUES (
        (SELECT (coalesce(max(seq), 0) / 1024 + 1) * 1024 FROM correction),
        :correction_id, :person_id, :day, :status, :reason, :corrected_by, :at_ms
    )"""
# Only the conditions that are asked for, so that each query finds its index.
FILTERS = {
    "person_id": "person_id = :person_id",
    "group": "person_id IN (SELECT person_id FROM person WHERE group_name = :group)",
}
SEEN = "SELECT * FROM attendance WHERE day BETWEEN :first AND :last"
CORRECTED = "SELECT * FROM correction WHERE day BETWEEN :first AND :last"
# Every seen day counts; where a correction is in force its status takes the seen one's place. SQLite
# takes the status of a correction from the row that has the maximum.
COUNTS = """
    WITH seen AS ({SEEN}),
    newest AS (SELECT day, person_id, status, max(seq) FROM ({CORRECTED}) GROUP BY day, person_id)
    SELECT day, status, sum(weight) AS people FROM (
        SELECT day, status, 1 AS weight FROM seen UNION ALL
        SELECT day, status, 1 FROM newest UNION ALL
        SELECT day, seen.status, -1 FROM newest JOIN seen USING (day, person_id)
    ) GROUP BY day, status HAVING people > 0 ORDER BY day, status"""

# Whom a camera saw, by five minutes. Apart from the few that were corrected, which would make it several times slower.
ARRIVALS = """
    SELECT first_seen_ms / :slot_ms AS slot, status, count(*) AS people FROM ({SEEN}) WHERE device IS NOT NULL
    GROUP BY slot, status"""
CORRECTED_ARRIVALS = """
    WITH seen AS ({SEEN}),
    newest AS (SELECT day, person_id, status, max(seq) FROM ({CORRECTED}) GROUP BY day, person_id)
    SELECT first_seen_ms / :slot_ms AS slot, seen.status AS before, newest.status AS status
    FROM newest CROSS JOIN seen USING (day, person_id) WHERE device IS NOT NULL"""


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
                    mark = _mark(db, seen)
                    twice = marked.get(seen.person_id)  # the same person in two faces of one frame
                    marked[seen.person_id] = replace(mark, created=True) if twice and twice.created else mark
            settled = nameless(event, known).settled(marked)
            insert_faces(db, settled)
        return Recorded(settled, marked)

    def attendance(
        self, first_day: str, last_day: str, *, person_id: str | None = None, group: str | None = None
    ) -> list[Attendance]:
        with self._db.read() as db:
            return _days(db, first_day, last_day, person_id, group)

    def day_counts(self, first_day: str, last_day: str, *, group: str | None = None) -> dict[str, dict[Status, int]]:
        choice, values = _choice(first_day, last_day, group=group)
        counts: dict[str, dict[Status, int]] = {}
        with self._db.read() as db:
            for row in db.execute(COUNTS.format(SEEN=SEEN + choice, CORRECTED=CORRECTED + choice), values):
                counts.setdefault(row["day"], {})[Status(row["status"])] = row["people"]
        return counts

    def arrival_counts(
        self, first_day: str, last_day: str, *, group: str | None = None
    ) -> dict[tuple[int, Status], int]:
        choice, values = _choice(first_day, last_day, group=group)
        values |= {"slot_ms": SLOT_MS}
        with self._db.read() as db:
            found = db.execute(ARRIVALS.format(SEEN=SEEN + choice), values)
            counts = Counter({(row["slot"], Status(row["status"])): row["people"] for row in found})
            corrected = CORRECTED_ARRIVALS.format(SEEN=SEEN + choice, CORRECTED=CORRECTED + choice)
            for row in db.execute(corrected, values):
                counts[row["slot"], Status(row["before"])] -= 1
                counts[row["slot"], Status(row["status"])] += 1
        return {key: people for key, people in counts.items() if people}

    def correct(self, correction: Correction) -> Attendance:
        with self._db.write() as db:
            if db.execute("SELECT 1 FROM person WHERE person_id = ?", (correction.person_id,)).fetchone() is None:
                raise NotFound("There is no such person.")
            db.execute(INSERT_CORRECTION, rows.correction_values(correction))
            return _days(db, correction.day, correction.day, correction.person_id)[0]

    def corrections(self, person_id: str, day: str) -> list[Correction]:
        with self._db.read() as db:
            return _corrections(db, person_id, day)


def _mark(db: sqlite3.Connection, seen: Attendance) -> Marked:
    """Insert an attendance, or widen the one that is there."""
    created = bool(db.execute(INSERT, rows.attendance_values(seen)).rowcount)
    if not created:
        where = (seen.day, seen.person_id)
        existing = rows.attendance(
            db.execute("SELECT * FROM attendance WHERE day = ? AND person_id = ?", where).fetchone()
        )
        seen = widen(existing, seen)
        if seen != existing:
            db.execute(UPDATE, rows.attendance_values(seen))
    corrections = _corrections(db, seen.person_id, seen.day)
    return Marked(in_force(seen, corrections[-1] if corrections else None), created)


def _corrections(db: sqlite3.Connection, person_id: str, day: str) -> list[Correction]:
    found = db.execute("SELECT * FROM correction WHERE person_id = ? AND day = ? ORDER BY seq", (person_id, day))
    return [rows.correction(row) for row in found]


def _choice(
    first: str, last: str, *, person_id: str | None = None, group: str | None = None
) -> tuple[str, dict[str, str | int]]:
    """The conditions and parameters of a query for some days."""
    filters = {name: value for name, value in (("person_id", person_id), ("group", group)) if value is not None}
    return "".join(f" AND {FILTERS[name]}" for name in filters), {"first": first, "last": last, **filters}


def _days(
    db: sqlite3.Connection, first: str, last: str, person_id: str | None = None, group: str | None = None
) -> list[Attendance]:
    choice, values = _choice(first, last, person_id=person_id, group=group)
    days = {(row["day"], row["person_id"]): rows.attendance(row) for row in db.execute(SEEN + choice, values)}
    # In order of writing, so that the last one of a day is the newest; there are few.
    newest = {(row["day"], row["person_id"]): row for row in db.execute(f"{CORRECTED}{choice} ORDER BY seq", values)}
    for key, row in newest.items():
        correction = rows.correction(row)
        days[key] = in_force(days[key], correction) if key in days else by_hand(correction)
    return in_order(days.values())
