"""A camera without an identity claims one by a code: the firmware and the simulated camera do it alike."""

import asyncio
import itertools
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

import broker
from broker import Admin, claims
from hub import wire
from hub.provision.build import Build
from hub.simulator.camera import Camera
from hub.simulator.claiming import Claimant
from hub.simulator.credentials import Credentials
from hub.simulator.scene import Optics
from tests.broker.clients import claimant, service
from tests.firmware.board import Board
from tests.firmware.conftest import MakeBoard, picture
from tests.firmware.hubside import HubSide
from tests.integration.brokers import Site

WRONG = "0000-0000"


class Newcomer(Protocol):
    """A camera of either kind that has no identity yet."""

    def enter(self, code: str) -> None:
        """Somebody gives it a code."""

    async def says(self, pattern: str) -> re.Match[str]:
        """The next thing that it says and that matches."""

    async def power_cut(self) -> None:
        """It stops at once, and begins anew with what it has written down."""

    def node(self) -> dict[str, Any]:
        """What it has written down."""

    def write(self, node: dict[str, Any]) -> None:
        """What it had written down before its power was cut."""


class OnBoard:
    def __init__(self, board: Board) -> None:
        self.board = board

    def enter(self, code: str) -> None:
        self.board.say(f"claim {code}")

    async def says(self, pattern: str) -> re.Match[str]:
        return await self.board.log(pattern)

    async def power_cut(self) -> None:
        await self.board.cut()
        await self.board.log("--- ended")

    def node(self) -> dict[str, Any]:
        return dict(json.loads((self.board.flash / "node.json").read_bytes()))

    def write(self, node: dict[str, Any]) -> None:
        self.board.set_node(**node)


class Simulated:
    """A claimant in a thread; once it has an identity, a camera with that."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lines: list[str] = []
        self._read = 0
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._begin()

    def enter(self, code: str) -> None:
        self._claimant.enter(code)

    async def says(self, pattern: str) -> re.Match[str]:
        deadline = time.monotonic() + 30
        while True:
            for number in range(self._read, len(self._lines)):
                if found := re.search(pattern, self._lines[number]):
                    self._read = number + 1
                    return found
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), max(0, deadline - time.monotonic()))

    async def power_cut(self) -> None:
        await self.end()
        self._begin()

    def node(self) -> dict[str, Any]:
        return dict(json.loads(self._file.read_bytes()))

    def write(self, node: dict[str, Any]) -> None:
        self._file.write_text(json.dumps(node))

    async def end(self) -> None:
        self._claimant.stop()
        await self._running
        for camera in self._cameras:
            await asyncio.to_thread(camera.stop)

    def _begin(self) -> None:
        self._cameras: list[Camera] = []
        self._claimant = Claimant(self._file, tell=self._tell)
        self._running = asyncio.create_task(self._run(self._claimant))

    async def _run(self, claimant: Claimant) -> None:
        credentials: Credentials | None = await asyncio.to_thread(claimant.run)
        if credentials is not None:
            camera = Camera(credentials, Dark())
            camera.start()
            self._cameras.append(camera)

    def _tell(self, sentence: str) -> None:
        self._loop.call_soon_threadsafe(self._hear, sentence)

    def _hear(self, sentence: str) -> None:
        self._lines.append(sentence)
        self._news.set()


class Dark:
    """Nothing ever moves."""

    def motion(self, at_ms: float) -> bool:
        return False

    def picture(self, at_ms: float, optics: Optics) -> bytes:
        return picture(1)


@pytest.fixture
def site(broker_site: Site) -> Iterator[Site]:
    """The test's broker with its desk, whose clock stands still: else wrong codes are forgiven meanwhile."""
    now_s = time.time() + 1
    desk = broker.Desk(broker_site.settings, lambda device: None, clock=lambda: now_s)
    desk.start()
    yield broker_site
    desk.stop()


