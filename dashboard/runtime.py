"""What every page works with: the hub's store and pictures, the people as cached names, the line to the broker."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from time import time_ns
from typing import Protocol

from hub import settings as hub_settings
from hub.attendance import Rules, site_day
from hub.errors import Unavailable
from hub.model import Event, Person
from hub.settings import Settings
from hub.store import Store
from hub.store.pictures import PictureStore


def now_ms() -> int:
    """Unix time in milliseconds."""
    return time_ns() // 1_000_000


class Line(Protocol):
    """The way to the broker and the hub, for views (which run in threads). Each raises Unavailable."""

    connected: bool

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None) -> None: ...

    def request(self, method: str, payload: bytes, timeout_s: float = 30.0) -> bytes: ...

    def erased(self, person_id: str) -> None:
        """Take a person off every open page."""

    def renamed(self, event: Event) -> None:
        """A face of an event lost its name, or has it back: show it so on every open page."""

    def attendance_changed(self) -> None:
        """Count again who is there."""

    def forget_camera(self, device: str) -> None:
        """Take a camera off every open page."""

    def rollout_waits(self) -> None:
        """A roll-out was written down; somebody may carry it out."""


class NoLine:
    """The line of a process without a relay: tests, and commands that only render."""

    connected = False

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None) -> None:
        raise Unavailable("There is no connection to the broker.")

    def request(self, method: str, payload: bytes, timeout_s: float = 30.0) -> bytes:
        raise Unavailable("There is no connection to the hub.")

    def erased(self, person_id: str) -> None:
        """No page is open."""

    def renamed(self, event: Event) -> None:
        """No page is open."""

    def attendance_changed(self) -> None:
        """No page is open."""

    def forget_camera(self, device: str) -> None:
        """No page is open."""

    def rollout_waits(self) -> None:
        """The next process that has a line takes it."""


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody at one revision of the store."""

    revision: int
    people: tuple[Person, ...]
    by_id: Mapping[str, Person]
    groups: tuple[str, ...]
    folded: tuple[str, ...]  # what a search looks through, one for each of `people`

    @classmethod
    def load(cls, store: Store) -> "Roster":
        revision = store.people_revision()  # asked first: a change in between is seen the next time
        people = tuple(sorted(store.people(), key=lambda person: (person.name.casefold(), person.person_id)))
        return cls(
            revision,
            people,
            {person.person_id: person for person in people},
            tuple(sorted({person.group for person in people if person.group})),
            tuple(f"{person.name} {person.number} {person.group}".casefold() for person in people),
        )

    def search(self, words: str) -> list[Person]:
        """People whose name, number or group holds every word."""
        wanted = words.casefold().split()
        if not wanted:
            return list(self.people)
        found = zip(self.people, self.folded, strict=True)
        return [person for person, text in found if all(word in text for word in wanted)]

    def name(self, person_id: str | None) -> str:
        person = self.by_id.get(person_id or "")
        return person.name if person else ""


@dataclass(slots=True)
class Runtime:
    """One process's connections. Views reach it by `current()`."""

    settings: Settings
    store: Store
    pictures: PictureStore
    line: Line = field(default_factory=NoLine)
    _roster: Roster | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _toml_stamp: float = -1.0
    _days: tuple[date, int, set[date]] = (date.max, 0, set())  # from when, in which hour it was asked, the days

    def roster(self) -> Roster:
        """Everybody; read again only when somebody changed."""
        with self._lock:
            if self._roster is None or self._roster.revision != self.store.people_revision():
                self._roster = Roster.load(self.store)
            return self._roster

    def days_with_attendance(self, first: date, last: date) -> set[date]:
        """The days on which anybody was there. Days that are over are asked for once an hour."""
        today, hour = self.today(), now_ms() // 3_600_000
        known_from, known_at, known = self._days
        if known_at != hour or first < known_from:
            yesterday = (today - timedelta(days=1)).isoformat()
            known = {date.fromisoformat(day) for day in self.store.day_counts(first.isoformat(), yesterday)}
            self._days = (first, hour, known)
        found = {day for day in known if first <= day <= last}
        if first <= today <= last and self.store.day_counts(today.isoformat(), today.isoformat()):
            found.add(today)
        return found

    @property
    def rules(self) -> Rules:
        return Rules(self.settings.zone, self.settings.day_start, self.settings.late_after)

    def today(self) -> date:
        """The site's day now."""
        return date.fromisoformat(site_day(now_ms(), self.rules))

    def local(self, at_ms: int) -> datetime:
        """A time as the site's clocks show it."""
        return datetime.fromtimestamp(at_ms / 1000, self.settings.zone)

    def refresh_settings(self) -> None:
        """Take over presenza.toml when it changed."""
        path = self.settings.data_dir / hub_settings.TOML_NAME
        stamp = _stamp(path)
        if stamp != self._toml_stamp:
            self._toml_stamp = stamp
            self.settings = hub_settings.load(data_dir=self.settings.data_dir)


def _stamp(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


_current: Sequence[Runtime] = ()


def install(runtime: Runtime) -> None:
    """Make `runtime` the one that views use."""
    global _current  # noqa: PLW0603 - one process has one
    _current = (runtime,)


def current() -> Runtime:
    if not _current:
        raise Unavailable("The dashboard isn't open yet.")
    return _current[0]
