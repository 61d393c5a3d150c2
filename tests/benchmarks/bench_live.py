"""Time from a hub's result to the DOM of a real page with 1, 50 and 500 clients, and the memory that each costs."""

import asyncio
import http.cookiejar
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import psutil

from broker.connection import Connection
from hub import wire
from hub.model import Consent, Outcome, Person
from hub.payloads import HubStatus, Result, ResultFace
from hub.store.opening import open_store
from tests.benchmarks import pages_open, sockets
from tests.benchmarks.measure import machine
from tests.integration.brokers import Site, free_port, make_site

SILENT_SHARE = 0.05  # listeners that never read
HOST = "127.0.0.1"


@dataclass
class Listener:
    """What one listener heard: when which row, and whether a number was missed."""

    heard: dict[str, float] = field(default_factory=dict)
    last: int | None = None
    resyncs: int = 0
    skipped: int = 0

    def take(self, message: dict[str, Any]) -> None:
        now = time.time()
        if message.get("snapshot"):
            self.resyncs += self.last is not None
        elif "n" in message and self.last is not None and message["n"] != self.last + 1:
            self.skipped += 1
        self.last = message.get("n", self.last)
        for row in message.get("rows", []):
            self.heard.setdefault(row["id"], now)


@dataclass(frozen=True)
class Load:
    """What the dashboard is put under: results a second, for how long, and how many real pages look on."""

    rate: float
    seconds: float
    browsers: int


@contextmanager
def dashboard(site: Site, port: int) -> Iterator[psutil.Process]:
    """A dashboard of this site on a port, from when it listens."""
    environment = site.environ | {"PRESENZA_HTTP_PORT": str(port), "PRESENZA_LOG_LEVEL": "error"}
    command = [sys.executable, "-m", "dashboard"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b"Dashboard:"):
                break
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(10)


def cookie(site: Site, port: int) -> str:
    """A session, signed in as people sign in."""
    command = [sys.executable, "-m", "dashboard", "account", "bench", "--role", "viewer", "--json"]
    made = subprocess.run(command, env=site.environ, check=True, capture_output=True, text=True).stdout
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    where = f"http://{HOST}:{port}/sign-in/"
    page = opener.open(where).read().decode()
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)', page)
    form = {"username": "bench", "password": json.loads(made)["password"], "csrfmiddlewaretoken": token and token[1]}
    opener.open(urllib.request.Request(where, urllib.parse.urlencode(form).encode()))
    return "; ".join(f"{each.name}={each.value}" for each in jar)


def result(number: int, person: Person) -> Result:
    face = ResultFace(
        box=[100, 300, 250, 150], outcome=Outcome.ALREADY_MARKED, person_id=person.person_id, distance=0.3
    )
    now = int(time.time() * 1000)
    return Result(
        result_id=f"01BENCH{number:08d}", site="main", device="door-1", boot_id=7, frame_id=number, motion_id=number,
        captured_ms=now, received_ms=now, outcome=Outcome.ALREADY_MARKED, faces=[face], ms={"total": 50.0},
    )  # fmt: skip


async def listen(port: int, session: str, count: int) -> tuple[list[Listener], list[asyncio.Task[None]], list[Any]]:
    """Connect so many listeners, some of which never read."""
    listeners, tasks, silent = [], [], []
    for number in range(count):
        reader, writer = await sockets.connect(HOST, port, "/live/today/?lang=en", session)
        if count > 10 and number < count * SILENT_SHARE:
            silent.append((reader, writer))
            continue
        listener = Listener()
        listeners.append(listener)
        tasks.append(asyncio.create_task(sockets.messages(reader, writer, listener.take)))
        silent.append(writer)
    while not all(listener.last is not None for listener in listeners):  # each has its snapshot
        await asyncio.sleep(0.05)
    return listeners, tasks, silent


