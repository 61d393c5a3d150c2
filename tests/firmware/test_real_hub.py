"""The firmware with the product's own hub: real faces, real attendance."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hub import samples, settings
from hub.provision.build import Build
from hub.provision.node import Wifi, node_files
from hub.simulator.portraits import load_people
from hub.simulator.scene import Optics, Room
from tests.acceptance.conftest import enrolled  # noqa: F401
from tests.acceptance.stack import Stack, make_stack, portrait, scene
from tests.firmware.board import Board
from tests.firmware.conftest import QUICK

pytestmark = pytest.mark.engine


@pytest.fixture
def stack(tmp_path: Path, enrolled: Path) -> Iterator[Stack]:  # noqa: F811
    with make_stack(tmp_path / "data", enrolled) as made:
        yield made


@pytest.fixture
async def board(stack: Stack, tmp_path: Path, source: Build, time_server: str) -> AsyncIterator[Board]:
    """A camera beside the stack's own `door-1`, over TLS, in front of an empty wall."""
    credentials = stack.site.add_camera("door-2")
    made = Board(tmp_path / "flash", source, node_files(credentials, Wifi("test"), "00"))
    made.set_node(host="127.0.0.1", ntp=[time_server])
    made.set_config(**{**QUICK, "ack_timeout_ms": 5000, "burst_frames": 8})
    made.set_scene(scene())
    stack.start_hub()
    async with made:
        await made.log("the hub is there")
        yield made


async def test_somebody_walks_up_is_marked_and_the_led_says_so(board: Board, stack: Stack) -> None:
    board.set_scene(scene(), scene(portrait("obama", 3)))
    board.say("pir")
    await board.log("@led green 100")
    await board.log("watching")
    assert stack.seen_today() == ["Obama"]


async def test_a_visit_of_the_simulated_room_is_recognized(board: Board, stack: Stack) -> None:
    cache = settings.load({}).cache_dir
    people = load_people({"obama": samples.people(cache)["obama"]}, cache)
    room = Room(people, seed=2)
    visit = next(at for at in range(0, 60_000, 100) if room.motion(at))
    board.set_scene(*[room.picture(visit + 400 * step, Optics()) for step in range(8)])
    board.say("pir")
    await board.log("@led green 100")
    assert stack.seen_today() == ["Obama"]


async def test_a_stranger_gets_another_pattern_and_is_not_marked(board: Board, stack: Stack) -> None:
    board.set_scene(scene(portrait("astronaut")))
    board.say("pir")
    await board.log("@led red 100")
    await board.log("watching")
    assert stack.seen_today() == []
    assert not board.seen("@led green 100")


async def test_motions_while_the_hub_was_killed_are_all_marked_once_it_is_back(board: Board, stack: Stack) -> None:
    assert stack.hub is not None
    stack.hub.kill()
    stack.hub.wait()
    await board.log("the hub is away")
    for person, number in (("obama", 3), ("biden", 0), ("obama", 2)):
        board.set_scene(scene(portrait(person, number)))
        board.say("pir")
        await board.log("kept frame")
        await board.log("watching")
    assert stack.seen_today() == []
    stack.start_hub()
    await board.log("answered: recognized - 2 left")
    await board.log("answered: recognized - 1 left")
    await board.log("answered: already_marked - 0 left")
    assert stack.seen_today() == ["Biden", "Obama"]
    assert board.boots == 1
