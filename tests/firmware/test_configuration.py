"""The wanted configuration: applied whole or not at all, kept over a restart, reported."""

import json

from hub import wire
from tests.firmware.board import Board
from tests.firmware.conftest import QUICK
from tests.firmware.hubside import AdminSide, HubSide


async def test_it_is_applied_live_and_reported(board: Board, hub: HubSide, admin: AdminSide) -> None:
    await hub.message("config", state="applied")
    await admin.want({**QUICK, "burst_frames": 2, "frame_size": "SVGA"}, version=4)
    report = await hub.message("config", version=4)
    assert report["state"] == "applied"
    assert report["config"] == {**wire.default_config(), **QUICK, "burst_frames": 2, "frame_size": "SVGA"}
    board.say("pir")
    await board.log("@camera jpeg SVGA")
    await hub.message("motion", state="end")
    assert len(hub.frames) == 2


async def test_it_outlives_a_restart_even_without_a_broker(board: Board, hub: HubSide, admin: AdminSide) -> None:
    await hub.message("config", state="applied")
    await admin.want({"burst_frames": 7}, version=5)
    await hub.message("config", version=5)
    assert json.loads((board.flash / "config.json").read_bytes())["config"]["burst_frames"] == 7
    hub.forget()
    await board.cut()
    await board.log("connected")
    report = await hub.message("config", version=5)
    assert report["config"]["burst_frames"] == 7


BAD = (
    ({"jpeg_quality": 5, "burst_frames": 9}, "jpeg_quality"),
    ({"frame_size": "8K"}, "frame_size"),
    ({"burst_fps": True}, "burst_fps"),
    ({"rotate": 90}, "rotate"),
    (["not", "an", "object"], "config"),
)


async def test_a_bad_one_is_refused_whole(make_board, source, hub: HubSide, admin: AdminSide) -> None:
    board = await make_board(source)
    before = (await hub.message("config", state="applied"))["config"]
    for number, (config, field) in enumerate(BAD, 6):
        await admin.want(config, version=number)
        report = await hub.message("config", version=number)
        assert report["state"] == "rejected"
        assert [error["field"] for error in report["errors"]] == [field]
        assert report["config"] == before
    board.say("pir")
    await hub.message("motion", state="end")
    assert len(hub.frames) == 3


async def test_what_is_no_configuration_is_refused(make_board, source, hub: HubSide, admin: AdminSide) -> None:
    board = await make_board(source)
    await hub.message("config", state="applied")
    for raw in (b"{", b"null", b"[1]", b'{"version":1}', b'{"version":-1,"config":{}}', b"\xff"):
        await admin.publish("config", raw)
        await board.log("config +refused: config must be JSON")
    report = await hub.message("config", state="rejected")
    assert report["errors"][0]["field"] == "config"


async def test_nothing_wanted_means_the_defaults(make_board, source, hub: HubSide, admin: AdminSide) -> None:
    await make_board(source)
    await hub.message("config", state="applied")
    await admin.want(None)
    await hub.until(lambda: hub.messages_of("config")[-1]["config"] == wire.default_config())


async def test_a_damaged_file_means_the_defaults(make_board, source, hub: HubSide) -> None:
    board = await make_board(source, on=False)
    (board.flash / "config.json").write_text('{"version": 3, "conf')
    async with board:
        report = await hub.message("config", state="applied")
        assert report["config"] == wire.default_config()
