"""Two dashboards on one Redis: each browser hears everything once; Redis may go and come back."""

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from broker.connection import Connection
from hub import wire
from hub.model import Consent, Person
from hub.payloads import HubStatus
from hub.store.opening import open_store
from tests.benchmarks import sockets
from tests.benchmarks.bench_live import cookie, result
from tests.integration.brokers import Site, free_port
from tests.integration.dashboard.test_process import serving

pytest.importorskip("channels_redis")

PATIENCE_S = 30.0
QUIET_S = 6.0  # longer than the layer waits for a message at a time
ADA = Person("p-ada", "Ada Example", "", "5a", Consent("yes", "test", 1, "1"), 1)


class Redis:
    """A Redis server of a test's own, on a port of its own, that keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder))
        self.process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert time.monotonic() < deadline

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(5) == b"+PONG"
        except OSError:
            return False

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(PATIENCE_S)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    if shutil.which("redis-server") is None:
        assert os.environ.get("CI") != "true", "redis-server is missing (Debian: redis-server)."
        pytest.skip("redis-server isn't installed (Debian: redis-server).")
    made = Redis(tmp_path)
    made.start()
    yield made
    made.stop()


class Page:
    """A browser's socket: the rows it has, and whether a number was missing or came twice."""

    def __init__(self) -> None:
        self.rows: set[str] = set()
        self.last: int | None = None
        self.snapshots = 0
        self.strange: list[tuple[int | None, int]] = []

    def take(self, message: dict[str, Any]) -> None:
        if message.get("snapshot"):
            self.snapshots += 1
        elif "n" in message and self.last is not None and message["n"] != self.last + 1:
            self.strange.append((self.last, message["n"]))
            return
        self.last = message.get("n", self.last)
        self.rows |= {row["id"] for row in message.get("rows", [])}


def row(number: int) -> str:
    return f"door-1-7-m{number}-{ADA.person_id}"


async def until(condition: Any) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.02)


async def opened(port: int, session: str, page: Page) -> tuple[asyncio.Task[None], asyncio.StreamWriter]:
    reader, writer = await sockets.connect("127.0.0.1", port, "/live/today/?lang=en", session)
    task = asyncio.create_task(sockets.messages(reader, writer, page.take))
    await until(lambda: page.snapshots)
    return task, writer


async def watch(site: Site, ports: tuple[int, int], redis: Redis) -> None:
    session = await asyncio.to_thread(cookie, site, ports[0])
    hub = await asyncio.to_thread(Connection, site.settings, "hub")
    hub.client.publish(wire.hub("main", wire.STATUS), HubStatus(state="online", hub_id="h").encode(), 1, retain=True)

    def publish(number: int) -> None:
        hub.client.publish(wire.hub("main", wire.RESULTS), result(number, ADA).encode(), 1)

    pages = [Page(), Page()]
    kept = [await opened(port, session, page) for port, page in zip(ports, pages, strict=True)]
    for number in range(1, 21):
        publish(number)
        await asyncio.sleep(0.02)
    wanted = {row(number) for number in range(1, 21)}
    await until(lambda: all(page.rows >= wanted for page in pages))
    assert [page.strange for page in pages] == [[], []]  # nobody hears the other process's messages

    await asyncio.sleep(QUIET_S)
    publish(30)
    await until(lambda: all(row(30) in page.rows for page in pages))
    assert [page.snapshots for page in pages] == [1, 1]  # a quiet layer isn't one that fails

    await asyncio.to_thread(redis.stop)
    publish(21)
    await asyncio.sleep(0.5)  # it can't be told now
    await asyncio.to_thread(redis.start)
    await until(lambda: all(row(21) in page.rows for page in pages))  # a snapshot closes the gap
    publish(22)
    await until(lambda: all(row(22) in page.rows for page in pages))
    for task, _writer in kept:
        task.cancel()
    hub.close()


def test_two_dashboards_on_one_redis_and_its_restart(broker_site: Site, redis: Redis):
    with closing(open_store(broker_site.settings)) as store:
        store.add_person(ADA)
    toml = broker_site.settings.data_dir / "presenza.toml"
    toml.write_text(f'redis_url = "redis://127.0.0.1:{redis.port}/0"\n')
    ports = free_port(), free_port()
    with serving(broker_site, ports[0]), serving(broker_site, ports[1]):
        asyncio.run(watch(broker_site, ports, redis))
