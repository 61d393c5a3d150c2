"""Between documents and the rows of the SQLite tables."""

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from hub.errors import StoreCorrupt
from hub.sealing import Keyring, key_id_of
from hub.store import Removed, rows
from hub.store.connection import Connection
from hub.store.documents import SHAPES, Document, DocumentRefused, Kind
from hub.store.merge import earlier
from hub.store.sqlite_attendance import UPDATE as UPDATE_ATTENDANCE
from hub.store.sqlite_people import SCRUB_DUE, delete_person

PAGE = 500  # documents that are read in one transaction
TURN = 1024  # places in the order of corrections that one turn has; see schema/0006.sql
_CONFLICT = re.compile(r"(.+?)_(\d{4}-\d\d-\d\d)_(.+)")


class _Table(NamedTuple):
    """A kind's table, the columns that tell its rows apart, and the tables whose rows belong to one of its rows."""

    name: str
    primary: tuple[str, ...]
    parts: tuple[str, ...] = ()


TABLES: Mapping[Kind, _Table] = {
    Kind.PEOPLE: _Table("person", ("person_id",)),
    Kind.PHOTOS: _Table("photo", ("photo_id",), ("template",)),
    Kind.DEVICES: _Table("device", ("device",), ("device_group",)),
    Kind.DEVICE_STATES: _Table("device_state", ("device",)),
    Kind.WANTED_CONFIGS: _Table("wanted_config", ("device", "version")),
    Kind.CONFIG_TEMPLATES: _Table("config_template", ("name",), ("config_follower",)),
    Kind.EVENTS: _Table("event", ("event_id",), ("ignored_face", "face", "negative")),
    Kind.ATTENDANCE: _Table("attendance", ("day", "person_id")),
    Kind.CORRECTIONS: _Table("correction", ("correction_id",)),
    Kind.NEGATIVES: _Table("negative", ("event_id", "place")),
    Kind.CONFLICTS: _Table("conflict", ("person_id", "day", "event_id")),
}


class Documents:
    """A store's documents: `SqliteStore.documents`. What is put goes to Firestore like every other change."""

    def __init__(self, connection: Connection, sealed: Keyring) -> None:
        self._db = connection
        self._sealed = sealed

    def get(self, kind: Kind, key: str) -> Document | None:
        """Raises StoreCorrupt."""
        with self._db.read() as db:
            return load(db, kind, key)

    def all(self, kind: Kind) -> Iterator[Document]:
        """Every document of a kind, always in the same order. Each page of them is as it was at one moment."""
        after: sqlite3.Row | None = None
        while True:
            with self._db.read() as db:
                page = _page(db, kind, after)
                found = [_load(db, kind, tuple(row)) for row in page]
            yield from (document for document in found if document is not None)
            if len(page) < PAGE:
                return
            after = page[-1]

    def count(self, kind: Kind) -> int:
        """How many documents of a kind there are."""
        with self._db.read() as db:
            return int(db.execute(f"SELECT count(*) FROM {TABLES[kind].name}").fetchone()[0])  # noqa: S608

    def put_all(self, documents: Iterable[Document]) -> int:
        """`put` each in one transaction, all or none; how many changed anything."""
        with self._db.write() as db:
            return sum(write(db, document, self._sealed) for document in documents)

    def put(self, document: Document) -> bool:
        """Insert a document that was `checked`, or merge it with what is there; whether that changed anything.

        An attendance keeps the earlier first sighting, with its status, device and event, and the later last
        one; a camera's state the newer; everything else becomes what the document says. Raises
        DocumentRefused for one that names what isn't here (reason `waits`), takes what another has (`taken`),
        or holds a face vector that the site's keys don't open (`sealed`).
        """
        with self._db.write() as db:
            return write(db, document, self._sealed)

    def remove(self, kind: Kind, key: str) -> Removed:
        """Delete a document if it is there: a person everywhere, as `Store.remove_person` does."""
        with self._db.write() as db:
            removed = delete(db, kind, key)
        if self._db.scrub_is_due():
            self._db.scrub()
        return removed


# -- reading: rows → documents ------------------------------------------------------------------------
def load(db: sqlite3.Connection, kind: Kind, key: str) -> Document | None:
    primary = _primary(kind, key)
    return None if primary is None else _load(db, kind, primary)