@pytest.fixture(params=["firmware", "simulated"])
async def newcomer(
    request: pytest.FixtureRequest, site: Site, make_board: MakeBoard, source: Build, tmp_path: Path
) -> AsyncIterator[Newcomer]:
    if request.param == "firmware":
        board = await make_board(source, credentials=broker.way(site.settings))
        await board.log("this camera has no identity")
        yield OnBoard(board)
        return
    file = tmp_path / "node.json"
    file.write_text(json.dumps(broker.way(site.settings) | {"host": "127.0.0.1"}))
    simulated = Simulated(file)
    yield simulated
    await simulated.end()


def invite(site: Site, device: str = "door-1") -> str:
    with Admin(site.settings) as admin:
        return admin.invite(device)


async def test_a_code_makes_it_a_camera_of_the_site(newcomer: Newcomer, site: Site, hub: HubSide) -> None:
    newcomer.enter(await asyncio.to_thread(invite, site))
    await newcomer.says("this camera is door-1 now")
    assert (await hub.message("status", state="online"))["boot_id"] > 0
    assert newcomer.node()["device"] == "door-1"
    assert not {"claim", "claim_nonce"} & set(newcomer.node())


async def test_a_wrong_code_is_said_to_be_and_another_is_taken_at_once(
    newcomer: Newcomer, site: Site, hub: HubSide
) -> None:
    code = await asyncio.to_thread(invite, site)
    newcomer.enter(WRONG)
    await newcomer.says("refused: the code is wrong, used or over")
    again = await newcomer.says(r"again in ([\d.]+) (m?s)")
    assert float(again[1]) >= (5000 if again[2] == "ms" else 5)  # codes don't become right by asking fast
    newcomer.enter(code.lower())
    await newcomer.says("this camera is door-1 now")
    await hub.message("status", state="online")


async def test_while_no_code_is_open_it_says_so_and_tries_again(newcomer: Newcomer, site: Site) -> None:
    newcomer.enter(WRONG)
    for _ in range(3):
        await newcomer.says("the broker lets nobody in: no code is open")
        await newcomer.says("again in")


async def test_a_broker_that_is_away_is_waited_for(newcomer: Newcomer, site: Site, hub: HubSide) -> None:
    code = await asyncio.to_thread(invite, site)
    await hub.stop()
    site.stop()
    newcomer.enter(code)
    await newcomer.says("no answer: ")
    site.start()
    await hub.start()
    await newcomer.says("this camera is door-1 now")
    await hub.message("status", state="online")


async def test_an_answer_that_a_power_cut_took_is_given_again(newcomer: Newcomer, site: Site, hub: HubSide) -> None:
    """The code is used up and the camera doesn't know what for: it asks again with the same nonce."""
    code = await asyncio.to_thread(invite, site)
    newcomer.enter(WRONG)
    await newcomer.says("refused")
    nonce = newcomer.node()["claim_nonce"]
    assert claims.redeem(site.settings, code, time.time(), nonce) == "door-1"  # the question before the cut
    newcomer.write({**newcomer.node(), "claim": code})
    await newcomer.power_cut()
    await newcomer.says("this camera is door-1 now")
    await hub.message("status", state="online")


async def test_when_too_many_codes_were_wrong_it_waits_a_minute(newcomer: Newcomer, site: Site) -> None:
    code = await asyncio.to_thread(invite, site)
    with claimant(site.settings) as stranger:
        reply = wire.claim(site.settings.site, f"{wire.REPLY}/{'0' * 32}")
        assert stranger.subscribe(reply)
        error = ""
        while error != "too_many":
            question = {"v": 1, "code": WRONG, "reply": "0" * 32}
            stranger.publish(wire.claim(site.settings.site, wire.REQUEST), json.dumps(question).encode())
            error = json.loads(stranger.messages.get(timeout=10)[1])["error"]
        newcomer.enter(code)
        await newcomer.says("refused: too many wrong codes came lately")
        again = await newcomer.says(r"again in ([\d.]+) (m?s)")
    assert float(again[1]) >= (60_000 if again[2] == "ms" else 60)


