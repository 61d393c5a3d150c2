"""What Firestore hasn't got yet, in order, and how it stands with the cloud; filled by triggers (schema/0006.sql).

A row names a document and holds nothing of it. Whoever sends it reads the document at that moment, so
the newest state goes out once, however often it changed before; a document that is gone is deleted there
too. `done` only strikes out what hasn't changed since it was read.
"""

import secrets
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from uuid import getnode

from hub.store.connection import Connection
from hub.store.documents import PICTURES, Document, Kind
from hub.store.sqlite_documents import load

WAITING = "waiting"
DEAD = "dead"
MAX_ERROR = 300
# A camera's state is only news: it is sent about once a minute, and isn't missed when it isn't.
NEWS = Kind.DEVICE_STATES.value

ANSWERED = "UPDATE sync SET contact_ms = ?, trouble = NULL, paused = NULL"
TROUBLE = {False: "UPDATE sync SET trouble = ?, paused = NULL", True: "UPDATE sync SET paused = ?, trouble = NULL"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A document, or a picture, that waits.

    `fresh`: a person, or a first sighting of a day, that Firestore has never confirmed; `anew`: and that was
    made here since this is a mirror, and never tried to send.
    """

    seq: int
    kind: str
    key: str
    change: int
    fresh: bool
    anew: bool
    since_ms: int
    tries: int = 0
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class SyncFigures:
    """How it stands with the cloud, whichever process does the work. Without news of cameras.

    `waiting` documents, and `pictures`, since `since_ms`; `paused` and `trouble` are sentences, None when all is well.
    """

    mirrored: bool
    waiting: int
    pictures: int
    since_ms: int | None
    dead: int
    conflicts: int
    skipped: int
    paused: str | None
    trouble: str | None
    contact_ms: int | None
    pulled_ms: int | None


def now_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


class Outbox:
    """`SqliteStore.outbox`. Safe to use from several threads and processes."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    # -- the switch -----------------------------------------------------------
    def switch_on(self, target: str) -> None:
        """From now on every change is noted for `target`, the project and space. At first everything is."""
        with self._db.read() as db:
            row = db.execute("SELECT recording, target FROM sync").fetchone()
        if (row["recording"], row["target"]) == (1, target):
            return
        with self._db.write() as db:
            _forget(db)
            origin = secrets.token_hex(8)
            db.execute("UPDATE sync SET recording = 1, target = ?, origin = ?", (target, origin))
            for kind, key, table in EVERYTHING:
                fresh = 2 if kind in (Kind.PEOPLE, Kind.ATTENDANCE) else 0
                db.execute(f"INSERT INTO changed SELECT '{kind}', {key}, {fresh} FROM {table}")  # noqa: S608

    def switch_off(self) -> bool:
        """Forget what waits: this database is no mirror any more. Whether it was one."""
        with self._db.read() as db:
            if not db.execute("SELECT target FROM sync").fetchone()[0]:
                return False
        with self._db.write() as db:
            _forget(db)
        return True

    def origin(self) -> str:
        """This mirror's own name."""
        with self._db.read() as db:
            return origin_of(db, self._db.path)

    # -- sending --------------------------------------------------------------
    def waiting(self, limit: int, *, pictures: bool = False, news: bool = True) -> list[Entry]:
        """The documents, or the pictures, that wait, in order; the states of cameras only if `news`."""
        with self._db.read() as db:
            found = db.execute(
                """SELECT * FROM outbox WHERE state = 'waiting' AND (kind = 'pictures') = ?
                AND (kind != ? OR ?) ORDER BY seq LIMIT ?""",
                (pictures, NEWS, news, limit),
            )
            return [_entry(row) for row in found]

    def document(self, entry: Entry) -> Document | None:
        """What is to be sent; None for what is to be deleted."""
        with self._db.read() as db:
            return load(db, Kind(entry.kind), entry.key)

    def is_shown(self, key: str) -> bool:
        """Whether an event or a photo names a picture."""
        with self._db.read() as db:
            return picture_is_named(db, key)

    def done(self, entries: Iterable[Entry], *, all_is_well: bool = True) -> None:
        """Strike out what Firestore has now; what changed meanwhile stays; a person is fresh no more."""
        with self._db.write() as db:
            for entry in entries:
                db.execute("DELETE FROM outbox WHERE seq = ? AND change = ?", (entry.seq, entry.change))
                db.execute("UPDATE outbox SET fresh = 0 WHERE seq = ? AND kind = 'people'", (entry.seq,))
            if all_is_well:
                db.execute(ANSWERED, (now_ms(),))

    def failed(self, entries: Iterable[Entry], error: str, *, pause: bool = False, pictures: bool = False) -> None:
        """They stay where they are, to be tried again. What keeps documents back is said of the whole line."""
        with self._db.write() as db:
            db.executemany(
                # After a try nobody knows whether Firestore has a person: who erases them there is to be believed.
                """UPDATE outbox SET tries = tries + 1, last_error = ?,
                fresh = CASE WHEN kind = 'people' AND fresh = 1 THEN 2 ELSE fresh END WHERE seq = ?""",
                [(error[:MAX_ERROR], entry.seq) for entry in entries],
            )
            if not pictures:
                db.execute(TROUBLE[pause], (error,))

    def bury(self, entry: Entry, error: str) -> None:
        """Set aside what can never succeed as it is. A change of the document, or `revive`, brings it back."""
        with self._db.write() as db:
            db.execute(
                "UPDATE outbox SET state = 'dead', tries = tries + 1, last_error = ? WHERE seq = ? AND change = ?",
                (error[:MAX_ERROR], entry.seq, entry.change),
            )

    def dead(self, limit: int = 100) -> list[Entry]:
        with self._db.read() as db:
            found = db.execute("SELECT * FROM outbox WHERE state = 'dead' ORDER BY seq LIMIT ?", (limit,))
            return [_entry(row) for row in found]

    def revive(self) -> int:
        """Let the dead be tried again; how many they are."""
        with self._db.write() as db:
            return db.execute("UPDATE outbox SET state = 'waiting', tries = 0 WHERE state = 'dead'").rowcount

    # -- how it stands --------------------------------------------------------
    def pulled(self, *, everything: bool) -> None:
        """What changed in Firestore is here."""
        with self._db.write() as db:
            db.execute(ANSWERED, (now_ms(),))
            if everything:
                db.execute("UPDATE sync SET pulled_ms = ?", (now_ms(),))

    def pulled_ms(self) -> int | None:
        """When everything had been pulled; None: never."""
        with self._db.read() as db:
            found = db.execute("SELECT pulled_ms FROM sync").fetchone()[0]
        return None if found is None else int(found)

    def in_trouble(self, sentence: str, *, pause: bool = False) -> None:
        """Firestore can't be reached; `pause`: or lets us do nothing, which won't pass by itself."""
        with self._db.write() as db:
            db.execute(TROUBLE[pause], (sentence,))

    def ask(self) -> None:
        """Have whoever does the work send and pull everything now."""
        with self._db.write() as db:
            db.execute("UPDATE sync SET asked = asked + 1")

    def asked(self) -> int:
        """Rises with each `ask`."""
        with self._db.read() as db:
            return int(db.execute("SELECT asked FROM sync").fetchone()[0])

    def figures(self) -> SyncFigures:
        with self._db.read() as db:
            sync = db.execute("SELECT * FROM sync").fetchone()
            waiting, pictures, since_ms = db.execute(
                """SELECT count(*), coalesce(sum(kind = 'pictures'), 0), min(since_ms) FROM outbox
                WHERE state = 'waiting' AND kind <> ?""",
                (NEWS,),
            ).fetchone()
            dead, conflicts, skipped = db.execute(
                """SELECT (SELECT count(*) FROM outbox WHERE state = 'dead'), (SELECT count(*) FROM conflict),
                (SELECT count(*) FROM sync_skipped)"""
            ).fetchone()
        return SyncFigures(
            bool(sync["target"]), waiting - pictures, pictures, since_ms, dead, conflicts, skipped,
            sync["paused"], sync["trouble"], sync["contact_ms"], sync["pulled_ms"],
        )  # fmt: skip


# Everything that a database holds, for a mirror that begins: kind, key, table. In the order of `Kind`.
EVERYTHING = (
    ("people", "person_id", "person"),
    ("photos", "photo_id", "photo"),
    ("devices", "device", "device"),
    ("device_states", "device", "device_state"),
    ("wanted_configs", "device || '_' || version", "wanted_config"),
    ("config_templates", "name", "config_template"),
    ("events", "event_id", "event"),
    ("attendance", "person_id || '_' || day", "attendance"),
    ("corrections", "correction_id", "correction"),
    ("negatives", "event_id || '_' || place", "negative"),
    ("conflicts", "person_id || '_' || day || '_' || event_id", "conflict"),
    (PICTURES, "key", "photo"),
    (PICTURES, "picture", "event WHERE picture IS NOT NULL"),
)


def picture_is_named(db: sqlite3.Connection, key: str) -> bool:
    named = "SELECT 1 FROM event WHERE picture = ?1 UNION ALL SELECT 1 FROM photo WHERE key = ?1"
    return db.execute(named, (key,)).fetchone() is not None


def origin_of(db: sqlite3.Connection, path: Path) -> str:
    """A mirror's name: random, and another one for a copy of the folder on this machine or another."""
    random = str(db.execute("SELECT origin FROM sync").fetchone()[0])
    return sha256(f"{random} {_machine()} {path.absolute()}".encode()).hexdigest()[:16]


@cache
def _machine() -> str:
    try:
        return Path("/etc/machine-id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return f"{getnode():x}"  # of a network card


def _forget(db: sqlite3.Connection) -> None:
    for table in ("outbox", "sync_cursor", "sync_skipped"):
        db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
    db.execute(
        """UPDATE sync SET recording = 0, target = '', origin = '', paused = NULL, trouble = NULL,
        contact_ms = NULL, pulled_ms = NULL"""
    )


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        row["seq"], row["kind"], row["key"], row["change"], row["fresh"] > 0, row["fresh"] == 1,
        row["since_ms"],
        row["tries"], row["last_error"],
    )  # fmt: skip
