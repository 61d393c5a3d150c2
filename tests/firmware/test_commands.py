"""Commands: each is answered once, late ones are refused."""

import time

from tests.firmware.board import Board
from tests.firmware.hubside import AdminSide, HubSide, ack


async def test_a_snapshot_brings_one_frame_and_its_outcome(board: Board, hub: HubSide, admin: AdminSide) -> None:
    hub.answer = lambda frame: ack(frame, "no_face")
    await board.log("the hub is there")
    await admin.command("snapshot", "c-7")
    answer = await hub.message("cmd", id="c-7")
    assert answer["ok"]
    assert answer["data"] == {"frame_id": 1, "outcome": "no_face"}
    assert len(hub.frames) == 1
    assert (await hub.message("motion"))["source"] == "command"


async def test_identify_blinks(make_board, source, hub: HubSide, admin: AdminSide) -> None:
    board = await make_board(source)
    await board.log("the hub is there")
    await admin.command("identify")
    await board.log("@led green 100")
    assert (await hub.message("cmd"))["ok"]


async def test_reboot_restarts_after_its_answer(make_board, source, hub: HubSide, admin: AdminSide) -> None:
    await make_board(source)
    first = await hub.message("status", state="online")
    await admin.command("reboot")
    assert (await hub.message("cmd"))["ok"]
    await hub.message("status", state="offline", boot_id=first["boot_id"])
    again = await hub.message("status", state="online", reset_reason="soft")
    assert again["boot_id"] != first["boot_id"]


async def test_forget_frames_empties_the_buffer(make_board, source, hub: HubSide, admin: AdminSide) -> None:
    board = await make_board(source)
    await board.log("the hub is there")
    await hub.publish_status("offline")
    await board.log("the hub is away")
    board.say("pir")
    await board.log("kept frame")
    await admin.command("forget_frames")
    assert (await hub.message("cmd"))["data"] == {"forgotten": 1}


async def test_a_late_command_is_refused(make_board, source, hub: HubSide, admin: AdminSide) -> None:
    board = await make_board(source)
    await board.log("the hub is there")
    await admin.command("reboot", not_after_ms=int(time.time() * 1000) - 60_000)
    answer = await hub.message("cmd")
    assert not answer["ok"]
    assert "late" in answer["error"]
    assert board.boots == 1


async def test_an_unknown_command_is_refused(make_board, source, hub: HubSide, admin: AdminSide) -> None:
    board = await make_board(source)
    await board.log("the hub is there")
    await admin.command("self_destruct")
    assert (await hub.message("cmd"))["error"] == "unknown command"


async def test_what_is_no_command_is_ignored(make_board, source, hub: HubSide, admin: AdminSide) -> None:
    board = await make_board(source)
    await board.log("the hub is there")
    for raw in (b"", b"[]", b'{"id":1,"op":"reboot"}', b'{"op":"reboot"}'):
        await admin.publish("cmd", raw)
        await board.log("ignored a message")
    await admin.command("identify", "after")
    assert (await hub.message("cmd"))["id"] == "after"
