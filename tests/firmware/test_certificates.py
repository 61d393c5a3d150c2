"""A camera with a certificate of its own instead of a password: the firmware and the simulated camera alike."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest

import broker
from broker import Admin, certificates, tls
from broker.certificates import Pair
from hub.provision.build import Build
from hub.simulator.camera import Camera
from hub.simulator.credentials import Credentials
from tests.firmware.board import WAIT_S, Board
from tests.firmware.conftest import MakeBoard
from tests.firmware.hubside import HubSide
from tests.firmware.test_claiming import Dark
from tests.integration.brokers import Site, free_port, make_site

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


class Shown(Protocol):
    """A camera of either kind that shows its certificate."""

    async def is_refused(self, why: str) -> None:
        """Return when it has said that the broker doesn't take its certificate, and why it thinks so."""


Show = Callable[[dict[str, Any]], Awaitable[Shown]]
SENTENCES = {  # kind → what the simulated camera reads in TLS's alert, what the firmware can tell by itself
    "expired": ("certificate expired", "this camera's certificate has ended"),
    "of another CA": (
        "unknown ca",
        "the broker hung up: was this camera's certificate revoked, or is it of another CA",
    ),
    "revoked": ("certificate revoked", "the broker hung up: was this camera's certificate revoked"),
}


class OnBoard:
    def __init__(self, board: Board) -> None:
        self._board = board

    async def is_refused(self, why: str) -> None:
        await self._board.log(SENTENCES[why][1])
        await self._board.log("again in")
        assert not self._board.seen("connected to")


class Simulated:
    def __init__(self, camera: Camera) -> None:
        self._camera = camera

    async def is_refused(self, why: str) -> None:
        deadline = asyncio.get_running_loop().time() + WAIT_S
        while not self._camera.problem:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.02)
        assert "the broker refused the connection: it doesn't take this camera's certificate" in self._camera.problem
        assert SENTENCES[why][0] in self._camera.problem
        assert not self._camera.was_connected


@pytest.fixture
def broker_site(tmp_path: Path) -> Iterator[Site]:
    """Instead of the usual one: with the listener for certificates."""
    with make_site(tmp_path / "data", mqtt_certificate_port=free_port()) as site:
        yield site


@pytest.fixture(params=["firmware", "simulated"])
async def show(request: pytest.FixtureRequest, make_board: MakeBoard, source: Build) -> AsyncIterator[Show]:
    async with AsyncExitStack() as stack:

        async def on_board(credentials: dict[str, Any]) -> Shown:
            return OnBoard(await make_board(source, credentials=credentials))

        async def simulated(credentials: dict[str, Any]) -> Shown:
            camera = Camera(Credentials.of(credentials), Dark())
            camera.start()
            stack.push_async_callback(asyncio.to_thread, camera.stop)
            return Simulated(camera)

        yield on_board if request.param == "firmware" else simulated


def certified(site: Site) -> dict[str, Any]:
    with Admin(site.settings) as admin:
        return broker.certified_credentials(site.settings, "door-1", admin.add_certified("door-1"))


def bad(site: Site, kind: str) -> dict[str, Any]:
    ca, stranger = tls.ca(site.settings), certificates.make_ca("main", NOW)
    pairs: dict[str, Callable[[], Pair]] = {
        "expired": lambda: certificates.issue_client(ca, "door-1", NOW - DAY),
        "of another CA": lambda: certificates.issue_client(stranger, "door-1", NOW + DAY),
    }
    return broker.certified_credentials(site.settings, "door-1", pairs[kind]())


async def test_its_certificate_lets_it_in(show: Show, broker_site: Site, hub: HubSide) -> None:
    await show(await asyncio.to_thread(certified, broker_site))
    await hub.message("status", state="online")


@pytest.mark.parametrize("kind", ["expired", "of another CA"])
async def test_a_bad_one_is_refused_in_words(show: Show, broker_site: Site, kind: str) -> None:
    await asyncio.to_thread(certified, broker_site)
    camera = await show(await asyncio.to_thread(bad, broker_site, kind))
    await camera.is_refused(kind)


async def test_a_revoked_one_is_refused_in_words(show: Show, broker_site: Site) -> None:
    credentials = await asyncio.to_thread(certified, broker_site)
    with Admin(broker_site.settings) as admin:
        await asyncio.to_thread(admin.remove, "door-1")
    await asyncio.to_thread(broker_site.restart)  # it reads the list of revoked ones at its start
    camera = await show(credentials)
    await camera.is_refused("revoked")


async def test_bytecode_shows_a_certificate_too(make_board: MakeBoard, firmware: Build, broker_site, hub) -> None:
    await make_board(firmware, credentials=await asyncio.to_thread(certified, broker_site))
    await hub.message("status", state="online")