def keys(db: sqlite3.Connection, kind: Kind) -> set[str]:
    """The key of every document of a kind."""
    shape, table = SHAPES[kind], TABLES[kind]
    found = db.execute(f"SELECT {', '.join(shape.key)} FROM {table.name}")  # noqa: S608 - our own names
    return {"_".join(map(str, row)) for row in found}


def _primary(kind: Kind, key: str) -> tuple[object, ...] | None:
    """What a key says in the columns of the primary key; None for one that can't be a key of this kind."""
    if kind is Kind.CONFLICTS:
        found = _CONFLICT.fullmatch(key)
        return found.groups() if found else None
    if len(SHAPES[kind].key) == 1:
        return (key,)
    first, _, second = key.rpartition("_")
    if kind is Kind.ATTENDANCE:
        return (second, first)
    return (first, int(second)) if re.fullmatch(r"\d{1,15}", second) else None


def _page(db: sqlite3.Connection, kind: Kind, after: sqlite3.Row | None) -> list[sqlite3.Row]:
    table, primary, _ = TABLES[kind]
    listed = ", ".join(primary)
    where = "TRUE" if after is None else f"({listed}) > ({', '.join('?' * len(primary))})"
    query = f"SELECT {listed} FROM {table} WHERE {where} ORDER BY {listed} LIMIT {PAGE}"  # noqa: S608
    return db.execute(query, () if after is None else tuple(after)).fetchall()


def _load(db: sqlite3.Connection, kind: Kind, primary: Sequence[object]) -> Document | None:
    table, columns = TABLES[kind], SHAPES[kind].columns
    where = " AND ".join(f"{column} = ?" for column in table.primary)
    row = db.execute(f"SELECT * FROM {table.name} WHERE {where}", tuple(primary)).fetchone()  # noqa: S608
    if row is None:
        return None
    fields: dict[str, object] = {column: row[column] for column in columns}
    if kind in PARTS:
        fields |= PARTS[kind](db, row)
    return Document(kind, "_".join(str(fields[name]) for name in SHAPES[kind].key), fields)


def _templates(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, object]:
    found = db.execute(
        "SELECT engine, vector FROM template WHERE photo_id = ? ORDER BY engine, place", (row["photo_id"],)
    )
    return {"templates": tuple({"engine": each["engine"], "vector": each["vector"]} for each in found)}


def _faces(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, object]:
    event = (row["event_id"],)
    ignored = {each[0] for each in db.execute("SELECT place FROM ignored_face WHERE event_id = ?", event)}
    found = db.execute("SELECT * FROM face WHERE event_id = ? ORDER BY place", event).fetchall()
    names = [name for name in found[0].keys() if name not in ("event_id", "place")] if found else []  # noqa: SIM118
    faces = ({name: face[name] for name in names} | {"ignored": face["place"] in ignored} for face in found)
    return {"faces": tuple(faces)}


def _groups(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, object]:
    found = db.execute("SELECT group_name FROM device_group WHERE device = ? ORDER BY 1", (row["device"],))
    return {"groups": tuple(each[0] for each in found)}


def _cameras(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, object]:
    found = db.execute("SELECT device FROM config_follower WHERE name = ? ORDER BY 1", (row["name"],))
    return {"cameras": tuple(each[0] for each in found)}


