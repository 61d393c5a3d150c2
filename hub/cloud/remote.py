"""What is asked of Firestore, and what it may answer; and how documents are called there.

Behind this interface is `hub.cloud.firestore`; the tests of the rules put faults behind it. Every call
tries once and ends within seconds: who calls tries again, and knows why.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol
from urllib.parse import quote, unquote

from hub.errors import PresenzaError, Unavailable
from hub.store.documents import Kind

TOMBSTONE_DAYS = 30  # how long Firestore remembers that something was removed
DAY_MS = 86_400_000
# Their names rise with time. Firestore spreads documents by name, so they get a hash before it.
HASHED = (Kind.EVENTS, Kind.ATTENDANCE, Kind.CORRECTIONS, Kind.NEGATIVES, Kind.CONFLICTS)

Fields = Mapping[str, object]


class Unreachable(Unavailable):
    """Firestore can't be reached."""


class NotAllowed(PresenzaError):
    """Firestore lets us do nothing, which doesn't pass by itself."""


class Refused(PresenzaError):
    """Firestore can't take this document as it is."""


class AlreadyThere(PresenzaError):
    """There is a document of this name."""


class Changed(PresenzaError):
    """The document isn't what it was when it was read."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A document in Firestore. `version` tells it from what it was before; `changed_us` is Firestore's own clock."""

    name: str
    fields: Fields
    version: object
    changed_us: int

    @property
    def is_tombstone(self) -> bool:
        return self.fields.get("deleted") is True


@dataclass(frozen=True, slots=True)
class Page:
    """Some documents in order of change; `last` is the way to the next page, None after the last one."""

    documents: list[Stored]
    read_us: int
    last: object | None


class Listener(Protocol):
    """Something that calls back when others have sent something; it may die in silence."""

    def is_active(self) -> bool: ...

    def stop(self) -> None: ...


class Remote(Protocol):
    """A site's documents in Firestore. Every method raises Unreachable or NotAllowed."""

    def create(self, kind: Kind, name: str, fields: Fields) -> None:
        """Raises AlreadyThere, Refused. After Unreachable the document may be there all the same."""

    def get(self, kind: Kind, name: str) -> Stored | None: ...

    def set(self, kind: Kind, name: str, fields: Fields) -> None:
        """Write a document, whatever is there. Raises Refused."""

    def replace(self, kind: Kind, stored: Stored, fields: Fields) -> None:
        """Write in the place of what was read. Raises Changed, Refused."""

    def delete(self, kind: Kind, name: str) -> None: ...

    def changed_since(self, kind: Kind, after_us: int, last: object | None = None) -> Page:
        """What changed after a moment, removed documents included."""

    def ring(self, kinds: Collection[str]) -> None:
        """Tell those who listen that documents of these kinds have changed."""

    def listen(self, heard: Callable[[Collection[Kind]], None]) -> Listener:
        """Have `heard` called, in another thread, with what other mirrors ring for."""

    def close(self) -> None:
        """Let go, also of calls that are under way."""


def is_forgotten(pulled_ms: int | None, now_ms: int) -> bool:
    """Whether a mirror that pulled last at that time may have missed removals: two days before they are swept up."""
    return pulled_ms is not None and now_ms - pulled_ms > (TOMBSTONE_DAYS - 2) * DAY_MS


def name_of(kind: Kind, key: str) -> str:
    """A document's name in its collection: its key, as Firestore allows it."""
    quoted = quote(key, safe="-._")
    if quoted in (".", "..") or re.fullmatch(r"__.*__", quoted):
        quoted = quoted.replace(".", "%2E").replace("_", "%5F")
    return f"{sha256(key.encode()).hexdigest()[:8]}_{quoted}" if kind in HASHED else quoted


def key_of(kind: Kind, name: str) -> str:
    """The key of a document of this name, whoever gave it the name."""
    return unquote(name.partition("_")[2] if kind in HASHED else name)
