"""Firestore as rules of sending and pulling see it, in memory, with faults that a test asks for.

What the real one does is shown on Google's emulator (tests/integration/store, tests/integration/cloud);
this is for faults at exact places.
"""

import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from hub.cloud.remote import AlreadyThere, Changed, Fields, NotAllowed, Page, Refused, Stored, Unreachable
from hub.store.documents import Kind

PAGE = 3  # small, so that tests turn pages


@dataclass
class Cloud:
    """The documents that all mirrors share. Every write takes a millisecond of the cloud's clock."""

    documents: dict[tuple[Kind, str], Stored] = field(default_factory=dict)
    clock_us: int = 1_795_000_000_000_000
    writes: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def write(self, kind: Kind, name: str, fields: Fields) -> None:
        with self._lock:
            self.clock_us += 1_000
            self.writes += 1
            self.documents[kind, name] = Stored(name, dict(fields), self.writes, self.clock_us)

    def of(self, kind: Kind) -> list[Stored]:
        return [stored for (found, _), stored in sorted(self.documents.items()) if found is kind]


class FakeFirestore:
    """Implements `hub.cloud.remote.Remote` for one mirror. `faults` are used up one a call; None is none."""

    def __init__(self, cloud: Cloud, origin: str) -> None:
        self.cloud = cloud
        self.origin = origin
        self.faults: list[str | None] = []
        self.always: str | None = None
        self.calls: list[tuple[str, str, str]] = []
        self.rung: list[set[str]] = []
        self.before_replace: Callable[[], None] = lambda: None
        self.after_reading: Callable[[Kind], None] = lambda kind: None

    def create(self, kind: Kind, name: str, fields: Fields) -> None:
        def create() -> None:
            with self.cloud._lock:
                if (kind, name) in self.cloud.documents:
                    raise AlreadyThere
                self.cloud.write(kind, name, {"origin": self.origin, **fields})

        self._call("create", kind, name, create)

    def get(self, kind: Kind, name: str) -> Stored | None:
        found: list[Stored | None] = []
        self._call("get", kind, name, lambda: found.append(self.cloud.documents.get((kind, name))))
        return found[0]

    def set(self, kind: Kind, name: str, fields: Fields) -> None:
        self._call("set", kind, name, lambda: self.cloud.write(kind, name, {"origin": self.origin, **fields}))

    def replace(self, kind: Kind, stored: Stored, fields: Fields) -> None:
        def replace() -> None:
            with self.cloud._lock:
                there = self.cloud.documents.get((kind, stored.name))
                if there is None or there.version != stored.version:
                    raise Changed
                self.cloud.write(kind, stored.name, {"origin": self.origin, **fields})

        self.before_replace()
        self._call("replace", kind, stored.name, replace)

    def delete(self, kind: Kind, name: str) -> None:
        self._call("delete", kind, name, lambda: self.cloud.documents.pop((kind, name), None))

    def changed_since(self, kind: Kind, after_us: int, last: object | None = None) -> Page:
        pages: list[Page] = []

        def read() -> None:
            changed = sorted((each for each in self.cloud.of(kind) if each.changed_us > after_us), key=_age)
            rest = [each for each in changed if not isinstance(last, Stored) or _age(each) > _age(last)]
            page = rest[:PAGE]
            pages.append(Page(page, self.cloud.clock_us, page[-1] if len(page) == PAGE else None))

        self._call("changed_since", kind, "", read)
        self.after_reading(kind)
        return pages[0]

    def ring(self, kinds: Collection[str]) -> None:
        self._call("ring", "", "", lambda: self.rung.append(set(kinds)))

    def listen(self, heard: Callable[[Collection[Kind]], None]) -> "FakeListener":
        return FakeListener()

    def close(self) -> None:
        """There is nothing to close."""

    def _call(self, what: str, kind: str, name: str, work: Callable[[], object]) -> None:
        self.calls.append((what, kind, name))
        fault = self.faults.pop(0) if self.faults else self.always
        if fault == "away":
            raise Unreachable
        if fault == "closed":
            raise NotAllowed("The key was revoked.")
        if fault == "refused":
            raise Refused("Firestore can't take it.")
        work()
        if fault == "lost":
            raise Unreachable("the answer was lost")

    def asked(self, what: str) -> list[tuple[str, str]]:
        return [(kind, name) for call, kind, name in self.calls if call == what]


class FakeListener:
    def is_active(self) -> bool:
        return True

    def stop(self) -> None:
        """There is nothing to stop."""


class FakeBucket:
    """Implements `hub.cloud.sending.Uploader`."""

    def __init__(self, there: Iterable[str] = ()) -> None:
        self.there = set(there)
        self.is_away = False

    def upload(self, key: str) -> None:
        self._check()
        self.there.add(key)

    def delete(self, key: str) -> None:
        self._check()
        self.there.discard(key)

    def _check(self) -> None:
        if self.is_away:
            raise Unreachable("The bucket can't be reached.")


def _age(stored: Stored) -> tuple[int, str]:
    return stored.changed_us, stored.name