def _turn(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, object]:
    return {"turn": row["seq"] // TURN}


PARTS: Mapping[Kind, Callable[[sqlite3.Connection, sqlite3.Row], dict[str, object]]] = {
    Kind.PHOTOS: _templates,
    Kind.EVENTS: _faces,
    Kind.DEVICES: _groups,
    Kind.CONFIG_TEMPLATES: _cameras,
    Kind.CORRECTIONS: _turn,
}


# -- writing: documents → rows ------------------------------------------------------------------------
def write(db: sqlite3.Connection, document: Document, sealed: Keyring) -> bool:
    """See `Documents.put`."""
    if load(db, document.kind, document.key) == document:
        return False
    _check_named(db, document)
    _check_vectors(document, sealed)
    try:
        return WRITERS.get(document.kind, _put)(db, document)
    except sqlite3.IntegrityError:
        raise DocumentRefused("taken", TAKEN.get(document.kind, "Something else is in its place.")) from None


def delete(db: sqlite3.Connection, kind: Kind, key: str) -> Removed:
    """Delete a document's rows; whatever else names a person goes with the person."""
    primary = _primary(kind, key)
    document = load(db, kind, key)
    if primary is None or document is None:
        return Removed(0, ())
    if kind is Kind.PEOPLE:
        return delete_person(db, key)
    table = TABLES[kind]
    for part in table.parts:
        db.execute(f"DELETE FROM {part} WHERE {table.primary[0]} = ?", primary[:1])  # noqa: S608
    where = " AND ".join(f"{column} = ?" for column in table.primary)
    db.execute(f"DELETE FROM {table.name} WHERE {where}", primary)  # noqa: S608
    if kind is Kind.PHOTOS:
        db.execute(SCRUB_DUE)
    pictures = (document.fields.get("key" if kind is Kind.PHOTOS else "picture"),)
    return Removed(1, tuple(str(each) for each in pictures if each))


TAKEN = {
    Kind.PEOPLE: "Another person has its number.",
    Kind.EVENTS: "Its frame was recorded as another event.",
}


def _check_named(db: sqlite3.Connection, document: Document) -> None:
    """Raise DocumentRefused when a document names a person or an event that isn't here."""
    faces = document.fields.get("faces", ())
    assert isinstance(faces, tuple)
    people = {each["person_id"] for each in (document.fields, *faces) if each.get("person_id")}
    if document.kind is not Kind.PEOPLE:
        for person_id in people:
            if db.execute("SELECT 1 FROM person WHERE person_id = ?", (person_id,)).fetchone() is None:
                raise DocumentRefused("waits", "It names a person who isn't here.")
    if document.kind is Kind.NEGATIVES:
        event = (document.fields["event_id"],)
        if db.execute("SELECT 1 FROM event WHERE event_id = ?", event).fetchone() is None:
            raise DocumentRefused("waits", "It names an event that isn't here.")


def _check_vectors(document: Document, sealed: Keyring) -> None:
    """Raise DocumentRefused for a face vector that nobody here could read."""
    for vector, context in _vectors(document):
        if key_id_of(vector) is None:  # whoever can write to Firestore, and has no key, must not enrol faces
            raise DocumentRefused("sealed", "It holds a face vector that isn't sealed.")
        try:
            rows.vector(sealed, vector, context, "It holds a face vector that is damaged.")
        except StoreCorrupt as error:
            raise DocumentRefused("sealed", str(error)) from None


def _vectors(document: Document) -> Iterator[tuple[bytes, str]]:
    """The face vectors of a document, and what each is sealed to."""
    if document.kind is Kind.NEGATIVES:
        event_id, place, engine, vector = (document.fields[name] for name in ("event_id", "place", "engine", "vector"))
        assert isinstance(vector, bytes)
        yield vector, rows.negative_context(str(event_id), int(str(place)), str(engine))
    if document.kind is Kind.PHOTOS:
        for engine, place, vector in _places(document):
            yield vector, rows.template_context(document.key, engine, place)


def _places(document: Document) -> Iterator[tuple[str, int, bytes]]:
    """A photo's templates: engine, place among those of this engine, vector."""
    places: Counter[str] = Counter()
    for template in _parts(document, "templates"):
        engine, vector = str(template["engine"]), template["vector"]
        assert isinstance(vector, bytes)
        yield engine, places[engine], vector
        places[engine] += 1


def _put(db: sqlite3.Connection, document: Document) -> bool:
    """Insert the row, or set all of its columns."""
    table, columns = TABLES[document.kind], list(SHAPES[document.kind].columns)
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in table.primary)
    db.execute(
        f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)}) "  # noqa: S608
        f"ON CONFLICT ({', '.join(table.primary)}) DO UPDATE SET {changes}",
        {name: document.fields[name] for name in columns},
    )
    return True


def _put_photo(db: sqlite3.Connection, document: Document) -> bool:
    _put(db, document)
    db.execute("DELETE FROM template WHERE photo_id = ?", (document.key,))
    templates = [(document.key, *template) for template in _places(document)]
    db.executemany("INSERT INTO template VALUES (?, ?, ?, ?)", templates)
    return True