async def test_a_board_that_was_flashed_with_a_code_needs_no_other_word(make_board, firmware, site, hub) -> None:
    code = await asyncio.to_thread(invite, site)
    board: Board = await make_board(firmware, credentials=broker.way(site.settings) | {"claim": code})
    await board.log("this camera is door-1 now")
    await board.log("@led green 100")
    await board.log("connected to 127.0.0.1 as door-1")
    node = json.loads((board.flash / "node.json").read_bytes())
    assert node["wifi_ssid"] == "test"
    assert not {code.replace("-", ""), node["password"]} & set(re.findall(r"\w+", board.text()))


async def test_what_is_typed_and_is_no_code_is_said_to_be_none(make_board, source, site) -> None:
    board: Board = await make_board(source, credentials=broker.way(site.settings))
    await board.log("this camera has no identity")
    for line in ("claim", "", "hello", "claim 7F3K-M2Q!", "x" * 3000):
        board.say(line)
    for _ in range(3):
        await board.log("that is no code")
    await board.log("@led red 100")
    assert "claim" not in json.loads((board.flash / "node.json").read_bytes())


@pytest.mark.parametrize("half", [b"", b'{"site": "ma'])
async def test_a_power_cut_while_the_identity_is_written_leaves_the_code(make_board, source, site, hub, half) -> None:
    """The new file is written beside the old one; what is half there is never read."""
    code = await asyncio.to_thread(invite, site)
    board: Board = await make_board(source, on=False, credentials=broker.way(site.settings) | {"claim": code})
    (board.flash / "node.json.new").write_bytes(half)
    async with board:
        await board.log("connected to 127.0.0.1 as door-1")
    assert not (board.flash / "node.json.new").exists()


NONSENSE = (
    b"", b"{", b"[]", b"null", b'{"v":1,"ok":true}', b"[" * 3000, b"x" * 60_000,
    b'{"v":1,"ok":true,"credentials":{}}', b'{"v":1,"ok":true,"credentials":[]}',
    b'{"v":1,"ok":true,"credentials":{"device":"../door","username":"a","password":"b"}}',
    b'{"v":1,"ok":true,"credentials":{"device":"door-1","username":"a","password":7}}',
)  # fmt: skip


class Babbler:
    """Answers each question with the next nonsense."""

    def __init__(self, site: Site) -> None:
        self._site = site.settings.site
        self._nonsense = itertools.cycle(NONSENSE)
        self._client = service(site.settings, "admin", client_id="test:babbler")
        self._client.paho.on_message = self._on_message
        assert self._client.subscribe(wire.claim(self._site, wire.REQUEST))

    def _on_message(self, client: Any, _data: Any, message: Any) -> None:
        topic = wire.claim(self._site, f"{wire.REPLY}/{json.loads(message.payload)['reply']}")
        client.publish(topic, next(self._nonsense), qos=1)

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def babbler(broker_site: Site) -> Iterator[None]:
    """Instead of the desk."""
    invite(broker_site)
    babbling = Babbler(broker_site)
    yield
    babbling.close()


@pytest.mark.parametrize("kind", ["firmware", "simulated"])
@pytest.mark.usefixtures("babbler")
async def test_an_answer_that_makes_no_sense_changes_nothing(
    kind: str, broker_site: Site, make_board: MakeBoard, source: Build, tmp_path: Path
) -> None:
    way = broker.way(broker_site.settings) | {"host": "127.0.0.1"}
    file = tmp_path / "node.json"
    file.write_text(json.dumps(way))
    newcomer: OnBoard | Simulated
    if kind == "firmware":
        newcomer = OnBoard(await make_board(source, credentials=way))
        await newcomer.says("this camera has no identity")
    else:
        newcomer = Simulated(file)
    for _ in NONSENSE:
        newcomer.enter(WRONG)
        await newcomer.says("no answer: |the answer makes no sense")
        await newcomer.says("again in")
    assert "device" not in newcomer.node()
    if isinstance(newcomer, Simulated):
        await newcomer.end()
    else:
        assert newcomer.board.boots == 1
