"""From a frame's last chunk to its ack with the cloud there, with the line cut, in a black hole, and without any cloud.

One hub keeps its people on Firestore (Google's emulator, behind a line that can be cut), another on its own disk alone.
The four take turns, some frames each, so that a busy moment of the machine hits all.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

from hub import settings
from hub.cli.output import json_option
from hub.errors import Unavailable
from hub.metrics import percentiles
from hub.settings import Settings
from tests.acceptance.clouds import CloudHub, Lines, cloud_hub, lines
from tests.acceptance.stack import Door, Stack, enrol, make_stack, portrait, scene
from tests.benchmarks.measure import progress, report
from tests.firestore_emulator import JAR, MISSING, new_name, run_firestore
from tests.storage_emulator import run_storage

BLOCK = 10  # frames before the next takes its turn
WITHOUT = "a hub without a cloud"
COLUMNS = {
    "what": "What",
    "n": "frames",
    "p50": "p50 ms",
    "p95": "p95 ms",
    "p99": "p99 ms",
    "over_baseline": "× with the cloud, p50",
    "waiting": "documents waiting at most",
}


@click.command()
@click.option("--rounds", default=20, show_default=True, type=click.IntRange(1), help="Turns of ten frames each.")
@click.option("--rate", default=5.0, show_default=True, type=click.FloatRange(0.1, 50), help="Frames a second.")
@json_option
def command(rounds: int, rate: float, as_json: bool) -> None:
    """Time to the ack while the cloud is away, against the same with the cloud there."""
    if not JAR.is_file():
        raise Unavailable(MISSING)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        hub, plain = _hubs(Path(folder), stack)
        turns: dict[str, tuple[Door, Callable[[], None]]] = {
            "the cloud is there": (hub.door, hub.line.mend),
            "the line is cut": (hub.door, hub.line.cut),
            "a black hole": (hub.door, hub.line.swallow),
            WITHOUT: (plain.door, hub.line.mend),
        }
        rows = _measure(hub, turns, rounds, 1 / rate)
    report("outage", rows, COLUMNS, as_json=as_json)


def _hubs(folder: Path, stack: ExitStack) -> tuple[CloudHub, Stack]:
    enrol(folder / "enrolled")
    shutil.copytree(folder / "enrolled", folder / "here")
    cloud, line = stack.enter_context(_cloud(folder))
    hub = stack.enter_context(cloud_hub(folder / "here", cloud, line))
    plain = stack.enter_context(make_stack(folder / "plain", folder / "enrolled"))
    for each in (hub, plain):
        each.start_hub()
    hub.wait_until_sent()
    return hub, plain


@contextmanager
def _cloud(folder: Path) -> Iterator[tuple[Settings, Lines]]:
    with run_firestore(folder / "firestore.log") as firestore, run_storage(folder / "storage.log") as storage:
        os.environ |= {"FIRESTORE_EMULATOR_HOST": firestore.host, "STORAGE_EMULATOR_HOST": storage.address}
        bucket = new_name("bucket")
        storage.make_bucket(bucket)
        values = {"firebase_project": new_name("bench"), "storage_bucket": bucket, "cloud_test": True}
        with lines(firestore.port, storage.port) as line:
            yield settings.load({}, store="firestore", **values), line


def _measure(
    hub: CloudHub, turns: dict[str, tuple[Door, Callable[[], None]]], rounds: int, pause_s: float
) -> list[dict[str, Any]]:
    pictures = [scene(portrait("obama", 3), quality=quality) for quality in range(75, 90)]
    times: dict[str, list[float]] = {what: [] for what in turns}
    waiting = dict.fromkeys(turns, 0)
    for _ in progress("Frames")(range(rounds)):
        for what, (door, prepare) in turns.items():
            prepare()
            _one(door, pictures[0])  # the first after the change isn't counted
            due = time.perf_counter()
            for number in range(BLOCK):
                time.sleep(max(0.0, due - time.perf_counter()))
                due += pause_s
                times[what].append(_one(door, pictures[number % len(pictures)]))
            waiting[what] = max(waiting[what], hub.store.outbox.figures().waiting)
    hub.line.mend()
    hub.wait_until_sent()
    baseline = percentiles(times["the cloud is there"])["p50"]
    found = {what: percentiles(spent) for what, spent in times.items()}
    return [
        {
            "what": what,
            **found[what],
            "over_baseline": found[what]["p50"] / baseline,
            "waiting": None if what == WITHOUT else waiting[what],
        }
        for what in turns
    ]


def _one(door: Door, jpeg: bytes) -> float:
    sent = door.put(jpeg)
    start = time.perf_counter()
    door.ack_of(sent)
    return (time.perf_counter() - start) * 1000
