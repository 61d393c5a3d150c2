"""Templates that are made anew by another engine, in SQLite."""

from collections.abc import Sequence

from hub.model import Photo, Template
from hub.sealing import Keyring
from hub.store import rows
from hub.store.connection import Connection


class TemplateTables:
    _db: Connection
    _keys: Keyring

    def templated(self) -> dict[str, int]:
        with self._db.read() as db:
            found = db.execute("SELECT engine, count(DISTINCT photo_id) FROM template GROUP BY engine")
            return {row[0]: row[1] for row in found}

    def photos_without(self, engine: str) -> list[Photo]:
        with self._db.read() as db:
            found = db.execute(
                """SELECT * FROM photo
                WHERE NOT EXISTS (SELECT 1 FROM template WHERE template.photo_id = photo.photo_id AND engine = ?)
                ORDER BY created_ms, photo_id""",
                (engine,),
            )
            return [rows.photo(row) for row in found]

    def add_templates(self, templates: Sequence[Template]) -> None:
        with self._db.write() as db:
            # Sealed inside: a key that was changed meanwhile is taken, and none is dropped before the commit.
            values = [rows.template_values(self._keys, template, place) for template, place in rows.placed(templates)]
            db.executemany(
                "DELETE FROM template WHERE photo_id = ? AND engine = ?", list({value[:2] for value in values})
            )
            db.executemany(
                "INSERT INTO template SELECT photo_id, ?2, ?3, ?4 FROM photo WHERE photo_id = ?1",
                values,
            )

    def forget_templates(self, engine: str) -> int:
        with self._db.write() as db:
            return db.execute(
                """DELETE FROM template WHERE engine <> ?1
                AND photo_id IN (SELECT photo_id FROM template WHERE engine = ?1)""",
                (engine,),
            ).rowcount
