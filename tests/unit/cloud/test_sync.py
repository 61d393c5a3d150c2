"""The work of one process, with a Firestore that answers at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hub.cloud import sync
from hub.cloud.sync import BACK_OFF_S, BackOff, Sync
from hub.store.documents import Kind
from tests.integration.store.records import a_person
from tests.unit.cloud.mirrors import Mirror

PATIENCE_S = 20.0  # for what takes less than a second on a quiet machine


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOCKED_S", "POLL_S", "RING_S", "HEARD_S", "LISTENER_S"):
        monkeypatch.setattr(sync, name, 0.01)


def a_sync(mirror: Mirror, folder: Path) -> Sync:
    return Sync(
        mirror.store, folder, lambda: mirror.remote, mirror.bucket,
        erase=mirror.erase, forget_pictures=mirror.forgotten.extend, keep_events_days=90,
    )  # fmt: skip


@asynccontextmanager
async def running(work: Sync) -> AsyncIterator[None]:
    task = asyncio.create_task(work.run())
    yield
    assert not task.done()
    task.cancel()
    await asyncio.wait([task])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


def pulls_of(mirror: Mirror, kind: Kind) -> int:
    return mirror.remote.asked("changed_since").count((kind, ""))


async def test_everything_is_pulled_in_time_though_bells_ring_all_the_time(
    here: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "PULL_S", 0.2)
    work = a_sync(here, tmp_path / "here")
    async with running(work):
        async with asyncio.timeout(PATIENCE_S):
            while pulls_of(here, Kind.PEOPLE) < 4:
                work._on_bell([Kind.DEVICE_STATES])
                await asyncio.sleep(0.01)
    assert pulls_of(here, Kind.DEVICE_STATES) > pulls_of(here, Kind.PEOPLE)


async def test_a_bell_is_answered_with_the_kinds_it_rang_for(here: Mirror, tmp_path: Path) -> None:
    work = a_sync(here, tmp_path / "here")

    def events_alone() -> bool:
        work._on_bell([Kind.EVENTS])
        # Everything is pulled at the start, conflicts last.
        return pulls_of(here, Kind.EVENTS) > pulls_of(here, Kind.CONFLICTS) + 1

    async with running(work):
        await until(events_alone)


async def test_who_starts_rings_for_everything_and_then_for_what_it_sends(here: Mirror, tmp_path: Path) -> None:
    async with running(a_sync(here, tmp_path / "here")):
        await until(lambda: len(here.remote.rung) == 1)
        here.store.add_person(a_person())
        await until(lambda: len(here.remote.rung) == 2)
    assert here.remote.rung == [set(Kind), {Kind.PEOPLE}]


async def test_a_bell_that_could_not_be_rung_is_rung_later(here: Mirror, tmp_path: Path) -> None:
    here.remote.always = "away"
    async with running(a_sync(here, tmp_path / "here")):
        await until(lambda: len(here.remote.asked("ring")) >= 2)
        assert here.remote.rung == []
        here.remote.always = None
        await until(lambda: here.remote.rung == [set(Kind)])


async def test_a_mistake_of_ours_stops_nothing_else(
    here: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistake(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(here.remote, "changed_since", mistake)
    async with running(a_sync(here, tmp_path / "here")):
        here.store.add_person(a_person())
        await until(lambda: here.store.outbox.figures().waiting == 0)


def test_waits_grow_to_five_seconds_and_differ_by_chance() -> None:
    longest, shortest = BackOff(lambda: 1.0), BackOff(lambda: 0.0)
    waits = [longest.next_s() for _ in range(10)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == BACK_OFF_S
    assert [2 * shortest.next_s() for _ in range(10)] == waits
    longest.reset()
    assert longest.next_s() == BACK_OFF_S[0]
