"""People, their photos and templates in SQLite."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from hub.errors import Conflict, NotFound
from hub.model import Person, Photo, Template
from hub.sealing import Keyring
from hub.store import Removed, rows
from hub.store.connection import Connection
from hub.store.merge import by_name
from hub.store.sqlite_events import strip_person

INSERT_PERSON = """
    INSERT INTO person VALUES (
        :person_id, :name, :number, :group_name, :consent_text, :consent_by, :consent_at_ms, :consent_version,
        :created_ms
    )"""
UPDATE_PERSON = """
    UPDATE person SET name = :name, number = :number, group_name = :group_name, consent_text = :consent_text,
        consent_by = :consent_by, consent_at_ms = :consent_at_ms, consent_version = :consent_version,
        created_ms = :created_ms
    WHERE person_id = :person_id"""
# The tables that point to others first: cascades would not be counted. The person is the last.
DELETE_PERSON = (
    "DELETE FROM template WHERE photo_id IN (SELECT photo_id FROM photo WHERE person_id = ?)",
    "DELETE FROM photo WHERE person_id = ?",
    "DELETE FROM attendance WHERE person_id = ?",
    "DELETE FROM correction WHERE person_id = ?",
    "DELETE FROM negative WHERE person_id = ?",
    "DELETE FROM person WHERE person_id = ?",
)
SCRUB_DUE = "INSERT INTO scrub_due VALUES (unixepoch() * 1000)"


class PeopleTables:
    _db: Connection
    _keys: Keyring

    def add_person(self, person: Person) -> None:
        with self._db.write() as db:
            # Inside the transaction nothing can come between; the index then only refuses numbers.
            if db.execute("SELECT 1 FROM person WHERE person_id = ?", (person.person_id,)).fetchone():
                raise Conflict("This person exists already.")
            _put(db, INSERT_PERSON, person)

    def update_person(self, person: Person) -> None:
        with self._db.write() as db:
            if not _put(db, UPDATE_PERSON, person):
                raise NotFound("There is no such person.")

    def person(self, person_id: str) -> Person:
        with self._db.read() as db:
            row = db.execute("SELECT * FROM person WHERE person_id = ?", (person_id,)).fetchone()
        if row is None:
            raise NotFound("There is no such person.")
        return rows.person(row)

    def people(self, *, group: str | None = None) -> list[Person]:
        with self._db.read() as db:
            found = db.execute("SELECT * FROM person WHERE ?1 IS NULL OR group_name = ?1", (group,)).fetchall()
        return sorted(map(rows.person, found), key=by_name)

    def groups(self) -> dict[str, int]:
        with self._db.read() as db:
            found = db.execute("SELECT group_name, count(*) FROM person GROUP BY group_name").fetchall()
        return dict(sorted((row[0], row[1]) for row in found))

    def regroup(self, old: str, new: str) -> int:
        with self._db.write() as db:
            # At the doors too; a door may have served both.
            db.execute("UPDATE OR REPLACE device_group SET group_name = ? WHERE group_name = ?", (new, old))
            return db.execute("UPDATE person SET group_name = ? WHERE group_name = ?", (new, old)).rowcount

    def remove_person(self, person_id: str) -> Removed:
        with self._db.write() as db:
            removed = delete_person(db, person_id)
            if not removed.rows:
                raise NotFound("There is no such person.")
        self._db.scrub()
        return removed

    def pictures_of(self, person_id: str) -> tuple[str, ...]:
        with self._db.read() as db:
            return _pictures_of(db, person_id)

    def add_photo(self, photo: Photo, templates: Sequence[Template]) -> None:
        with self._db.write() as db:
            if db.execute("SELECT 1 FROM person WHERE person_id = ?", (photo.person_id,)).fetchone() is None:
                raise NotFound("There is no such person.")
            try:
                db.execute(
                    "INSERT INTO photo VALUES (:photo_id, :person_id, :key, :quality, :created_ms)",
                    rows.photo_values(photo),
                )
            except sqlite3.IntegrityError:
                raise Conflict("This photo exists already.") from None
            db.executemany(
                "INSERT INTO template VALUES (?, ?, ?, ?)",
                [
                    rows.template_values(self._keys, template, place)
                    for template, place in rows.placed(replace(each, photo_id=photo.photo_id) for each in templates)
                ],
            )

    def photos(self, person_id: str) -> list[Photo]:
        with self._db.read() as db:
            found = db.execute("SELECT * FROM photo WHERE person_id = ? ORDER BY created_ms, photo_id", (person_id,))
            return [rows.photo(row) for row in found]

    def remove_photo(self, photo_id: str) -> Removed:
        with self._db.write() as db:
            db.execute(SCRUB_DUE)
            count = db.execute("DELETE FROM template WHERE photo_id = ?", (photo_id,)).rowcount
            gone = db.execute("DELETE FROM photo WHERE photo_id = ? RETURNING key", (photo_id,)).fetchall()
            if not gone:
                raise NotFound("There is no such photo.")
        self._db.scrub()
        return Removed(count + 1, (gone[0]["key"],))

    def templates(self, engine: str) -> list[Template]:
        with self._db.read() as db:
            found = db.execute(
                """SELECT person_id, photo_id, engine, place, vector FROM template JOIN photo USING (photo_id)
                WHERE engine = ? ORDER BY person_id, photo_id, place""",
                (engine,),
            )
            return [rows.template(row, self._keys) for row in found]

    def people_revision(self) -> int:
        with self._db.read() as db:
            return int(db.execute("SELECT revision FROM people_revision").fetchone()[0])


def delete_person(db: sqlite3.Connection, person_id: str) -> Removed:
    """Delete a person everywhere, if they are there; the file is to be scrubbed then."""
    if db.execute("SELECT 1 FROM person WHERE person_id = ?", (person_id,)).fetchone() is None:
        return Removed(0, ())
    db.execute(SCRUB_DUE)
    keys = _pictures_of(db, person_id)
    count = strip_person(db, person_id)
    for delete in DELETE_PERSON:
        count += db.execute(delete, (person_id,)).rowcount
    return Removed(count, keys)


def _pictures_of(db: sqlite3.Connection, person_id: str) -> tuple[str, ...]:
    found = db.execute(
        """SELECT key FROM photo WHERE person_id = ?1 UNION
        SELECT picture FROM event JOIN face USING (event_id) WHERE person_id = ?1 AND picture IS NOT NULL""",
        (person_id,),
    )
    return tuple(sorted(row[0] for row in found))


def _put(db: sqlite3.Connection, statement: str, person: Person) -> int:
    try:
        return db.execute(statement, rows.person_values(person)).rowcount
    except sqlite3.IntegrityError:
        raise Conflict("Another person has this number.") from None
