"""What a hub and a dashboard elsewhere ask of Firestore in a day: reads and writes as Google bills them, and the cost.

The real tasks (hub.cloud.sync) of two machines run in real time against the emulator, with their own timers; what they
ask is counted below Google's client. Two times are measured, a quiet one and one at which people come or go, and a day
is put together from them: 22.5 hours quiet, and two rushes of 45 minutes in which 1,000 people pass, three frames each.
"""

import asyncio
import itertools
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import click

from hub.cli.output import json_option
from hub.cloud.pull import FAR_US
from hub.errors import Unavailable
from hub.mirroring import open_sync
from hub.model import DeviceState
from hub.pipeline import now_ms
from hub.settings import Settings
from hub.store.opening import open_pictures, open_store
from hub.store.sqlite import SqliteStore
from tests.benchmarks.bench_store import _person, _seen
from tests.benchmarks.measure import report
from tests.benchmarks.store_cloud import emulator
from tests.firestore_calls import Calls, recording
from tests.firestore_emulator import JAR, MISSING

RUSH_S, QUIET_S = 2 * 45 * 60, 22.5 * 3600
FRAMES = 3  # of each person who passes
BROWSERS, PAGE_S = 20, 5.0
# US dollars for 100,000, of the multi-region nam5, as published in 2025; what a day has free.
PRICES = {"reads": (0.06, 50_000), "writes": (0.18, 20_000)}
COLUMNS = {
    "what": "What",
    "seconds": "measured s",
    "reads": "reads",
    "writes": "writes",
    "requests": "requests",
    "dollars": "US$ a month",
    "reads_of": "what was read",
}


@click.command()
@click.option("--people", default=1000, show_default=True, type=click.IntRange(1), help="Who come and go.")
@click.option(
    "--cameras", default=10, show_default=True, type=click.IntRange(1), help="Each tells its state every 10 s."
)
@click.option("--seconds", default=310, show_default=True, type=click.IntRange(20), help="Of each of the two times.")
@json_option
def command(people: int, cameras: int, seconds: int, as_json: bool) -> None:
    """Document reads and writes a day, and what they cost."""
    if not JAR.is_file():
        raise Unavailable(MISSING)
    with tempfile.TemporaryDirectory() as folder, emulator(Path(folder)) as new_project:
        quiet, rush = asyncio.run(_measure(Path(folder), new_project(), people, cameras, seconds))
    rows = [_row("quiet", quiet, seconds), _row("people come", rush, seconds), _day(quiet, rush, seconds)]
    report("reads", rows, COLUMNS, as_json=as_json, people=people, cameras=cameras, browsers=BROWSERS)


def _row(what: str, calls: Calls, seconds: float) -> dict[str, Any]:
    most = ", ".join(f"{way} {count}" for way, count in calls.reads_of.most_common())
    counted = {name: getattr(calls, name) for name in ("reads", "writes", "requests")}
    return {"what": what, "seconds": seconds, **counted, "reads_of": most}


def _day(quiet: Calls, rush: Calls, seconds: float) -> dict[str, Any]:
    def total(name: str) -> float:
        return (getattr(quiet, name) * QUIET_S + getattr(rush, name) * RUSH_S) / seconds

    day = {name: total(name) for name in ("reads", "writes", "requests")}
    dollars = 30 * sum(max(0.0, day[name] - free) * price / 100_000 for name, (price, free) in PRICES.items())
    return {"what": "a day", **day, "dollars": dollars}


async def _measure(folder: Path, cloud: Settings, people: int, cameras: int, seconds: float) -> tuple[Calls, Calls]:
    with recording() as calls:
        async with _machine(folder / "hub", cloud) as hub, _machine(folder / "dashboard", cloud) as dashboard:
            await _settle(hub, dashboard, people)
            calls.taken()
            await _live(hub, dashboard, cameras, seconds)
            quiet = calls.taken()
            await _live(hub, dashboard, cameras, seconds, people=people)
            return quiet, calls.taken()


async def _settle(hub: SqliteStore, dashboard: SqliteStore, people: int) -> None:
    """Everybody is known on both machines, and a pull of everything doesn't reach back to that."""
    for number in range(people):
        hub.add_person(_person(number))
    await _until(lambda: hub.outbox.figures().waiting == 0 and len(dashboard.people()) == people)
    await asyncio.sleep(FAR_US / 1e6)
    for store in (hub, dashboard):
        since_ms = now_ms()
        store.outbox.ask()
        await _until(lambda store=store, since_ms=since_ms: (store.outbox.figures().pulled_ms or 0) > since_ms)


@asynccontextmanager
async def _machine(folder: Path, cloud: Settings) -> AsyncIterator[SqliteStore]:
    """A machine's store, and the task that keeps it and Firestore the same."""
    settings = cloud.model_copy(update={"data_dir": folder})
    with closing(open_store(settings)) as store:
        sync = open_sync(settings, store, open_pictures(settings))
        assert sync is not None
        task = asyncio.create_task(sync.run())
        try:
            yield store
        finally:
            task.cancel()
            await asyncio.wait([task])


async def _live(hub: SqliteStore, dashboard: SqliteStore, cameras: int, seconds: float, *, people: int = 0) -> None:
    """Cameras tell their state, browsers look at the day, and `people` pass at the speed of a rush."""
    jobs = [_again(10.0, lambda number=number: _tell(hub, number)) for number in range(cameras)]
    today = time.strftime("%Y-%m-%d", time.gmtime())
    jobs += [_again(PAGE_S, lambda: dashboard.attendance(today, today)) for _ in range(BROWSERS)]
    if people:
        count = itertools.cycle(range(people))
        jobs.append(_again(RUSH_S / 2 / people, lambda: _pass(hub, next(count))))
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(job)


async def _again(every_s: float, work: Callable[[], object]) -> None:
    await asyncio.sleep(every_s * (hash(work) % 1000) / 1000)  # not all at once
    while True:
        started = time.monotonic()
        await asyncio.to_thread(work)
        await asyncio.sleep(max(0.0, every_s - (time.monotonic() - started)))


def _tell(hub: SqliteStore, camera: int) -> None:
    hub.put_device_state(DeviceState(f"door-{camera}", now_ms(), "online", {}, {"rssi": -60}, {}))


def _pass(hub: SqliteStore, number: int) -> None:
    at_ms = now_ms()
    for frame in range(FRAMES):
        hub.record(*_seen(number, at_ms + frame * 300))


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(300):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.5)
