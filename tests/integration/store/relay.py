"""A store behind Firestore: written on one machine, read on another, with only Firestore between.

Writing goes to a mirror `here`. Before the next reading, what it changed is sent, and another mirror
`there` pulls it. So what a test reads has travelled, and every test of stores is one of that, too.
"""

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

from hub.cloud.drain import Drain, Line
from hub.cloud.firestore import Firestore
from hub.cloud.pull import Puller
from hub.cloud.sending import DocumentSender
from hub.errors import NotFound
from hub.sealing import Keyring
from hub.settings import Settings
from hub.store import Removed
from hub.store.documents import Kind
from hub.store.sqlite import SqliteStore

# What reads, and doesn't need to be asked at the place where it was written.
READING = (
    "person", "people", "groups", "pictures_of", "photos", "templates", "templated", "photos_without", "event_of",
    "event", "events", "newest_events", "ignored_faces", "negatives", "attendance", "day_counts", "corrections",
    "arrival_counts", "denials", "open_faces", "devices", "wanted_configs", "config_templates", "device_states",
    "pictures_in_use",
)  # fmt: skip


class Machine:
    """A mirror with what sends and pulls for it. No timers: `send` and `pull` do it now."""

    def __init__(self, folder: Path, settings: Settings, keys: Keyring, remote: Any = None) -> None:
        self.store = SqliteStore(folder / "presenza.db", keys)
        self.store.outbox.switch_on(f"{settings.firebase_project}/{settings.space}")
        self.remote = remote or Firestore(settings, self.store.outbox.origin())
        self.sender = DocumentSender(self.store, self.remote, erase=self.erase, keep_events_days=lambda: 36500)
        self.drain = Drain(self.store.outbox, self.sender.send, monotonic)
        self.puller = Puller(self.store, self.remote, erase=self.erase, forget_pictures=self.forgotten.extend)

    @property
    def forgotten(self) -> list[str]:
        return self.__dict__.setdefault("_forgotten", [])  # type: ignore[no-any-return]

    def erase(self, person_id: str) -> None:
        try:
            self.store.remove_person(person_id)
        except NotFound:
            return

    def send(self) -> set[str]:
        """Send all that waits; which kinds it was."""
        sent: set[str] = set()
        while True:
            step = self.drain.step(news=True)
            assert step.line is Line.UP, self.store.outbox.figures()
            sent |= step.kinds
            if not step.sent:
                assert self.store.outbox.dead() == []
                return sent

    def close(self) -> None:
        self.drain.close()
        self.store.close()
        self.remote.close()


class RelayStore:
    """Implements `hub.store.Store`: each call goes to the machine that is to answer it."""

    def __init__(self, here: Machine, there: Machine) -> None:
        self.here = here
        self.there = there
        self._written = False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            machine = self.there if name in READING else self.here
            if name in READING:
                self.bring()
            else:
                self._written = True
            return getattr(machine.store, name)(*given, **named)

        return call

    def purge_events(self, before_ms: int, **limit: int) -> Removed:
        """What is old goes by its age, on each machine by itself; nobody has to say so."""
        self.bring()
        removed = self.here.store.purge_events(before_ms, **limit)
        assert self.there.store.purge_events(before_ms, **limit) == removed
        self._written = True
        return removed

    def bring(self) -> None:
        """Let everything that was written arrive."""
        if self._written:
            kinds = self.here.send()
            if kinds:
                self.there.puller.pull([kind for kind in Kind if kind in kinds])
            self._written = False

    def problems(self) -> list[str]:
        self.bring()
        skipped = [str(each) for each in self.there.store.mirror.skipped()]
        return [*self.here.store.problems(), *self.there.store.problems(), *skipped]

    def close(self) -> None:
        self.here.close()
        self.there.close()
