"""Keeping a mirror and Firestore the same: one task of a hub or a dashboard, until it is cancelled.

Of all processes on one data folder only the one that holds `sync.lock` does the work; when it goes the
next one takes over. Everything that blocks runs in threads. What goes wrong is kept in the store
(`Outbox.figures`), where every process can see it, and stops nothing else.
"""

import asyncio
import fcntl
import os
import random
import threading
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import TypeVar

import structlog

from hub.cloud.drain import Drain, Line, Step
from hub.cloud.pull import FAR_US, NEAR_US, Pulled, Puller
from hub.cloud.remote import Listener, NotAllowed, Refused, Remote
from hub.cloud.sending import DocumentSender, PictureSender, Uploader
from hub.errors import Busy, PresenzaError, SettingsError
from hub.store.documents import Kind
from hub.store.outbox import SyncFigures
from hub.store.sqlite import SqliteStore

LOCK = "sync.lock"
LOCKED_S = 1.0  # how often a process looks whether it may take over
POLL_S = 0.25  # how often the outbox is looked into
RING_S = 1.0  # the bell rings no more often: Firestore allows one write a second to a document
HEARD_S = 5.0  # after a pull; what was rung meanwhile is pulled at once then
PULL_S = 300.0  # without any bell: one may be lost, and who edits by hand rings none
LISTENER_S = 15.0  # a listener dies in silence
CLOSED_S = 60.0  # while Firestore lets us do nothing
BACK_OFF_S = (0.1, 5.0)

log = structlog.get_logger()
T = TypeVar("T")


