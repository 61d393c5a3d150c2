"""Writing down what comes from Firestore. Whatever waits in the outbox is never overwritten, only merged.

All of this happens while the triggers of the outbox are off, in the same transaction: what came from
Firestore isn't sent back.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from hub.errors import Busy, Unavailable
from hub.sealing import Keyring
from hub.store import rows
from hub.store.connection import Connection
from hub.store.documents import Document, DocumentRefused, Kind, checked
from hub.store.merge import earlier
from hub.store.outbox import now_ms, origin_of
from hub.store.sqlite_documents import delete, keys, load, write

# These merge with what is here by themselves; the others are left as they are while they wait to be sent.
MERGING = (Kind.ATTENDANCE, Kind.CORRECTIONS, Kind.DEVICE_STATES)
# What goes alone, without what it belongs to. Whatever else goes, goes with its person or by its age.
REMOVABLE = (
    Kind.PEOPLE,
    Kind.PHOTOS,
    Kind.DEVICES,
    Kind.DEVICE_STATES,
    Kind.WANTED_CONFIGS,
    Kind.CONFIG_TEMPLATES,
    Kind.NEGATIVES,
)

ADDED_HERE = 1  # of `outbox.fresh`
MOVE_ON = """
    INSERT INTO sync_cursor VALUES (?, ?)
    ON CONFLICT (kind) DO UPDATE SET changed_us = max(changed_us, excluded.changed_us)"""
SKIP = """
    INSERT INTO sync_skipped VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (kind, key) DO UPDATE SET reason = excluded.reason, message = excluded.message"""


@dataclass(frozen=True, slots=True)
class Change:
    """A document as Firestore has it now; `fields` None: it was removed."""

    key: str
    fields: Mapping[str, object] | None


@dataclass(slots=True)
class Applied:
    """What changes did here. `erase` are people to be erased, `pictures` keys that nothing names any more."""

    changed: int = 0
    skipped: int = 0
    erase: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A document of Firestore that isn't here, and why not."""

    kind: Kind
    key: str
    reason: str
    message: str
    since_ms: int


