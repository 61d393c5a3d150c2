"""One suite, two cameras: the firmware and the simulated camera of `presenza camera` do the same on the wire."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, Protocol

import pytest

from hub import wire
from hub.model import Frame
from hub.provision.build import Build
from hub.simulator.behaviour import State
from hub.simulator.camera import Camera
from hub.simulator.credentials import Credentials
from hub.simulator.scene import Optics
from tests.firmware.board import Board
from tests.firmware.conftest import QUICK, MakeBoard, picture
from tests.firmware.hubside import AdminSide, HubSide, ack
from tests.firmware.proxy import BadLink
from tests.integration.brokers import Site


class Eye(Protocol):
    """A camera of either kind before which a test moves."""

    def move(self) -> None: ...

    async def vanish(self) -> None:
        """Lose power, or the network: no goodbye."""

    async def rest(self) -> None:
        """Return when it watches again, which nothing on the wire says."""

    async def wake(self) -> None:
        """Return when it is ready after a reboot."""


class OnBoard:
    def __init__(self, board: Board) -> None:
        self._board = board

    def move(self) -> None:
        self._board.say("pir")

    async def vanish(self) -> None:
        self._board.on = False
        await self._board.cut()

    async def rest(self) -> None:
        await self._board.log("watching")

    async def wake(self) -> None:
        await self._board.log("the hub is there")


class Simulated:
    """Also the scene of its camera: something moves once, when it is told to."""

    def __init__(self, credentials: dict[str, Any], link: BadLink) -> None:
        self._moving = False
        self._turn = 0
        self._link = link
        self.camera = Camera(Credentials.of({**credentials, "port": link.port}), self, config=QUICK)

    def move(self) -> None:
        self._moving = True

    def motion(self, at_ms: float) -> bool:
        moving, self._moving = self._moving, False
        return moving

    def picture(self, at_ms: float, optics: Optics) -> bytes:
        self._turn += 1
        return picture((self._turn - 1) % 3 + 1)

    async def vanish(self) -> None:
        self._link.hang_up()

    async def rest(self) -> None:
        while self.camera.behaviour.state is not State.IDLE:
            await asyncio.sleep(0.01)

    async def wake(self) -> None:
        await asyncio.to_thread(self.camera.wait_online)


@pytest.fixture(params=["firmware", "simulated"])
async def eye(
    request: pytest.FixtureRequest, hub: HubSide, broker_site: Site, make_board: MakeBoard, source: Build
) -> AsyncIterator[Eye]:
    if request.param == "firmware":
        board = await make_board(source)
        await board.log("the hub is there")
        yield OnBoard(board)
        return
    credentials = broker_site.add_camera("door-1")
    async with BadLink(credentials["port"]) as link:
        simulated = Simulated(credentials, link)
        simulated.camera.start()
        await simulated.wake()
        yield simulated
        await asyncio.to_thread(simulated.camera.stop)


async def test_it_says_online_and_which_configuration_is_in_force(eye: Eye, hub: HubSide) -> None:
    status = await hub.message("status", state="online")
    assert {"boot_id", "firmware", "hardware", "reset_reason", "since_ms"} <= set(status)
    report = await hub.message("config", state="applied")
    assert report["config"] == {**wire.default_config(), **QUICK}


async def test_a_burst_ends_with_the_first_recognized_ack(eye: Eye, hub: HubSide) -> None:
    hub.answer = lambda frame: ack(frame, "recognized")
    eye.move()
    await hub.message("motion", state="end")
    (frame,) = hub.frames
    start, end = hub.messages_of("motion")
    assert (start["state"], end["state"]) == ("start", "end")
    assert frame.motion_id == start["motion_id"] == end["motion_id"]
    assert frame.frame_id == 1
    assert frame.clock_set
    assert not frame.resent


async def test_an_unknown_face_takes_all_frames_of_the_burst(eye: Eye, hub: HubSide) -> None:
    eye.move()
    await hub.message("motion", state="end")
    assert [(frame.frame_id, frame.last) for frame in hub.frames] == [(1, False), (2, False), (3, True)]


async def test_frames_and_motions_are_numbered_on(eye: Eye, hub: HubSide) -> None:
    hub.answer = lambda frame: ack(frame, "already_marked")
    for number in (1, 2):
        eye.move()
        await hub.message("motion", state="end", motion_id=number)
        await eye.rest()
    assert [(frame.motion_id, frame.frame_id) for frame in hub.frames] == [(1, 1), (2, 2)]


async def test_the_best_frame_of_a_motion_comes_later_when_the_hub_was_away(eye: Eye, hub: HubSide) -> None:
    await hub.publish_status("offline")
    await asyncio.sleep(0.3)  # until it has arrived: nothing on the wire says so
    eye.move()
    await hub.message("motion", state="end")
    assert hub.frames == []
    await hub.publish_status("online")
    frame: Frame = (await hub.until(lambda: hub.frames))[0]
    assert frame.resent
    assert frame.clock_set
    assert frame.jpeg == picture(3)
    await eye.rest()
    assert len(hub.frames) == 1


async def test_a_frame_without_an_ack_is_sent_again_at_qos_1(eye: Eye, hub: HubSide) -> None:
    hub.answer = lambda frame: ack(frame) if frame.resent else None
    eye.move()
    await hub.until(lambda: any(frame.resent for frame in hub.frames))
    again = hub.frames[-1]
    assert again.repeat
    assert again.frame_id in [frame.frame_id for frame in hub.frames[:-1]]


async def test_foreign_acks_end_nothing(eye: Eye, hub: HubSide) -> None:
    hub.answer = lambda frame: ack(frame) if frame.resent else {**ack(frame, "recognized"), "boot_id": 1}
    eye.move()
    await hub.until(lambda: any(frame.resent for frame in hub.frames))
    assert len([frame for frame in hub.frames if not frame.resent]) == 3


async def test_a_wanted_configuration_is_applied_whole_or_refused_whole(
    eye: Eye, hub: HubSide, admin: AdminSide
) -> None:
    await admin.want({**QUICK, "burst_frames": 1}, version=7)
    assert (await hub.message("config", version=7))["state"] == "applied"
    await admin.want({**QUICK, "burst_frames": 2, "jpeg_quality": 1}, version=8)
    report = await hub.message("config", version=8)
    assert report["state"] == "rejected"
    assert [error["field"] for error in report["errors"]] == ["jpeg_quality"]
    assert report["config"]["burst_frames"] == 1
    eye.move()
    await hub.message("motion", state="end")
    assert len(hub.frames) == 1


async def test_commands_are_answered_and_late_ones_refused(eye: Eye, hub: HubSide, admin: AdminSide) -> None:
    hub.answer = lambda frame: ack(frame, "no_face")
    await admin.command("identify", "c-1")
    assert (await hub.message("cmd", id="c-1"))["ok"]
    await admin.command("snapshot", "c-2")
    answer = await hub.message("cmd", id="c-2")
    assert answer["ok"]
    await hub.until(lambda: [frame.frame_id for frame in hub.frames] == [answer["data"]["frame_id"]])
    await admin.command("reboot", "c-3", not_after_ms=int(time.time() * 1000) - 60_000)
    assert not (await hub.message("cmd", id="c-3"))["ok"]


async def test_a_reboot_begins_anew_under_another_boot_id(eye: Eye, hub: HubSide, admin: AdminSide) -> None:
    first = await hub.message("status", state="online")
    eye.move()
    await hub.message("motion", state="end")
    await admin.command("reboot")
    await hub.until(lambda: hub.messages_of("status")[-1]["boot_id"] != first["boot_id"])
    hub.forget()
    await eye.wake()
    eye.move()
    await hub.message("motion", state="end", motion_id=1)
    assert hub.frames[0].frame_id == 1


async def test_who_vanishes_is_offline_under_the_same_boot_id(eye: Eye, hub: HubSide) -> None:
    online = await hub.message("status", state="online")
    await eye.vanish()
    offline = await hub.message("status", state="offline")
    assert offline["boot_id"] == online["boot_id"]


async def test_it_reports_what_its_clock_says(eye: Eye, hub: HubSide) -> None:
    await hub.message("telemetry")
    off_ms = [time.time() * 1000 - report["clock_ms"] for report in hub.messages_of("telemetry")]
    assert all(-1000 < each < 30_000 for each in off_ms)