async def measure(site: Site, person: Person, count: int, load: Load) -> dict[str, Any]:
    """`count` clients: the pages, and sockets for the rest."""
    port = free_port()
    with dashboard(site, port) as process:
        session = await asyncio.to_thread(cookie, site, port)
        hub = await asyncio.to_thread(Connection, site.settings, "hub")
        status = HubStatus(state="online", hub_id="bench")
        hub.client.publish(wire.hub("main", wire.STATUS), status.encode(), 1, retain=True)
        browsers = min(load.browsers, count)
        _one, tasks, _kept = await listen(port, session, 1)  # so that all is loaded; it is gone before we begin
        tasks[0].cancel()
        base = process.memory_info().rss
        # The pages come in the middle, because listeners are served in the order in which they came.
        listeners, more, kept = await listen(port, session, (count - browsers) // 2)
        with pages_open.opened(f"http://{HOST}:{port}", session, browsers) as pages:
            late, still_more, others = await listen(port, session, count - browsers - (count - browsers) // 2)
            listeners += late
            per_client = (process.memory_info().rss - base) / count
            cpu = process.cpu_times()
            sent = await _publish(hub, person, load)
            await _settle(listeners, pages, len(sent))
            used = process.cpu_times()
            after = (process.memory_info().rss - base) / count
            seen = {which: [pages_open.times(page, which) for page in pages] for which in ("seen", "drawn")}
        for task in (*more, *still_more):
            task.cancel()
        hub.close()
        del kept, others
    return {
        "clients": count,
        "pages": len(pages),
        **{f"dom_{name}": value for name, value in ranks(seen["seen"], sent).items()},
        **{f"drawn_{name}": value for name, value in ranks(seen["drawn"], sent).items()},
        "dom_missing": sum(len(sent.keys() - each.keys()) for each in seen["seen"]),
        **_figures(listeners, sent),
        "memory_kb_a_client": round(per_client / 1024, 1),
        "memory_kb_a_client_after": round(after / 1024, 1),
        "cpu_share": round((used.user + used.system - cpu.user - cpu.system) / load.seconds, 2),
    }


async def _publish(hub: Connection, person: Person, load: Load) -> dict[str, float]:
    """Publish results; row id → when (Unix time in seconds)."""
    sent: dict[str, float] = {}
    for number in range(int(load.rate * load.seconds)):
        sent[f"door-1-7-m{number + 1}-{person.person_id}"] = time.time()
        hub.client.publish(wire.hub("main", wire.RESULTS), result(number + 1, person).encode(), 1)
        await asyncio.sleep(1 / load.rate)
    return sent


async def _settle(listeners: list[Listener], pages: list[Any], count: int) -> None:
    """Wait until everybody heard everything, or for 20 s."""
    deadline = time.time() + 20
    while time.time() < deadline and not (
        all(len(each.heard) >= count for each in listeners)
        and all(len(pages_open.times(page, "drawn")) >= count for page in pages)
    ):
        await asyncio.sleep(0.2)


def ranks(heard: list[dict[str, float]], sent: dict[str, float]) -> dict[str, float | None]:
    """p50, p95 and p99 in milliseconds from the publish on, over all who heard and all rows."""
    times = sorted((each[row] - at) * 1000 for each in heard for row, at in sent.items() if row in each)

    def rank(share: float) -> float | None:
        return round(times[min(len(times) - 1, int(share * len(times)))], 1) if times else None

    return {f"p{share}_ms": rank(share / 100) for share in (50, 95, 99)}


def _figures(listeners: list[Listener], sent: dict[str, float]) -> dict[str, Any]:
    return {
        "sockets": len(listeners),
        **{f"socket_{name}": value for name, value in ranks([each.heard for each in listeners], sent).items()},
        "results": len(sent),
        "missing": sum(len(sent.keys() - each.heard.keys()) for each in listeners),
        "skipped_numbers": sum(each.skipped for each in listeners),
        "resyncs": sum(each.resyncs for each in listeners),
    }


@click.command()
@click.option(
    "--clients", "counts", multiple=True, type=click.IntRange(1, 2000), help="How many listeners; repeatable."
)
@click.option("--rate", type=click.FloatRange(0.2, 100), default=5.0, show_default=True, help="Results a second.")
@click.option("--for", "seconds", type=click.FloatRange(1, 600), default=10.0, show_default=True)
@click.option("--browsers", type=click.IntRange(0, 10), default=1, show_default=True, help="Clients that are pages.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(counts: tuple[int, ...], rate: float, seconds: float, browsers: int, *, as_json: bool) -> None:
    """From the publish of a result to the DOM of a page in Chromium, by the clock of this machine.

    The other clients are WebSockets that read and confirm as the page does; 5 % of them never read.
    """
    if browsers and pages_open.chromium() is None:
        raise click.ClickException("Chromium and its driver aren't installed; --browsers 0 measures sockets only.")
    load = Load(rate, seconds, browsers)
    with tempfile.TemporaryDirectory(prefix="presenza-live-") as folder, make_site(Path(folder) / "data") as site:
        person = Person("p-bench", "Ada Example", "", "5a", Consent("yes", "bench", 1, "1"), 1)
        store = open_store(site.settings)
        store.add_person(person)
        store.close()
        rows = [asyncio.run(measure(site, person, count, load)) for count in counts or (1, 50, 500)]
    report = {"rate": rate, "seconds": seconds, "silent_share": SILENT_SHARE, "machine": machine(), "rows": rows}
    if as_json:
        click.echo(json.dumps(report, indent=2))
        return
    for row in rows:
        click.echo("  ".join(f"{name} {value}" for name, value in row.items()))


if __name__ == "__main__":
    command()
