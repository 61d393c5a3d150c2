"""Fixtures of the firmware's tests: compiled and source builds, a time server, boards."""

import asyncio
import os
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, cast

import pytest

from hub.provision.build import Build, Target, build
from hub.provision.node import Wifi, node_files
from tests.firmware.board import Board
from tests.firmware.hubside import AdminSide, HubSide
from tests.integration.brokers import Site, broker_site  # noqa: F401

TO_UNIX_S = 2208988800
NOBODY = {"site": "main", "device": "x", "host": "x", "port": 1, "username": "x", "password": "x", "tls": False}
MakeBoard = Callable[..., Awaitable[Board]]
QUICK = {"ack_timeout_ms": 400, "cooldown_ms": 0, "burst_fps": 10, "burst_frames": 3, "telemetry_s": 5}


@pytest.fixture(scope="session", params=["source", "host"], ids=["source", "mpy"])
def firmware(request: pytest.FixtureRequest) -> Build:
    """The firmware as source and as compiled bytecode: each test that asks for it runs on both."""
    return build(request.param, serial=100)


@pytest.fixture(scope="session")
def source() -> Build:
    """The firmware for tests for which one form is enough; FIRMWARE_TARGET=host makes that the bytecode."""
    return build(cast("Target", os.environ.get("FIRMWARE_TARGET", "source")), serial=100)


class _TimeServer(asyncio.DatagramProtocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        now = time.time() + TO_UNIX_S
        stamp = struct.pack("!II", int(now), int(now % 1 * 2**32))
        answer = bytes([0x24, 2]) + bytes(22) + data[40:48] + stamp + stamp
        self.transport.sendto(answer, address)


@pytest.fixture
async def time_server() -> AsyncIterator[str]:
    """An NTP server as "host:port"."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(_TimeServer, ("127.0.0.1", 0))
    yield "{}:{}".format(*transport.get_extra_info("sockname"))
    transport.close()


@pytest.fixture
async def hub(broker_site: Site) -> AsyncIterator[HubSide]:  # noqa: F811
    async with HubSide(broker_site) as side:
        yield side
        assert side.problems == []  # no camera of ours ever sends a chunk that breaks the contract


@pytest.fixture
def admin(broker_site: Site) -> AdminSide:  # noqa: F811
    return AdminSide(broker_site)


@pytest.fixture
async def make_board(tmp_path: Path, broker_site: Site, time_server: str) -> AsyncIterator[MakeBoard]:  # noqa: F811
    """Flash a board that belongs to the test's site and switch it on: `await make_board(build, host=…)`."""
    async with AsyncExitStack() as stack:

        async def make(
            build: Build,
            *,
            watchdog_s: float = 60.0,
            on: bool = True,
            add_camera: bool = True,
            credentials: dict[str, Any] | None = None,
            **node: Any,
        ) -> Board:
            credentials = credentials or (broker_site.add_camera("door-1") if add_camera else NOBODY)
            board = Board(tmp_path / "flash", build, node_files(credentials, Wifi("test"), "00"), watchdog_s)
            board.set_node(**{"host": "127.0.0.1", "ntp": [time_server], "keepalive_s": 10, **node})
            board.set_config(**QUICK)
            board.set_scene(picture(1), picture(2), picture(3), warmup=picture(0, 2000))
            if on:
                await stack.enter_async_context(board)
            return board

        yield make


@pytest.fixture
async def board(make_board: MakeBoard, firmware: Build) -> Board:
    return await make_board(firmware)


def picture(number: int, size: int = 20_000) -> bytes:
    """Something that the assembler takes for a JPEG; `number` tells pictures apart, more of it is larger."""
    body = bytes((i * 31 + number * 7) & 0xFF for i in range(size + number))
    return b"\xff\xd8" + body + b"\xff\xd9"
