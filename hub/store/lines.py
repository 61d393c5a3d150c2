"""Documents and pictures as lines of JSON: what `presenza export` writes, and `presenza import` reads.

    {"counts":{"people":2,…,"pictures":5},"format":"presenza-export","version":1}
    {"fields":{…},"key":"p-1","kind":"people"}
    …
    {"data":"/9j/4AAQ…","key":"people/p-1/f-1.jpg","kind":"pictures"}
    {"lines":9,"sha256":"…"}

Documents come kind by kind in the order of `Kind`, then the pictures that they name, each in the order of
their keys, so that the same content gives the same bytes. Face vectors and pictures are in base64 and not
sealed: they can be read under any key. `data` is null for a picture that is gone. The last line has the
SHA-256 of all lines before it.
"""

import json
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from hub.errors import InputError, SealBroken, StoreCorrupt
from hub.sealing import Keyring, key_id_of
from hub.store import rows
from hub.store.documents import PICTURES, Document, DocumentRefused, Kind, checked
from hub.store.pictures import check_key

FORMAT = "presenza-export"
VERSION = 1
MAX_LINE = 64 * 1024 * 1024  # what a picture of 48 MB takes
EXPORTED = ("people/", "results/")  # the pictures that documents name

Change = Callable[[bytes, str], bytes]


class LineRefused(InputError):
    """A line of an export that can't be understood; the message begins with its number."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__("line", f"Line {number}: {message}")

    def __reduce__(self) -> tuple[type["InputError"], tuple[str, str]]:
        return InputError, (self.reason, str(self))


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's line. `data` None: it is named, and was gone when the export was made."""

    key: str
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Head:
    """How many lines there are of each kind."""

    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Tail:
    lines: int
    sha256: str


# -- writing --------------------------------------------------------------------------------------------
def head(counts: Mapping[str, int]) -> bytes:
    return _line({"format": FORMAT, "version": VERSION, "counts": dict(counts)})


def document(plain: Document) -> bytes:
    """The line of a document whose vectors aren't sealed."""
    return _line({"kind": plain.kind.value, "key": plain.key, "fields": _with_text(plain.fields)})


def picture(key: str, data: bytes | None) -> bytes:
    return _line({"kind": PICTURES, "key": key, "data": None if data is None else b64encode(data).decode()})


def tail(lines: int, sha256: str) -> bytes:
    return _line({"lines": lines, "sha256": sha256})


def _line(value: Mapping[str, object]) -> bytes:
    return (
        json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode() + b"\n"
    )


def _with_text(value: object) -> object:
    """Bytes as base64, wherever they are."""
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, Mapping):
        return {name: _with_text(each) for name, each in value.items()}
    return [_with_text(each) for each in value] if isinstance(value, list | tuple) else value


# -- reading --------------------------------------------------------------------------------------------
def parse(line: bytes, number: int) -> Document | Picture | Head | Tail:
    """What a line holds. Raises LineRefused with the line's number, and the field that is wrong."""
    if not line.endswith(b"\n"):
        raise LineRefused(number, "The file ends here, or the line is too long. Is it whole?")
    try:
        value = json.loads(line)
        return _parsed(value)
    except DocumentRefused as refusal:
        raise LineRefused(number, str(refusal)) from None
    except (ValueError, RecursionError, KeyError, TypeError, InputError) as error:
        said = str(error) if isinstance(error, InputError) else "It is no line of an export."
        raise LineRefused(number, said) from None


def _parsed(value: Mapping[str, object]) -> Document | Picture | Head | Tail:
    if "format" in value:
        return _head(value)
    if "sha256" in value:
        return Tail(_count(value["lines"]), str(value["sha256"]))
    kind, key = str(value["kind"]), str(value["key"])
    if kind == PICTURES:
        return _picture(key, value["data"])
    if kind not in list(Kind):
        raise InputError("kind", f"kind is none of {', '.join(Kind)}, {PICTURES}.")
    fields = value["fields"]
    if not isinstance(fields, dict):
        raise InputError("fields", "fields is no object.")
    return checked(Kind(kind), key, _with_bytes(Kind(kind), fields))


def _head(value: Mapping[str, object]) -> Head:
    if value["format"] != FORMAT:
        raise InputError("format", "It is no export of Presenza.")
    if _count(value["version"]) > VERSION:
        raise InputError("version", "It was written by a newer version of Presenza. Update Presenza.")
    counts = value["counts"]
    if not isinstance(counts, dict):
        raise InputError("counts", "counts is no object.")
    return Head({str(kind): _count(count) for kind, count in counts.items()})


def _picture(key: str, data: object) -> Picture:
    check_key(key)
    if not key.startswith(EXPORTED):
        raise InputError("key", f"key begins with none of {', '.join(EXPORTED)}.")
    return Picture(key, None if data is None else _bytes(data, "data"))


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InputError("count", "A count is no whole number.")
    return value


def _with_bytes(kind: Kind, fields: Mapping[str, object]) -> Mapping[str, object]:
    """Vectors as bytes again."""
    if kind is Kind.NEGATIVES and "vector" in fields:
        return {**fields, "vector": _vector(fields["vector"])}
    templates = fields.get("templates")
    if kind is Kind.PHOTOS and isinstance(templates, list):
        return {**fields, "templates": [_template(each) for each in templates]}
    return fields


def _template(value: object) -> object:
    return {**value, "vector": _vector(value["vector"])} if isinstance(value, dict) and "vector" in value else value


def _vector(value: object) -> bytes:
    found = _bytes(value, "vector")
    if not found or len(found) % rows.VECTOR_TYPE.itemsize:
        raise InputError("vector", "vector holds no face vector.")
    return found


def _bytes(value: object, name: str) -> bytes:
    try:
        return b64decode(str(value), validate=True)
    except (Base64Error, ValueError):
        raise InputError(name, f"{name} is no base64.") from None


# -- vectors --------------------------------------------------------------------------------------------
def opened(document: Document, keys: Keyring) -> Document:
    """A document with its face vectors opened. Raises KeyMissing, StoreCorrupt."""

    def open_one(vector: bytes, context: str) -> bytes:
        try:
            return vector if key_id_of(vector) is None else keys.open(vector, context)
        except SealBroken:
            what = "photo" if document.kind is Kind.PHOTOS else "correction of event"
            raise StoreCorrupt(f"The face of the {what} {document.key} is damaged; remove it.") from None

    return _with_vectors(document, open_one)


def sealed(document: Document, keys: Keyring) -> Document:
    """A document with its face vectors under the current key."""
    return _with_vectors(document, keys.seal)


def _with_vectors(document: Document, change: Change) -> Document:
    """A document with every vector replaced by what `change` makes of it and of what it is sealed to."""
    fields = document.fields
    if document.kind is Kind.NEGATIVES:
        context = rows.negative_context(str(fields["event_id"]), int(str(fields["place"])), str(fields["engine"]))
        return replace(document, fields={**fields, "vector": _changed(fields["vector"], context, change)})
    if document.kind is not Kind.PHOTOS:
        return document
    templates, places = fields["templates"], Counter[str]()
    assert isinstance(templates, tuple)
    changed = []
    for each in templates:
        engine = str(each["engine"])
        context = rows.template_context(document.key, engine, places[engine])
        changed.append({**each, "vector": _changed(each["vector"], context, change)})
        places[engine] += 1
    return replace(document, fields={**fields, "templates": tuple(changed)})


def _changed(vector: object, context: str, change: Change) -> bytes:
    assert isinstance(vector, bytes)
    return change(vector, context)
