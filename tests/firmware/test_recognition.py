"""From motion to the LED."""

from hub.provision.build import Build
from tests.firmware.board import Board
from tests.firmware.conftest import QUICK, picture
from tests.firmware.hubside import AdminSide, HubSide, ack


async def test_motion_leads_to_a_recognized_ack_and_its_led_pattern(board: Board, hub: HubSide) -> None:
    hub.answer = lambda frame: ack(frame, "recognized")
    await board.log("the hub is there")
    board.say("pir")
    await hub.message("motion", state="end")
    assert [frame.jpeg for frame in hub.frames] == [picture(1)]  # one is enough; the dark first frames stay home
    assert hub.frames[0].clock_set
    await board.log("@led red 100")
    await board.log("@led green 100")
    await board.log("@led red 0")
