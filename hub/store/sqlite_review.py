"""What people say about unknown faces in SQLite."""

import sqlite3
from collections.abc import Collection

from hub.errors import NotFound
from hub.model import FacePlace, Negative
from hub.sealing import Keyring
from hub.store import rows
from hub.store.connection import Connection


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


def _exists(db: sqlite3.Connection, person_id: str) -> bool:
    return db.execute("SELECT 1 FROM person WHERE person_id = ?", (person_id,)).fetchone() is not None
