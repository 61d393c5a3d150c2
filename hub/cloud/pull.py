"""From Firestore into the mirror: what changed since the last time, kind by kind.

Firestore dates a change a moment before others can see it, so each pull reaches back a little. A mirror
that was away for longer than Firestore remembers removals pulls everything, and drops what isn't there.
"""

import threading
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from hub.cloud.remote import Page, Remote, Stored, is_forgotten, key_of, name_of
from hub.store.documents import Kind
from hub.store.mirror import REMOVABLE, Applied, Change, Skipped
from hub.store.outbox import now_ms
from hub.store.sqlite import SqliteStore

NEAR_US, FAR_US = 2_000_000, 60_000_000  # how far a pull reaches back: after a bell, and of everything
EVERYTHING = 1 << 31  # documents
RETRIED = 50  # documents that waited for others, looked at again by one pull

log = structlog.get_logger()


@dataclass(slots=True)
class Pulled:
    """What a pull did here."""

    changed: int = 0
    skipped: int = 0
    read: int = 0
    kinds: set[Kind] = field(default_factory=set)


class Puller:
    """Pulls. Not for several threads at once; blocks for seconds when nobody answers."""

    def __init__(
        self,
        store: SqliteStore,
        remote: Remote,
        *,
        erase: Callable[[str], None],
        forget_pictures: Callable[[Collection[str]], None],
        gate: AbstractContextManager[object] | None = None,
    ) -> None:
        """`erase` removes a person here whom somebody removed elsewhere, with pictures and all.

        `gate` is held from reading to writing down, and by the drain when it strikes out what was sent: what is
        read must not take the place of a change that is sent in between.
        """
        self._store = store
        self._mirror = store.mirror
        self._remote = remote
        self._erase = erase
        self._forget_pictures = forget_pictures
        self._gate = gate or threading.Lock()
        self._keys: frozenset[str] = frozenset()  # those that what is sealed was looked at with

    def pull(self, kinds: Collection[Kind] = tuple(Kind), back_us: int = FAR_US) -> Pulled:
        """Bring the mirror up to date. Raises Unreachable, NotAllowed, Refused, or what the store raises."""
        if is_forgotten(self._store.outbox.pulled_ms(), now_ms()):
            return self._pull_anew()
        pulled = Pulled()
        for kind in Kind:
            if kind in kinds:
                self._pull_kind(kind, pulled, back_us)
        everything = set(kinds) >= set(Kind)
        if everything or Kind.PEOPLE in pulled.kinds:
            self._look_again(pulled, self._mirror.skipped(RETRIED, reasons=("waits", "taken")))
        self._look_with_new_keys(pulled)
        self._store.outbox.pulled(everything=everything)
        return pulled

    def _pull_anew(self) -> Pulled:
        log.warning("the mirror is too old: everything is pulled again")
        self._mirror.begin_anew()
        pulled = Pulled()
        there = {kind: self._pull_kind(kind, pulled, 0) for kind in Kind}
        for kind in REMOVABLE:
            for key in self._mirror.missing(kind, there[kind]):
                self._look(kind, key, pulled)  # it may have been made since
        self._store.outbox.pulled(everything=True)
        return pulled

    def _pull_kind(self, kind: Kind, pulled: Pulled, back_us: int) -> set[str]:
        """The keys of what was there."""
        there: set[str] = set()
        after_us = max(0, self._mirror.cursor_us(kind) - back_us)
        last: object | None = None
        while True:
            with self._gate:
                page = self._remote.changed_since(kind, after_us, last)
                there |= self._apply(kind, page, pulled) if page.documents else set()
            last = page.last
            if last is None:
                return there

    def _apply(self, kind: Kind, page: Page, pulled: Pulled) -> set[str]:
        """Write a page down; the keys of what was there."""
        changes = [_change(kind, stored) for stored in page.documents]
        pulled.read += len(changes)
        # Erasing may fail; who was to be erased must then come again.
        at_once = 0 if kind is Kind.PEOPLE else _seen_us(page)
        self._settle(kind, self._mirror.apply(kind, changes, at_once), pulled)
        if kind is Kind.PEOPLE:
            self._mirror.apply(kind, (), _seen_us(page))
        return {change.key for change in changes if change.fields is not None}

    def _settle(self, kind: Kind, applied: Applied, pulled: Pulled) -> None:
        for person_id in applied.erase:
            self._erase(person_id)
        self._forget_pictures(applied.pictures)
        changed = applied.changed + len(applied.erase)
        pulled.changed += changed
        pulled.skipped += applied.skipped
        if changed:
            pulled.kinds.add(kind)

    def _look_with_new_keys(self, pulled: Pulled) -> None:
        """Somebody has copied the key file here, after a rotation elsewhere perhaps: what was sealed may open now."""
        keys = self._store.key_ids()
        if keys - self._keys:
            self._look_again(pulled, self._mirror.skipped(EVERYTHING, reasons=("sealed",)))
            self._keys = keys

    def _look_again(self, pulled: Pulled, skippeds: Iterable[Skipped]) -> None:
        """What was skipped because it named somebody who hadn't come yet may be fine now."""
        again = Pulled()
        for skipped in skippeds:
            self._look(skipped.kind, skipped.key, again)
        pulled.read += again.read
        pulled.changed += again.changed
        pulled.kinds |= again.kinds

    def _look(self, kind: Kind, key: str, pulled: Pulled) -> None:
        """Bring one document up to date."""
        with self._gate:
            stored = self._remote.get(kind, name_of(kind, key))
            change = Change(key, None) if stored is None else _change(kind, stored)
            self._settle(kind, self._mirror.apply(kind, [change]), pulled)
        pulled.read += 1


def _seen_us(page: Page) -> int:
    """Up to where the changes are known after a page: after the last one, up to the moment of reading.

    A document that somebody dated in the future by hand must not hide all that follow.
    """
    return page.read_us if page.last is None else min(page.documents[-1].changed_us, page.read_us)


def _change(kind: Kind, stored: Stored) -> Change:
    return Change(key_of(kind, stored.name), None if stored.is_tombstone or _is_expired(stored) else stored.fields)


def _is_expired(stored: Stored) -> bool:
    """Firestore sweeps up what has expired within a day or so, not at once."""
    expire_at = stored.fields.get("expire_at")
    return isinstance(expire_at, datetime) and expire_at.timestamp() * 1000 < now_ms()