class BackOff:
    """Longer and longer waits, each by chance a little shorter, so that many who wait don't come all at once."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._next_s = BACK_OFF_S[0]

    def next_s(self) -> float:
        wait_s, self._next_s = self._next_s, min(BACK_OFF_S[1], 2 * self._next_s)
        return wait_s * (0.5 + self._chance() / 2)

    def reset(self) -> None:
        self._next_s = BACK_OFF_S[0]


class Sync:
    """The work of one process. `run` does it for ever; `figures` says how it stands, about a second old."""

    def __init__(
        self,
        store: SqliteStore,
        folder: Path,
        open_remote: Callable[[], Remote],
        uploader: Uploader | None,
        *,
        erase: Callable[[str], None],
        forget_pictures: Callable[[Collection[str]], None],
        keep_events_days: int,
        on_pulled: Callable[[Pulled], None] = lambda pulled: None,
    ) -> None:
        """`erase` and `forget_pictures` are called in threads, `on_pulled` in the event loop."""
        self._store = store
        self._folder = folder
        self._open_remote = open_remote
        self._uploader = uploader
        self._erase = erase
        self._forget_pictures = forget_pictures
        self.keep_events_days = keep_events_days  # may be changed while it runs
        self._on_pulled = on_pulled
        self._gate = threading.Lock()
        self._asked = asyncio.Event()
        self._news = False
        self._heard: set[Kind] = set()
        self._hear = asyncio.Event()
        self._sent: set[str] = set()
        self.figures: SyncFigures | None = None

    async def run(self) -> None:
        """Wait until nobody else does it, then send and pull for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch(), name="sync figures")
            with only_one(self._folder) as locked:
                while not locked():  # noqa: ASYNC110 - nothing tells a process that another let go
                    await asyncio.sleep(LOCKED_S)
                await self._work()

    def once(self) -> Line:
        """Send everything that waits, and pull, in this thread; how the line was. Raises Busy when others do it."""
        with only_one(self._folder) as locked, ExitStack() as stack:
            if not locked():
                raise Busy("A hub or a dashboard does this already.")
            remote = self._open_remote()
            stack.callback(remote.close)
            drains = self._drains(remote)
            for drain in drains:
                stack.callback(drain.close)
            self._puller(remote).pull()
            lines = [_sent_all(drain) for drain in drains]
            remote.ring(list(Kind))
        return next((line for line in lines if line is not Line.UP), Line.UP)

    def _drains(self, remote: Remote) -> list[Drain]:
        sender = DocumentSender(self._store, remote, erase=self._erase, keep_events_days=lambda: self.keep_events_days)
        drains = [Drain(self._store.outbox, sender.send, monotonic, gate=self._gate)]
        if self._uploader is not None:
            pictures = PictureSender(self._store, self._uploader)
            drains.append(Drain(self._store.outbox, pictures.send, monotonic, pictures=True))
        return drains

    def _puller(self, remote: Remote) -> Puller:
        return Puller(self._store, remote, erase=self._erase, forget_pictures=self._forget_pictures, gate=self._gate)

    async def _work(self) -> None:
        remote = await self._opened()
        drains, puller = self._drains(remote), self._puller(remote)
        works = {"ring": self._ring(remote), "listen": self._listen(remote), "pull": self._pull(puller)}
        try:
            async with asyncio.TaskGroup() as group:
                for name, work in works.items():
                    group.create_task(work, name=f"sync {name}")
                for drain in drains:
                    group.create_task(self._send(drain), name="sync send")
        finally:
            remote.close()  # ends the calls that are under way in threads
            for drain in drains:
                drain.close()

    async def _opened(self) -> Remote:
        while True:
            try:
                return await asyncio.to_thread(self._open_remote)
            except SettingsError as error:
                log.warning("cloud", message=str(error))
                await asyncio.to_thread(self._store.outbox.in_trouble, str(error), pause=True)
            await self._until_asked(CLOSED_S)

    # -- sending ----------------------------------------------------------------
    async def _send(self, drain: Drain) -> None:
        back_off, line = BackOff(), Line.UP
        while True:
            news, self._news = self._news, False
            step = await self._guarded(asyncio.to_thread(drain.step, news=news))
            line = self._told(step, line)
            if step is None or step.line is Line.DOWN:
                await self._until_asked(back_off.next_s())
                continue
            if step.line is Line.CLOSED:
                await self._until_asked(CLOSED_S)
                continue
            back_off.reset()
            self._sent |= step.kinds
            if not step.sent:
                await self._until_asked(POLL_S)

    def _told(self, step: Step | None, before: Line) -> Line:
        """Log that the line went down, or is back."""
        line = before if step is None else step.line
        if line is not before:
            say = log.info if line is Line.UP else log.warning
            say("line to the cloud", line=line.name.lower())
        return line

    async def _ring(self, remote: Remote) -> None:
        self._sent |= {kind.value for kind in Kind}  # who was killed before it rang rings now
        while True:
            await asyncio.sleep(RING_S)
            kinds = set(self._sent) & set(Kind)
            if not kinds:
                continue
            if await self._guarded(asyncio.to_thread(_rung, remote, kinds)):
                self._sent -= kinds

    # -- pulling ----------------------------------------------------------------
    async def _listen(self, remote: Remote) -> None:
        loop = asyncio.get_running_loop()
        listener: Listener | None = None

        def heard(kinds: Collection[Kind]) -> None:
            with suppress(RuntimeError):  # the loop is closed already
                loop.call_soon_threadsafe(self._on_bell, kinds)

        try:
            while True:
                if listener is None or not listener.is_active():
                    listener = await self._guarded(asyncio.to_thread(remote.listen, heard))
                    self._on_bell(tuple(Kind))
                await asyncio.sleep(LISTENER_S)
        finally:
            if listener is not None:
                listener.stop()

    def _on_bell(self, kinds: Collection[Kind]) -> None:
        self._heard |= set(kinds)
        self._hear.set()

    async def _pull(self, puller: Puller) -> None:
        back_off, all_due_s = BackOff(), 0.0
        while True:
            kinds = await self._next_kinds(all_due_s)
            everything = kinds >= set(Kind)
            pulled = await self._guarded(asyncio.to_thread(puller.pull, kinds, FAR_US if everything else NEAR_US))
            if pulled is None:
                self._on_bell(kinds)  # not now, then later
                await self._until_asked(back_off.next_s())
                continue
            back_off.reset()
            all_due_s = monotonic() + PULL_S if everything else all_due_s
            if pulled.changed:
                self._on_pulled(pulled)
            await self._until_asked(HEARD_S)

    async def _next_kinds(self, all_due_s: float) -> set[Kind]:
        """Wait for a bell, but no longer than until everything is due: bells that never rest put that off no more."""
        if monotonic() < all_due_s:
            with suppress(TimeoutError):
                async with asyncio.timeout(all_due_s - monotonic()):
                    await self._hear.wait()
        self._hear.clear()
        heard, self._heard = self._heard, set()
        return set(Kind) if monotonic() >= all_due_s else heard

    # -- all of them ------------------------------------------------------------
    async def _watch(self) -> None:
        """Keep the figures fresh, and hear when somebody asks for everything at once."""
        asked: int | None = None
        while True:
            figures = await self._guarded(asyncio.to_thread(self._store.outbox.figures))
            now = await self._guarded(asyncio.to_thread(self._store.outbox.asked))
            self.figures = figures or self.figures
            if now is not None and asked is not None and now != asked:
                self._news = True
                self._on_bell(tuple(Kind))
                self._asked.set()
            asked = asked if now is None else now
            await asyncio.sleep(LOCKED_S)

    async def _until_asked(self, wait_s: float) -> None:
        """Wait, but not when somebody asks."""
        try:
            async with asyncio.timeout(wait_s):
                await self._asked.wait()
        except TimeoutError:
            return
        self._asked.clear()

    async def _guarded(self, work: Awaitable[T]) -> T | None:
        """What `work` gives, or None when it failed: that is noted, and nobody else has to suffer."""
        try:
            return await work
        except (NotAllowed, Refused) as error:
            await self._note(str(error), pause=True)
        except Busy:
            log.warning("the store is busy")
        except PresenzaError as error:
            await self._note(str(error), pause=False)
        except Exception:
            log.exception("sync")
        return None

    async def _note(self, sentence: str, *, pause: bool) -> None:
        try:
            await asyncio.to_thread(self._store.outbox.in_trouble, sentence, pause=pause)
        except PresenzaError as error:
            log.warning("the store can't be written", error=str(error))


def _sent_all(drain: Drain) -> Line:
    while True:
        step = drain.step(news=True)
        if step.line is not Line.UP or not step.sent:
            return step.line


def _rung(remote: Remote, kinds: Collection[str]) -> bool:
    remote.ring(kinds)
    return True


@contextmanager
def only_one(folder: Path) -> Iterator[Callable[[], bool]]:
    """Gives what tries to take the folder for this process, and says whether it has it. It lets go at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def locked() -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    try:
        yield locked
    finally:
        os.close(fd)


def is_running(folder: Path) -> bool:
    """Whether a process on this folder does the work now."""
    with only_one(folder) as locked:
        return not locked()
