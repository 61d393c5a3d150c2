"""While the hub or the broker is away: keep the best frame of each motion, send it again, forget it on its ack."""

from functools import partial

from hub.model import Frame
from tests.firmware.board import Board
from tests.firmware.conftest import QUICK, picture
from tests.firmware.hubside import HubSide, ack
from tests.integration.brokers import Site


async def burst(board: Board) -> None:
    board.say("pir")
    await board.log("kept frame")
    await board.log("watching")


async def test_a_motion_while_the_hub_is_away_is_recognized_later(board: Board, hub: HubSide) -> None:
    await board.log("the hub is there")
    await hub.publish_status("offline")
    await board.log("the hub is away")
    await burst(board)
    assert hub.frames == []
    await board.log("@led red 100")
    await hub.publish_status("online")
    await board.log("answered: unknown - 0 left")
    (frame,) = hub.frames
    assert frame.resent
    assert frame.clock_set
    assert frame.jpeg == picture(3)  # the largest, that is the sharpest, of the three
    assert 0 < frame.received_ms - frame.captured_ms < 60_000


async def test_kept_frames_come_oldest_first_and_once_each(board: Board, hub: HubSide) -> None:
    await board.log("the hub is there")
    await hub.publish_status("offline")
    await board.log("the hub is away")
    for number in range(4):
        board.set_scene(picture(number + 10))
        await burst(board)
    await hub.publish_status("online")
    await board.log("answered: .* 0 left")
    assert [frame.jpeg for frame in hub.frames] == [picture(number + 10) for number in range(4)]
    assert len({frame.frame_id for frame in hub.frames}) == 4


async def test_frames_that_get_no_ack_are_kept_and_sent_again(board: Board, hub: HubSide) -> None:
    hub.answer = lambda frame: ack(frame) if frame.resent else None
    await board.log("the hub is there")
    await burst(board)
    await board.log("answered: unknown - 0 left")
    live, again = [f for f in hub.frames if not f.resent], [f for f in hub.frames if f.resent]
    assert len(live) == 3
    assert [(f.frame_id, f.jpeg) for f in again] == [(3, picture(3))]
    assert again[0].repeat  # the hub sees that it is the same frame and doesn't count it again


async def test_a_motion_that_ends_well_leaves_nothing_behind(board: Board, hub: HubSide) -> None:
    hub.answer = lambda frame: None if frame.frame_id < 3 else ack(frame, "recognized")
    await board.log("the hub is there")
    board.say("pir")
    await board.log("watching")
    assert len(hub.frames) == 3
    assert not board.seen("kept frame")


async def test_a_busy_hub_gets_the_frame_again_later(board: Board, hub: HubSide) -> None:
    def answer(frame: Frame) -> dict[str, object]:
        return ack(frame) if frame.resent else ack(frame, "busy", retry_after_ms=50)

    hub.answer = answer
    await board.log("the hub is there")
    await burst(board)
    await board.log("answered: unknown - 0 left")


async def test_the_oldest_goes_when_too_many_wait_and_is_counted_as_lost(make_board, source, hub: HubSide) -> None:
    board = await make_board(source, on=False)
    board.set_config(**QUICK, keep_frames=2)
    async with board:
        await board.log("the hub is there")
        await hub.publish_status("offline")
        await board.log("the hub is away")
        for number in range(4):
            board.set_scene(picture(number + 10))
            await burst(board)
        assert board.seen("2 kept, 2 lost")
        await hub.publish_status("online")
        await board.log("answered: .* 0 left")
        assert [frame.jpeg for frame in hub.frames] == [picture(12), picture(13)]


async def test_live_frames_come_before_kept_ones(make_board, source, hub: HubSide) -> None:
    board = await make_board(source)
    hub.answer = lambda frame: None if frame.motion_id == 1 else ack(frame, "recognized")
    await board.log("the hub is there")
    await burst(board)
    board.say("pir")
    await hub.until(lambda: any(frame.motion_id == 2 for frame in hub.frames))
    hub.answer = ack
    await board.log("answered: unknown - 0 left")


LIES = (
    {"boot_id": 12345},
    {"frame_id": 4711},
    {"boot_id": "x"},
    {"outcome": None, "frame_id": None},
    {"frame_id": [1]},
)


async def test_foreign_and_stale_acks_are_ignored(make_board, source, hub: HubSide) -> None:
    board = await make_board(source)
    await board.log("the hub is there")
    for lie in LIES:
        hub.frames.clear()
        hub.answer = partial(answer_with, lie)
        await burst(board)
        assert len([frame for frame in hub.frames if not frame.resent]) == 3
        assert not board.seen("@led green 100")
        await board.log("answered: recognized - 0 left")
    assert board.boots == 1


def answer_with(lie: dict[str, object], frame: Frame) -> dict[str, object]:
    true = ack(frame, "recognized")
    return true if frame.resent else {**true, **lie}


async def test_what_is_no_ack_is_ignored(make_board, source, hub: HubSide) -> None:
    board = await make_board(source)
    await board.log("the hub is there")
    for raw in (b"", b"{", b"[]", b"null", b'{"v":1}', b"\xff\xfe", b"[" * 5000, b"x" * 60_000):
        await hub.send_ack(raw)
        await board.log("ignored a message")
    board.say("pir")
    await hub.message("motion", state="end")
    assert board.boots == 1


async def test_a_restarted_broker_loses_nothing(board: Board, hub: HubSide, broker_site: Site) -> None:
    await board.log("the hub is there")
    await hub.stop()
    broker_site.stop()
    await board.log("connection lost")
    await burst(board)
    broker_site.start()
    await hub.start()
    await board.log("answered: unknown - 0 left")
    await hub.message("telemetry", reconnects=1)
