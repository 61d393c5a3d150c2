"""From Firestore into the mirror: what changed since the last time, kind by kind.

Firestore dates a change a moment before others can see it, so each pull reaches back a little. A mirror
that was away for longer than Firestore remembers removals pulls everything, and drops what isn't there.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from hub.cloud.remote import TOMBSTONE_DAYS, Page, Remote, Stored, key_of, name_of
from hub.store.documents import Kind
from hub.store.mirror import REMOVABLE, Applied, Change, Skipped
from hub.store.outbox import now_ms
from hub.store.sqlite import SqliteStore

NEAR_US, FAR_US = 2_000_000, 60_000_000  # how far a pull reaches back: after a bell, and of everything
DAY_MS = 86_400_000
FORGOTTEN_MS = (TOMBSTONE_DAYS - 2) * DAY_MS  # two days before the first removal may be forgotten
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
    ) -> None:
        """`erase` removes a person here whom somebody removed elsewhere, with pictures and all."""
        self._store = store
        self._mirror = store.mirror
        self._remote = remote
        self._erase = erase
        self._forget_pictures = forget_pictures

    def pull(self, kinds: Collection[Kind] = tuple(Kind), back_us: int = FAR_US) -> Pulled:
        """Bring the mirror up to date. Raises Unreachable, NotAllowed, Refused, or what the store raises."""
        if self._is_forgotten():
            return self._pull_anew()
        pulled = Pulled()
        for kind in Kind:
            if kind in kinds:
                self._pull_kind(kind, pulled, back_us)
        everything = set(kinds) >= set(Kind)
        if everything or Kind.PEOPLE in pulled.kinds:
            self._look_again(pulled)
        self._store.outbox.pulled(everything=everything)
        return pulled

    def _is_forgotten(self) -> bool:
        pulled_ms = self._store.outbox.figures().pulled_ms
        return pulled_ms is not None and now_ms() - pulled_ms > FORGOTTEN_MS

    def _pull_anew(self) -> Pulled:
        log.warning("the mirror is too old: everything is pulled again")
        self._mirror.begin_anew()
        pulled = Pulled()
        there = {kind: self._pull_kind(kind, pulled, 0) for kind in Kind}
        for kind in REMOVABLE:
            gone = [Change(key, None) for key in self._mirror.missing(kind, there[kind])]
            self._settle(kind, self._mirror.apply(kind, gone), pulled)
        self._store.outbox.pulled(everything=True)
        return pulled

    def _pull_kind(self, kind: Kind, pulled: Pulled, back_us: int) -> set[str]:
        """The keys of what was there."""
        there: set[str] = set()
        for documents, cursor_us in self._pages(kind, back_us):
            changes = [_change(kind, stored) for stored in documents]
            there |= {change.key for change in changes if change.fields is not None}
            pulled.read += len(changes)
            # Erasing may fail; who was to be erased must then come again.
            self._settle(kind, self._mirror.apply(kind, changes, 0 if kind is Kind.PEOPLE else cursor_us), pulled)
            if kind is Kind.PEOPLE:
                self._mirror.apply(kind, (), cursor_us)
        return there

    def _pages(self, kind: Kind, back_us: int) -> Iterator[tuple[list[Stored], int]]:
        """What changed, with the cursor after each page."""
        after_us = max(0, self._mirror.cursor_us(kind) - back_us)
        last: object | None = None
        while True:
            page = self._remote.changed_since(kind, after_us, last)
            if page.documents:
                yield page.documents, _seen_us(page)
            last = page.last
            if last is None:
                return

    def _settle(self, kind: Kind, applied: Applied, pulled: Pulled) -> None:
        for person_id in applied.erase:
            self._erase(person_id)
        self._forget_pictures(applied.pictures)
        changed = applied.changed + len(applied.erase)
        pulled.changed += changed
        pulled.skipped += applied.skipped
        if changed:
            pulled.kinds.add(kind)

    def _look_again(self, pulled: Pulled) -> None:
        """What was skipped because it named somebody who hadn't come yet may be fine now."""
        again = Pulled()
        for skipped in self._mirror.skipped(RETRIED, reasons=("waits", "taken")):
            stored = self._remote.get(skipped.kind, name_of(skipped.kind, skipped.key))
            self._settle(skipped.kind, self._mirror.apply(skipped.kind, [_again(skipped, stored)]), again)
            pulled.read += 1
        pulled.changed += again.changed
        pulled.kinds |= again.kinds


def _seen_us(page: Page) -> int:
    """Up to where the changes are known after a page: after the last one, up to the moment of reading.

    A document that somebody dated in the future by hand must not hide all that follow.
    """
    return page.read_us if page.last is None else min(page.documents[-1].changed_us, page.read_us)


def _again(skipped: Skipped, stored: Stored | None) -> Change:
    return Change(skipped.key, None) if stored is None else _change(skipped.kind, stored)


def _change(kind: Kind, stored: Stored) -> Change:
    return Change(key_of(kind, stored.name), None if stored.is_tombstone or _is_expired(stored) else stored.fields)


def _is_expired(stored: Stored) -> bool:
    """Firestore sweeps up what has expired within a day or so, not at once."""
    expire_at = stored.fields.get("expire_at")
    return isinstance(expire_at, datetime) and expire_at.timestamp() * 1000 < now_ms()
