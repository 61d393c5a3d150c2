"""Face vectors in SQLite under the site's keys: those of older versions get sealed, others get the current key."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from hub.errors import KeyMissing, SealBroken, StoreCorrupt
from hub.sealing import MAGIC, OVERHEAD, Keyring, key_id_of
from hub.store import RESEAL_LIMIT, Removed, rows
from hub.store.connection import Connection
from hub.store.sqlite_people import SCRUB_DUE

PLAIN = "length(vector) % 4 = 0"  # what is sealed is 37 bytes longer; see hub.sealing
SEALED = f"substr(vector, 1, {len(MAGIC)}) = x'{MAGIC.hex()}' AND NOT {PLAIN}"
KEY_ID = "substr(vector, 6, 4)"
HEAD = f"substr(vector, 1, {OVERHEAD})"  # enough to tell the key


SEND_PICTURE = "INSERT INTO changed SELECT 'pictures', ?, 0 WHERE (SELECT recording FROM sync)"


class _Vectors(NamedTuple):
    """A table of vectors: the columns of its key, in order."""

    table: str
    key: tuple[str, ...]

    def context(self, row: sqlite3.Row) -> str:
        if self.table == "template":
            return rows.template_context(row["photo_id"], row["engine"], row["place"])
        return rows.negative_context(row["event_id"], row["place"], row["engine"])

    def update(self) -> str:
        where = " AND ".join(f"{column} = ?" for column in self.key)
        return f"UPDATE {self.table} SET vector = ? WHERE {where}"  # noqa: S608 - our own names

    def select(self, what: str, where: str = "TRUE") -> str:
        return f"SELECT {what} FROM {self.table} WHERE {where}"  # noqa: S608 - our own names


TEMPLATES = _Vectors("template", ("photo_id", "engine", "place"))
NEGATIVES = _Vectors("negative", ("event_id", "place"))


class SealTables:
    _db: Connection
    _keys: Keyring

    def reseal(self, *, limit: int = RESEAL_LIMIT) -> int:
        with self._db.write() as db:
            current = self._keys.current_id()
            sealed = _reseal(db, self._keys, f"NOT ({SEALED} AND {KEY_ID} = x'{current}')", limit)
            if sealed:
                db.execute(SCRUB_DUE)
        return sealed

    def sealed_under(self) -> dict[str, int]:
        counts: Counter[str] = Counter()
        with self._db.read() as db:
            for vectors in (TEMPLATES, NEGATIVES):
                counts.update(key_id_of(row[0]) or "" for row in db.execute(vectors.select(HEAD)))
        return dict(sorted(counts.items()))

    def key_ids(self) -> frozenset[str]:
        """The keys that open what is sealed. Raises StoreCorrupt, Unavailable."""
        return frozenset(key.key_id for key in self._keys.all())

    def send_pictures(self, keys: Sequence[str]) -> None:
        with self._db.write() as db:
            db.executemany(SEND_PICTURE, [(key,) for key in keys])

    def forget_sealed_under(self, key_id: str) -> Removed:
        with self._db.write() as db:
            db.execute(SCRUB_DUE)
            lost = f"{SEALED} AND {KEY_ID} = x'{bytes.fromhex(key_id).hex()}'"
            photos = db.execute(
                f"SELECT photo_id, key FROM photo WHERE photo_id IN ({TEMPLATES.select('photo_id', lost)})"  # noqa: S608
            ).fetchall()
            ids = [(row["photo_id"],) for row in photos]
            db.executemany("DELETE FROM template WHERE photo_id = ?", ids)
            db.executemany("DELETE FROM photo WHERE photo_id = ?", ids)
            negatives = db.execute(f"DELETE FROM negative WHERE {lost}").rowcount  # noqa: S608
        self._db.scrub()
        return Removed(len(photos) + negatives, tuple(row["key"] for row in photos))

    def _open_seals(self) -> None:
        """At the opening: no new key beside vectors under a lost one; and nothing stays plain.

        Raises KeyMissing. What was plain is scrubbed by `tidy`, now or after a crash at the next opening.
        """
        if not self._keys.exists():
            self._refuse_new_key()
            self._keys.current_id()
        with self._db.read() as db:
            plain = any(db.execute(vectors.select("1", PLAIN)).fetchone() for vectors in (TEMPLATES, NEGATIVES))
        if plain:
            with self._db.write() as db:
                db.execute(SCRUB_DUE)
                _reseal(db, self._keys, PLAIN, -1)

    def _refuse_new_key(self) -> None:
        with self._db.read() as db:
            for vectors in (TEMPLATES, NEGATIVES):
                sealed = db.execute(vectors.select(HEAD, SEALED)).fetchone()
                if sealed is not None and (key_id := key_id_of(sealed[0])) is not None:
                    raise KeyMissing(key_lost(self._keys, key_id))


def key_lost(keys: Keyring, key_id: str) -> str:
    return (
        f"{keys.path}, the site's key file, is missing, and faces are sealed under its key {key_id}. Put the file"
        " back (a backup of the data folder holds it), or name it with PRESENZA_SITE_KEY_FILE. If it is lost,"
        " `presenza key forget` makes room to enrol everybody again."
    )


def _reseal(db: sqlite3.Connection, keys: Keyring, where: str, limit: int) -> int:
    """Seal under the current key what `where` finds, at most `limit` (-1: all)."""
    done = 0
    for vectors in (TEMPLATES, NEGATIVES):
        left = limit - done if limit >= 0 else -1
        found = db.execute(vectors.select("*", f"{where} LIMIT {left}")).fetchall()
        values = []
        for row in found:
            context = vectors.context(row)
            key = tuple(row[column] for column in vectors.key)
            values.append((keys.seal(_opened(keys, row["vector"], context), context), *key))
        db.executemany(vectors.update(), values)
        done += len(found)
    return done


def _opened(keys: Keyring, raw: bytes, context: str) -> bytes:
    if key_id_of(raw) is None:
        return raw
    try:
        return keys.open(raw, context)
    except SealBroken:
        raise StoreCorrupt(f"The vector {context} is damaged; remove the photo or the correction.") from None
