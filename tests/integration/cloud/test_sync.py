"""Two machines that keep themselves the same over Firestore, by their own timers and bells."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest

from hub.cloud import drain, sync
from hub.cloud.drain import Drain, Step
from hub.cloud.firestore import CALL_S, Firestore
from hub.cloud.remote import Listener, Stored
from hub.cloud.sync import Sync, is_running
from hub.errors import NotFound
from hub.model import DeviceState
from hub.sealing import Keyring
from hub.settings import Settings, load
from hub.store.documents import Kind
from hub.store.sqlite import SqliteStore
from tests.firestore_emulator import FirestoreEmulator
from tests.integration.store.records import DAY, a_face, a_frame, a_person, see
from tests.proxy import Line

PATIENCE_S = 30.0  # for what takes less than a second on a quiet machine


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "HEARD_S", 0.1)
    monkeypatch.setattr(sync, "RING_S", 0.1)


@pytest.fixture
def settings(tmp_path: Path, firestore_project: str) -> Settings:
    return load({}, data_dir=tmp_path, store="firestore", firebase_project=firestore_project, cloud_test=True)


def open_mirror(settings: Settings, name: str) -> SqliteStore:
    store = SqliteStore(settings.data_dir / name / "presenza.db", Keyring(settings.site_key))
    store.outbox.switch_on(f"{settings.firebase_project}/{settings.space}")
    return store


@pytest.fixture
def stores(settings: Settings) -> Iterator[tuple[SqliteStore, SqliteStore]]:
    here, there = open_mirror(settings, "here"), open_mirror(settings, "there")
    yield here, there
    here.close()
    there.close()


def a_sync(settings: Settings, store: SqliteStore, name: str) -> Sync:
    def erase(person_id: str) -> None:
        try:
            store.remove_person(person_id)
        except NotFound:
            return

    return Sync(
        store,
        settings.data_dir / name,
        lambda: Firestore(settings, store.outbox.origin()),
        None,
        erase=erase,
        forget_pictures=lambda keys: None,
        keep_events_days=36500,
    )


@asynccontextmanager
async def running(*syncs: Sync) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.create_task(sync.run()) for sync in syncs]
    yield tasks
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert [task.cancelled() for task in tasks] == [True] * len(tasks)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.02)


async def test_what_one_machine_writes_the_other_soon_has(
    settings: Settings, stores: tuple[SqliteStore, SqliteStore]
) -> None:
    here, there = stores
    async with running(a_sync(settings, here, "here"), a_sync(settings, there, "there")):
        here.add_person(a_person())
        await until(lambda: len(there.people()) == 1)
        see(there, a_frame(), a_face())
        await until(lambda: len(here.attendance(DAY, DAY)) == 1)
        here.remove_person("p-1")
        await until(lambda: there.people() == [] and there.attendance(DAY, DAY) == [])
        await until(lambda: here.outbox.figures().waiting == there.outbox.figures().waiting == 0)
    figures = here.outbox.figures()
    assert (figures.trouble, figures.paused, figures.skipped, figures.dead) == (None, None, 0, 0)
    assert figures.contact_ms is not None


async def test_of_two_processes_on_a_folder_one_works_and_the_other_takes_over(
    settings: Settings, stores: tuple[SqliteStore, SqliteStore]
) -> None:
    here, _ = stores
    async with running(a_sync(settings, here, "here"), a_sync(settings, here, "here")) as (first, second):
        await until(lambda: is_running(settings.data_dir / "here"))
        here.add_person(a_person())
        await until(lambda: here.outbox.figures().waiting == 0)
        first.cancel()
        await asyncio.wait([first])
        here.add_person(a_person("p-2"))
        await until(lambda: here.outbox.figures().waiting == 0)
        assert not second.done()
    assert not is_running(settings.data_dir / "here")


@pytest.mark.parametrize("fault", ["cut", "swallow"])
async def test_what_waits_while_the_line_is_down_arrives_when_it_is_back(
    settings: Settings,
    stores: tuple[SqliteStore, SqliteStore],
    firestore_emulator: FirestoreEmulator,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    here, there = stores
    with Line(firestore_emulator.port) as line:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", line.host)
        async with running(a_sync(settings, here, "here")):
            here.add_person(a_person())
            await until(lambda: here.outbox.figures().waiting == 0)
            getattr(line, fault)()
            see(here, a_frame(), a_face())
            await until(lambda: here.outbox.figures().trouble is not None)
            assert here.outbox.figures().waiting == 2
            line.mend()
            await until(lambda: here.outbox.figures().waiting == 0)
            await until(lambda: here.outbox.figures().trouble is None)
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_emulator.host)
    async with running(a_sync(settings, there, "there")):
        await until(lambda: len(there.attendance(DAY, DAY)) == 1)


async def test_settings_that_can_not_be_right_are_said_and_the_rest_goes_on(
    settings: Settings, stores: tuple[SqliteStore, SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = stores
    wrong = settings.model_copy(update={"firebase_credentials": settings.data_dir / "nowhere.json"})
    async with running(a_sync(wrong, here, "here")):
        await until(lambda: here.outbox.figures().paused is not None)
        assert "nowhere.json, which can't be read" in str(here.outbox.figures().paused)
        here.add_person(a_person())
    assert here.outbox.figures().waiting == 1


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """What each step of the drain did, added when it ends."""
    ended: list[Step] = []
    original = Drain.step

    def step(self: Drain, *, news: bool = False) -> Step:
        ended.append(original(self, news=news))
        return ended[-1]

    monkeypatch.setattr(Drain, "step", step)
    return ended


async def test_who_asks_has_everything_sent_at_once_though_it_is_only_news(
    settings: Settings,
    stores: tuple[SqliteStore, SqliteStore],
    steps: list[Step],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, _ = stores
    monkeypatch.setattr(drain, "NEWS_ROUND_S", 0.0)
    async with running(a_sync(settings, here, "here")):
        here.put_device_state(DeviceState("door-1", 1))
        await until(lambda: here.outbox.waiting(1) == [])
        here.put_device_state(DeviceState("door-1", 2))
        before = len(steps)
        await until(lambda: len(steps) >= before + 3)  # the first of these may have begun before there was news
        assert [step.sent for step in steps[before + 1 : before + 3]] == [0, 0]  # it rests for a minute
        assert len(here.outbox.waiting(1)) == 1
        here.outbox.ask()
        await until(lambda: here.outbox.waiting(1) == [])


async def test_a_listener_that_died_is_replaced(
    settings: Settings, stores: tuple[SqliteStore, SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = stores
    monkeypatch.setattr(sync, "LISTENER_S", 0.1)
    bells: list[Listener] = []
    original = Firestore.listen

    def listen(self: Firestore, heard: Callable[[Collection[Kind]], None]) -> Listener:
        bells.append(original(self, heard))
        return bells[-1]

    monkeypatch.setattr(Firestore, "listen", listen)
    async with running(a_sync(settings, there, "there")):
        await until(lambda: len(bells) == 1)
        bells[0].stop()
        await until(lambda: len(bells) == 2)
        async with running(a_sync(settings, here, "here")):
            here.add_person(a_person())
            await until(lambda: len(there.people()) == 1)


def test_it_ends_at_once_though_calls_are_under_way_that_nobody_answers(
    settings: Settings,
    stores: tuple[SqliteStore, SqliteStore],
    firestore_emulator: FirestoreEmulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, _ = stores
    begun = threading.Event()
    original = Firestore.get

    def get(self: Firestore, kind: Kind, name: str) -> Stored | None:
        begun.set()
        return original(self, kind, name)

    monkeypatch.setattr(Firestore, "get", get)

    async def live_and_end(line: Line) -> float:
        task = asyncio.create_task(a_sync(settings, here, "here").run())
        here.add_person(a_person())
        await until(lambda: here.outbox.figures().waiting == 0)
        line.swallow()
        here.add_person(a_person("p-2"))
        await until(lambda: here.outbox.figures().trouble is not None)
        begun.clear()
        await until(begun.is_set)  # the next call is under way, and hangs for CALL_S
        task.cancel()
        return monotonic()

    with Line(firestore_emulator.port) as line:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", line.host)
        began = asyncio.run(live_and_end(line))  # which waits for its threads
    assert monotonic() - began < CALL_S / 2
