"""A link that delays, stalls and cuts: never a wrong frame, never a hang, and memory stays flat.

Some seconds by default; TORTURE_S=300 in the environment asks for more of them.
"""

import os
import time

import pytest

from hub.model import Frame
from hub.provision.build import build
from tests.firmware.board import Board
from tests.firmware.conftest import QUICK, picture
from tests.firmware.hubside import ack
from tests.firmware.proxy import BadLink
from tests.integration.brokers import Site

TORTURE_S = float(os.environ.get("TORTURE_S", "8"))
SIZE = 30_000
PICTURES = [picture(number, SIZE) for number in range(1, 8)]
SAMPLES = 5  # of the free heap: fewer say nothing
HEAP_DRIFT = 64 * 1024  # bytes; one kept frame more or less


@pytest.mark.timeout(TORTURE_S + 120)
@pytest.mark.parametrize(("target", "tls"), [("source", False), ("host", True)], ids=["source-plain", "mpy-tls"])
async def test_no_wrong_frame_no_hang_and_flat_memory(make_board, hub, broker_site: Site, *, target, tls) -> None:
    board: Board = await make_board(build(target, serial=100), on=False)
    port = broker_site.settings.mqtt_port if tls else broker_site.settings.mqtt_local_port
    board.set_config(**{**QUICK, "keep_frames": 4})
    board.set_scene(*PICTURES)
    async with BadLink(port, seed=1) as link:
        board.set_node(port=link.port, ca_file="ca.der" if tls else None)
        link.delay_s, link.cut = 0.01, 0.02
        async with board:
            await board.log("connected to")
            await keep_moving(board, TORTURE_S)
            link.delay_s, link.cut = 0.0, 0.0
            link.hang_up()
            await board.log("the hub is there")
            await hub.message("telemetry", frames_waiting=0)
            await hub.until(lambda: len(hub.messages_of("telemetry")) >= SAMPLES, 60)
        assert board.boots == 1
        assert link.cuts > 2
    assert hub.frames
    assert all(frame.jpeg in PICTURES for frame in hub.frames)
    assert counted_once(hub.frames)
    assert_flat([message["heap_free"] + message["frames_waiting"] * SIZE for message in hub.messages_of("telemetry")])


async def keep_moving(board: Board, seconds: float) -> None:
    """Motion after motion: whatever the link does, each ends and the camera watches again."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        board.say("pir")
        await board.log("burst +motion")
        await board.log("burst +watching", wait_s=60)


def counted_once(frames: list[Frame]) -> bool:
    """No frame is new to the hub twice: what comes again is known as a repeat."""
    new = [(frame.boot_id, frame.frame_id) for frame in frames if not frame.repeat]
    return len(new) == len(set(new))


def assert_flat(heap_free: list[int]) -> None:
    """The best of the later samples is about the best of the earlier; the first ones are before anything was sent."""
    settled = heap_free[2:]
    half = len(settled) // 2
    early, late = max(settled[:half]), max(settled[half:])
    assert early - late < HEAP_DRIFT, f"free heap over time: {heap_free}"


async def test_a_link_that_swallows_everything_is_given_up(make_board, source, hub, broker_site: Site) -> None:
    board: Board = await make_board(source, on=False)
    async with BadLink(broker_site.settings.mqtt_port) as link:
        board.set_node(port=link.port, keepalive_s=2, timeout_ms=1500)
        async with board:
            await board.log("the hub is there")
            link.stalled = True
            await board.log("connection lost: ETIMEDOUT")
            link.stalled = False
            await board.log("the hub is there")
            assert board.boots == 1


async def test_motion_over_a_link_that_swallows_everything_ends_too(make_board, source, hub, broker_site: Site) -> None:
    hub.answer = ack
    board: Board = await make_board(source, on=False)
    async with BadLink(broker_site.settings.mqtt_port) as link:
        board.set_node(port=link.port, timeout_ms=1500)
        async with board:
            await board.log("the hub is there")
            link.stalled = True
            board.say("pir")
            await board.log("kept frame")
            link.stalled = False
            await board.log("answered: unknown - 0 left")