class Mirror:
    """`SqliteStore.mirror`."""

    def __init__(self, connection: Connection, sealed: Keyring) -> None:
        self._db = connection
        self._sealed = sealed

    def cursor_us(self, kind: Kind) -> int:
        """Up to which of Firestore's times of change a kind was pulled."""
        with self._db.read() as db:
            row = db.execute("SELECT changed_us FROM sync_cursor WHERE kind = ?", (kind.value,)).fetchone()
        return 0 if row is None else int(row[0])

    def apply(self, kind: Kind, changes: Iterable[Change], cursor_us: int = 0) -> Applied:
        """Write changes of one kind down, all at once, and move its cursor on. Nonsense is skipped and noted."""
        applied = Applied()
        with self._applying() as db:
            for change in changes:
                self._apply(db, kind, change, applied)
            if cursor_us:
                db.execute(MOVE_ON, (kind.value, cursor_us))
        with suppress(Busy, Unavailable):  # then the next `tidy` comes to it
            if self._db.scrub_is_due():
                self._db.scrub()
        return applied

    def write(self, document: Document) -> bool:
        """Write down what was made of Firestore's document and ours; whether it changed anything."""
        with self._applying() as db:
            return write(db, document, self._sealed)

    def keep_conflict(self, later: Document) -> None:
        """Keep the later of two first sightings of a day, and have it sent. Raises DocumentRefused."""
        with self._applying() as db:
            _keep_conflict(db, later, self._sealed)

    def skipped(self, limit: int = 100, *, reasons: Collection[str] = ()) -> list[Skipped]:
        """What was skipped, the oldest first; for all `reasons`, or only for these."""
        with self._db.read() as db:
            found = db.execute(
                """SELECT * FROM sync_skipped WHERE ?1 = '[]' OR reason IN (SELECT value FROM json_each(?1))
                ORDER BY since_ms, kind, key LIMIT ?2""",
                (json.dumps(list(reasons)), limit),
            )
            return [Skipped(Kind(row["kind"]), *tuple(row)[1:]) for row in found]

    def missing(self, kind: Kind, there: Collection[str]) -> list[str]:
        """What is here and neither there nor on its way: it was removed so long ago that nobody says so any more."""
        with self._db.read() as db:
            here = keys(db, kind) - set(there)
            return sorted(key for key in here if _is_known_there(kind, _pending(db, kind, key)))

    def begin_anew(self) -> None:
        """Forget the cursors: everything is pulled again."""
        with self._db.write() as db:
            db.execute("DELETE FROM sync_cursor")
            db.execute("DELETE FROM sync_skipped")

    @contextmanager
    def _applying(self) -> Iterator[sqlite3.Connection]:
        with self._db.write() as db:
            recording = db.execute("SELECT recording FROM sync").fetchone()[0]
            db.execute("UPDATE sync SET recording = 0")
            yield db
            db.execute("UPDATE sync SET recording = ?", (recording,))

    def _apply(self, db: sqlite3.Connection, kind: Kind, change: Change, applied: Applied) -> None:
        db.execute("SAVEPOINT one")
        try:
            changed = self._settle(db, kind, change, applied)
        except DocumentRefused as refusal:
            db.execute("ROLLBACK TO one")
            db.execute(SKIP, (kind.value, change.key, refusal.reason, str(refusal), now_ms()))
            applied.skipped += 1
        else:
            db.execute("DELETE FROM sync_skipped WHERE kind = ? AND key = ?", (kind.value, change.key))
            applied.changed += changed
        db.execute("RELEASE one")

    def _settle(self, db: sqlite3.Connection, kind: Kind, change: Change, applied: Applied) -> bool:
        """Make of a change what it means here; whether that changed anything. Raises DocumentRefused."""
        ours, here = _pending(db, kind, change.key), load(db, kind, change.key)
        if change.fields is None:
            return _remove(db, kind, change.key, applied, ours) if here else False
        document = checked(kind, change.key, change.fields)
        if ours is not None:
            if here is None:  # removed here, which Firestore is still to be told
                return False
            if kind is Kind.PHOTOS:
                document = _with_templates(here, document)
            elif kind not in MERGING:
                return False
        if ours is not None and here is not None and kind is Kind.ATTENDANCE:
            self._meet(db, here, document, change, fresh=ours["fresh"])
        changed = write(db, document, self._sealed)
        if here is not None and here.fields.get("picture") not in (None, document.fields.get("picture")):
            applied.pictures.append(str(here.fields["picture"]))
        return changed

    def _meet(self, db: sqlite3.Connection, ours: Document, theirs: Document, change: Change, *, fresh: bool) -> None:
        """A sighting of another hub meets ours, which Firestore hasn't got yet: see hub.cloud.sending."""
        origin = origin_of(db, self._db.path)
        if ours.fields["event_id"] == theirs.fields["event_id"]:
            return
        is_ours = (
            earlier(*(rows.attendance(each.fields) for each in (ours, theirs))).event_id == ours.fields["event_id"]
        )
        if fresh and change.fields is not None and change.fields.get("origin") != origin:
            _keep_conflict(db, theirs if is_ours else ours, self._sealed)
        if not is_ours:
            db.execute("UPDATE outbox SET fresh = 0 WHERE kind = ? AND key = ?", (ours.kind.value, ours.key))


def _keep_conflict(db: sqlite3.Connection, later: Document, sealed: Keyring) -> None:
    key = f"{later.key}_{later.fields['event_id']}"
    if later.fields["event_id"] is None or load(db, Kind.CONFLICTS, key) is not None:
        return
    write(db, Document(Kind.CONFLICTS, key, {**later.fields, "found_ms": now_ms()}), sealed)
    db.execute("INSERT INTO changed VALUES (?, ?, 0)", (Kind.CONFLICTS.value, key))


def _remove(db: sqlite3.Connection, kind: Kind, key: str, applied: Applied, ours: sqlite3.Row | None) -> bool:
    if kind is Kind.PEOPLE:
        # Erasing wins over whatever was changed meanwhile. Only who was added anew here is somebody else.
        if ours is None or ours["fresh"] != ADDED_HERE:
            applied.erase.append(key)
        return False
    if ours is not None or kind not in REMOVABLE:
        return False
    applied.pictures += delete(db, kind, key).pictures
    return True


def _is_known_there(kind: Kind, ours: sqlite3.Row | None) -> bool:
    """Whether Firestore had a document once: a change that waits doesn't keep a person, only being new does."""
    return ours is None or (kind is Kind.PEOPLE and not ours["fresh"])


def _pending(db: sqlite3.Connection, kind: Kind, key: str) -> sqlite3.Row | None:
    """The row of the outbox of a document that is to be sent."""
    found = db.execute("SELECT * FROM outbox WHERE kind = ? AND key = ?", (kind.value, key)).fetchone()
    return found if isinstance(found, sqlite3.Row) else None


def _with_templates(here: Document, there: Document) -> Document:
    """Our photo with the templates of those engines that only the other has used."""
    ours, theirs = here.fields["templates"], there.fields["templates"]
    assert isinstance(ours, tuple)
    assert isinstance(theirs, tuple)
    engines = {each["engine"] for each in ours}
    more = tuple(each for each in theirs if each["engine"] not in engines)
    return Document(here.kind, here.key, {**here.fields, "templates": ours + more})
