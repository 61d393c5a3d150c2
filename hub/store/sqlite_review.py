"""What people say about unknown faces in SQLite."""

import sqlite3
from collections.abc import Collection

from hub.errors import NotFound
from hub.model import Denied, Event, FacePlace, Negative
from hub.sealing import Keyring
from hub.store import rows
from hub.store.connection import Connection
from hub.store.sqlite_events import load_places

# `FaceResult.is_open`, in the words of the index face_open.
OPEN_FACES = """
    SELECT face.event_id, face.place FROM face JOIN event USING (event_id)
    WHERE (face.outcome = 'uncertain'
            OR (face.person_id IS NULL AND face.outcome IN ('unknown', 'recognized', 'already_marked')))
        AND event.picture IS NOT NULL
        AND NOT EXISTS (
            SELECT 1 FROM ignored_face WHERE ignored_face.event_id = face.event_id AND ignored_face.place = face.place
        )
    ORDER BY face.event_id DESC, face.place LIMIT ?"""


class ReviewTables:
    _db: Connection
    _keys: Keyring

    def name_faces(self, faces: Collection[FacePlace], person_id: str | None) -> None:
        with self._db.write() as db:
            if person_id is not None and not _exists(db, person_id):
                raise NotFound("There is no such person.")
            db.executemany(
                "UPDATE face SET person_id = ? WHERE event_id = ? AND place = ?",
                [(person_id, face.event_id, face.place) for face in faces],
            )

    def ignore_faces(self, faces: Collection[FacePlace], *, ignored: bool = True) -> None:
        statement = (
            "INSERT OR IGNORE INTO ignored_face SELECT event_id, place FROM face WHERE event_id = ? AND place = ?"
            if ignored
            else "DELETE FROM ignored_face WHERE event_id = ? AND place = ?"
        )
        with self._db.write() as db:
            db.executemany(statement, [(face.event_id, face.place) for face in faces])

    def ignored_faces(self) -> set[FacePlace]:
        with self._db.read() as db:
            return {FacePlace(*row) for row in db.execute("SELECT event_id, place FROM ignored_face")}

    def deny(self, negative: Negative) -> None:
        face = (negative.event_id, negative.place)
        with self._db.write() as db:
            if not _exists(db, negative.person_id):
                raise NotFound("There is no such person.")
            if db.execute("SELECT 1 FROM face WHERE event_id = ? AND place = ?", face).fetchone() is None:
                raise NotFound("There is no such face.")
            db.execute(
                """INSERT OR REPLACE INTO negative
                VALUES (:event_id, :place, :person_id, :engine, :vector, :denied_by, :at_ms)""",
                rows.negative_values(negative, self._keys),
            )
            db.execute(
                "UPDATE face SET person_id = NULL WHERE event_id = ? AND place = ? AND person_id = ?",
                (*face, negative.person_id),
            )

    def undo_denial(self, face: FacePlace) -> str:
        place = (face.event_id, face.place)
        with self._db.write() as db:
            found = db.execute("SELECT person_id FROM negative WHERE event_id = ? AND place = ?", place).fetchone()
            if found is None:
                raise NotFound("This face was not corrected.")
            db.execute("DELETE FROM negative WHERE event_id = ? AND place = ?", place)
            db.execute(
                "UPDATE face SET person_id = ? WHERE event_id = ? AND place = ? AND person_id IS NULL",
                (found["person_id"], *place),
            )
            return str(found["person_id"])

    def negatives(self, engine: str) -> list[Negative]:
        with self._db.read() as db:
            found = db.execute("SELECT * FROM negative WHERE engine = ? ORDER BY event_id, place", (engine,))
            return [rows.negative(row, self._keys) for row in found]

    def denials(self, *, person_id: str | None = None, event_id: str | None = None) -> list[Denied]:
        wanted = {"person_id": person_id, "event_id": event_id}
        where = " AND ".join(["TRUE", *(f"{name} = :{name}" for name, value in wanted.items() if value is not None)])
        newest = f"SELECT * FROM negative WHERE {where} ORDER BY at_ms DESC, event_id, place"  # noqa: S608 - fixed parts
        with self._db.read() as db:
            return [rows.denied(row) for row in db.execute(newest, wanted)]

    def open_faces(self, *, limit: int = 50) -> list[tuple[Event, int]]:
        with self._db.read() as db:
            found = db.execute(OPEN_FACES, (max(0, limit),)).fetchall()
            return list(load_places(db, [(row["event_id"], row["place"]) for row in found]))


def _exists(db: sqlite3.Connection, person_id: str) -> bool:
    return db.execute("SELECT 1 FROM person WHERE person_id = ?", (person_id,)).fetchone() is not None
