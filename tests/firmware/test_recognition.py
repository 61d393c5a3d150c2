"""From motion to the LED."""

from functools import partial

import pytest

from hub.model import Outcome
from tests.firmware.board import Board
from tests.firmware.conftest import QUICK, picture
from tests.firmware.hubside import HubSide, ack

LONG = ["@led red 100", "@led green 100", "@led red 0", "@led green 0"]
OUTCOMES_THAT_SHOW = [each for each in Outcome if each is not Outcome.NO_FACE]


async def test_motion_leads_to_a_recognized_ack_and_its_led_pattern(board: Board, hub: HubSide) -> None:
    hub.answer = lambda frame: ack(frame, "recognized")
    await board.log("the hub is there")
    board.say("pir")
    await hub.message("motion", state="end")
    assert [frame.jpeg for frame in hub.frames] == [picture(1)]  # one is enough; the dark first frames stay home
    await board.log("@led red 100")
    await board.log("@led green 0")
    shown = [line for line in board.lines if line.startswith("@led") and "flash" not in line]
    assert shown[2:] == LONG  # after the two that switch everything off at boot


async def test_the_motion_event_comes_before_its_first_frame(board: Board, hub: HubSide) -> None:
    heard_first: list[int] = []
    hub.answer = lambda frame: heard_first.append(len(hub.messages_of("motion"))) or ack(frame)
    await board.log("the hub is there")
    board.say("pir")
    await hub.message("motion", state="end")
    assert heard_first == [1, 1, 1]
    start, end = hub.messages_of("motion")
    assert start["motion_id"] == end["motion_id"] == hub.frames[0].motion_id
    assert start["source"] == "pir"


async def test_an_unknown_face_takes_the_whole_burst_and_its_last_frame_says_so(board: Board, hub: HubSide) -> None:
    await board.log("the hub is there")
    board.say("pir")
    await hub.message("motion", state="end")
    assert [frame.jpeg for frame in hub.frames] == [picture(1), picture(2), picture(3)]
    assert [frame.last for frame in hub.frames] == [False, False, True]
    assert [frame.frame_id for frame in hub.frames] == [1, 2, 3]
    assert all(frame.clock_set and not frame.resent for frame in hub.frames)


async def test_the_sensor_has_no_power_but_during_a_burst(board: Board, hub: HubSide) -> None:
    await board.log("the hub is there")
    board.say("pir")
    await hub.message("motion", state="end")
    assert [match[1] for match in board.seen("@power (.)")] == ["0", "1", "0"]


async def test_every_answer_shows_on_the_led(make_board, source, hub: HubSide) -> None:
    board = await make_board(source)
    await board.log("the hub is there")
    for outcome in OUTCOMES_THAT_SHOW:
        hub.answer = partial(ack, outcome=outcome)
        board.say("pir")
        await board.log("burst +motion")
        await board.log("@led red 100")
        await board.log("watching")


async def test_a_frame_without_a_face_shows_nothing(make_board, source, hub: HubSide) -> None:
    hub.answer = lambda frame: ack(frame, "no_face")
    board = await make_board(source)
    await board.log("the hub is there")
    board.say("pir")
    await hub.message("motion", state="end")
    assert not board.seen("@led red 100")


async def test_a_quiet_camera_shows_nothing(make_board, source, hub: HubSide) -> None:
    board = await make_board(source, on=False)
    board.set_config(**QUICK, led="off")
    async with board:
        await board.log("the hub is there")
        board.say("pir")
        await hub.message("motion", state="end")
        assert not board.seen("@led red 100")


async def test_too_dark_switches_the_flash_on_where_it_may(make_board, source, hub: HubSide) -> None:
    hub.answer = lambda frame: ack(frame, "low_quality", reason="too_dark")
    board = await make_board(source, on=False)
    board.set_config(**QUICK, flash="auto")
    async with board:
        await board.log("the hub is there")
        board.say("pir")
        await board.log("@led flash 60")
        await board.log("@led flash 0")


async def test_a_sensor_that_fails_is_power_cycled_and_reported(make_board, source, hub: HubSide) -> None:
    board = await make_board(source, on=False)
    board.set_scene()
    async with board:
        await board.log("the hub is there")
        for _ in range(2):
            board.say("pir")
            await board.log("gave an empty frame")
            await board.log("watching")
        assert (await hub.message("telemetry", capture_failures=2))["camera_works"] is False
        board.set_scene(picture(1))
        board.say("pir")
        await hub.until(lambda: hub.frames)


@pytest.mark.parametrize("chunk_size", [1024, 8192, 61440])
async def test_frames_arrive_whole_whatever_the_chunk_size(make_board, source, hub: HubSide, chunk_size: int) -> None:
    board = await make_board(source, on=False)
    board.set_config(**{**QUICK, "chunk_size": chunk_size})
    large = picture(9, 150_000)
    board.set_scene(large)
    async with board:
        await board.log("the hub is there")
        board.say("pir")
        await hub.message("motion", state="end")
        assert [frame.jpeg for frame in hub.frames] == [large] * 3