def _put_event(db: sqlite3.Connection, document: Document) -> bool:
    _put(db, document)
    event_id, faces = document.key, _parts(document, "faces")
    db.execute("DELETE FROM face WHERE event_id = ?", (event_id,))
    db.execute("DELETE FROM ignored_face WHERE event_id = ?", (event_id,))
    for place, face in enumerate(faces):
        values = {"event_id": event_id, "place": place, **face}
        ignored = values.pop("ignored")
        marks = ", ".join(f":{name}" for name in values)
        db.execute(f"INSERT INTO face ({', '.join(values)}) VALUES ({marks})", values)  # noqa: S608
        if ignored:
            db.execute("INSERT INTO ignored_face VALUES (?, ?)", (event_id, place))
    return True


def _put_device(db: sqlite3.Connection, document: Document) -> bool:
    _put(db, document)
    db.execute("DELETE FROM device_group WHERE device = ?", (document.key,))
    groups = sorted({str(name) for name in _list(document, "groups")})
    db.executemany("INSERT INTO device_group VALUES (?, ?)", [(document.key, name) for name in groups])
    return True


def _put_config_template(db: sqlite3.Connection, document: Document) -> bool:
    _put(db, document)
    db.execute("DELETE FROM config_follower WHERE name = ?", (document.key,))
    followers = [(camera, document.key) for camera in _list(document, "cameras")]
    db.executemany("INSERT OR REPLACE INTO config_follower VALUES (?, ?)", followers)
    return True


def _put_device_state(db: sqlite3.Connection, document: Document) -> bool:
    newer = "SELECT 1 FROM device_state WHERE device = ? AND seen_ms > ?"
    if db.execute(newer, (document.key, document.fields["seen_ms"])).fetchone():
        return False
    return _put(db, document)


def _put_attendance(db: sqlite3.Connection, document: Document) -> bool:
    where = (document.fields["day"], document.fields["person_id"])
    row = db.execute("SELECT * FROM attendance WHERE day = ? AND person_id = ?", where).fetchone()
    if row is None:
        return _put(db, document)
    existing = rows.attendance(row)
    seen = earlier(existing, rows.attendance(document.fields))
    if seen == existing:
        return False
    db.execute(UPDATE_ATTENDANCE, rows.attendance_values(seen))
    return True


def _put_correction(db: sqlite3.Connection, document: Document) -> bool:
    """Keep a correction at its turn. Those that were written at once, on several machines, go by time and id."""
    turn = document.fields["turn"]
    assert isinstance(turn, int)
    db.execute("DELETE FROM correction WHERE correction_id = ?", (document.key,))
    there = db.execute(
        "SELECT * FROM correction WHERE seq >= ? AND seq < ?", (turn * TURN, (turn + 1) * TURN)
    ).fetchall()
    columns = list(SHAPES[Kind.CORRECTIONS].columns)
    together = [{name: row[name] for name in columns} for row in there] + [
        {name: document.fields[name] for name in columns}
    ]
    if len(together) > TURN:
        raise DocumentRefused("taken", "Too many corrections claim its turn.")
    db.execute("DELETE FROM correction WHERE seq >= ? AND seq < ?", (turn * TURN, (turn + 1) * TURN))
    together.sort(key=lambda each: (each["at_ms"], each["correction_id"]))
    insert = f"INSERT INTO correction (seq, {', '.join(columns)}) VALUES (:seq, {', '.join(f':{c}' for c in columns)})"  # noqa: S608
    db.executemany(insert, [each | {"seq": turn * TURN + place} for place, each in enumerate(together)])
    return True


def _parts(document: Document, name: str) -> list[Mapping[str, object]]:
    return [each for each in _list(document, name) if isinstance(each, Mapping)]


def _list(document: Document, name: str) -> tuple[object, ...]:
    value = document.fields[name]
    assert isinstance(value, tuple)
    return value


WRITERS: Mapping[Kind, Callable[[sqlite3.Connection, Document], bool]] = {
    Kind.PHOTOS: _put_photo,
    Kind.EVENTS: _put_event,
    Kind.DEVICES: _put_device,
    Kind.CONFIG_TEMPLATES: _put_config_template,
    Kind.DEVICE_STATES: _put_device_state,
    Kind.ATTENDANCE: _put_attendance,
    Kind.CORRECTIONS: _put_correction,
}
