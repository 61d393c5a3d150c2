"""The session with the broker: who is let in, what the world hears of a camera that goes."""

import json
from pathlib import Path

from tests.firmware.board import Board
from tests.firmware.hubside import HubSide
from tests.integration.brokers import Site, make_site


async def test_a_camera_says_online_with_what_it_is(board: Board, hub: HubSide) -> None:
    status = await hub.message("status", state="online")
    assert status["hardware"] == "host"
    assert status["reset_reason"] == "power-on"
    assert status["mode"] == "normal"
    assert status["since_ms"] > 0


async def test_the_broker_says_offline_when_the_power_is_cut(board: Board, hub: HubSide) -> None:
    online = await hub.message("status", state="online")
    board.on = False
    await board.cut()
    assert await hub.message("status", state="offline") == {"v": 1, "state": "offline", "boot_id": online["boot_id"]}


async def test_each_boot_has_an_id_of_its_own(make_board, source, hub: HubSide) -> None:
    board = await make_board(source)
    first = await hub.message("status", state="online")
    await board.cut()
    await hub.until(lambda: len([m for m in hub.messages_of("status") if m["state"] == "online"]) == 2)
    assert hub.messages_of("status")[-1]["boot_id"] != first["boot_id"]


async def test_a_wrong_password_is_refused_and_tried_again(make_board, source, hub: HubSide) -> None:
    board = await make_board(source, password="wrong")
    for _ in range(3):
        await board.log("the broker refuses: (user name or password|not authorized)")
    waits = [int(match[1]) for match in board.seen(r"again in (\d+) ms")]
    assert 250 <= waits[0] <= 500
    assert 500 <= waits[1] <= 1000
    assert board.boots == 1


async def test_a_broker_under_another_ca_is_refused(make_board, source, hub, tmp_path: Path) -> None:
    board = await make_board(source, on=False)
    with make_site(tmp_path / "other") as other:
        credentials = other.add_camera("door-1")
        board.set_node(port=credentials["port"])
        async with board:
            await board.log("no connection: .*not correctly signed by the trusted CA")
            await board.log("no connection")
            assert not board.seen("connected to")


async def test_a_broker_with_another_name_is_refused(make_board, source, tmp_path: Path, broker_site: Site) -> None:
    with make_site(tmp_path / "other", mqtt_names=("presenza.example",)) as other:
        credentials = other.add_camera("door-1")
        board = await make_board(source, on=False, port=credentials["port"], password=credentials["password"])
        (board.flash / "ca.der").write_bytes(der(credentials["ca"]))
        async with board:
            await board.log(r"no connection: .*\(CN\) does not match")
            assert not board.seen("connected to")


async def test_no_broker_at_all_is_waited_for(make_board, source, hub: HubSide, broker_site: Site) -> None:
    await hub.stop()
    board = await make_board(source, on=False)
    broker_site.stop()
    async with board:
        await board.log("no connection")
        await board.log("again in")
        broker_site.start()
        await board.log("connected to")


async def test_without_wifi_it_keeps_frames_and_joins_when_it_is_back(make_board, source, hub, broker_site) -> None:
    board = await make_board(source)
    await board.log("the hub is there")
    board.say("wifi off")
    await hub.stop()
    broker_site.restart()
    await board.log("connection lost")
    await board.log("joining test")
    board.say("pir")
    await board.log("kept frame")
    await hub.start()
    board.say("wifi on")
    await board.log("joined")
    await board.log("answered: unknown - 0 left")


async def test_without_a_time_server_frames_say_that_their_time_is_unknown(make_board, source, hub: HubSide) -> None:
    board = await make_board(source, ntp=["127.0.0.1:9"])
    await board.log("no time server answers")
    await board.log("the hub is there")
    board.say("pir")
    await hub.message("motion", state="end")
    assert not any(frame.clock_set for frame in hub.frames)
    assert "since_ms" not in await hub.message("status")


async def test_nothing_secret_is_in_the_serial_log(board: Board, hub: HubSide) -> None:
    await board.log("the hub is there")
    board.say("pir")
    await hub.message("motion", state="end")
    password = json.loads((board.flash / "node.json").read_bytes())["password"]
    assert password not in board.text()


def der(pem: str) -> bytes:
    import ssl

    return ssl.PEM_cert_to_DER_cert(pem)
