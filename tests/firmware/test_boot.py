"""Boots: the watchdog, safe mode, and which application folder runs."""

import importlib.util
import json
from types import ModuleType

import pytest

from hub.provision.build import FIRMWARE
from tests.firmware.board import Board
from tests.firmware.hubside import HubSide


@pytest.fixture(scope="module")
def slots() -> ModuleType:
    """firmware/slots.py itself: its decisions are plain Python."""
    spec = importlib.util.spec_from_file_location("slots", FIRMWARE / "slots.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_a_program_that_hangs_is_reset_by_the_watchdog(make_board, source, hub: HubSide) -> None:
    board = await make_board(source, watchdog_s=4)
    await board.log("the hub is there")
    board.say("hang")
    await hub.message("status", state="online", reset_reason="watchdog")
    assert board.boots == 2


async def test_the_watchdog_is_fed_also_while_there_is_no_broker(make_board, source, hub, broker_site) -> None:
    await hub.stop()
    board = await make_board(source, watchdog_s=4, on=False)
    broker_site.stop()
    async with board:
        for _ in range(6):
            await board.log("@feed")
        assert board.boots == 1


async def test_a_program_that_dies_again_and_again_ends_in_safe_mode(make_board, source, hub, admin) -> None:
    board: Board = await make_board(source, on=False)
    (board.flash / "a" / "sensor.py").write_text("raise RuntimeError('broken')\n")
    (board.flash / "a" / "app.py").write_text(
        (FIRMWARE / "app.py").read_text().replace("from sensor import Sensor\n", "")
        .replace("self.sensor = Sensor", "from sensor import Sensor\n        self.sensor = Sensor")
    )  # fmt: skip
    async with board:
        await board.log("safe mode, reset by soft")
        assert board.boots == 4
        await hub.message("status", state="online", mode="safe")
        await admin.command("snapshot")
        assert "safe mode" in (await hub.message("cmd"))["error"]
        assert not board.seen("@power 1")


async def test_a_damaged_state_file_is_no_obstacle(make_board, source, hub: HubSide) -> None:
    board = await make_board(source, on=False)
    (board.flash / "state.json").write_text("{")
    async with board:
        await board.log("folder a, normal mode")
    assert json.loads((board.flash / "state.json").read_text())["slot"] == "a"


def test_three_failed_boots_lead_to_safe_mode(slots: ModuleType) -> None:
    state = dict(slots._NEW)
    assert [slots.next_boot(state)[1] for _ in range(5)] == ["normal", "normal", "normal", "safe", "safe"]


def test_a_safe_mode_that_fails_too_leads_to_the_older_version(slots: ModuleType) -> None:
    state = dict(slots._NEW)
    boots = [slots.next_boot(state, spare_serial=7) for _ in range(7)]
    assert boots[5] == ("a", "safe")
    assert boots[6] == ("b", "normal")


def test_a_trial_gets_two_boots_and_then_the_old_version_is_back(slots: ModuleType) -> None:
    state = {**slots._NEW, "trial": "b"}
    boots = [slots.next_boot(state, spare_serial=9) for _ in range(3)]
    assert boots == [("b", "trial"), ("b", "trial"), ("a", "normal")]
    assert state["rolled_back"] == 9


def test_a_version_that_was_rolled_back_is_never_fallen_back_to(slots: ModuleType) -> None:
    state = {**slots._NEW, "rolled_back": 9}
    assert {slots.next_boot(state, spare_serial=9)[0] for _ in range(20)} == {"a"}


@pytest.mark.parametrize("bad", [b"", b"{", b"[]", b"null", b'{"slot": 7}', b"\xff"])
def test_whatever_the_file_holds_there_is_a_state(slots, tmp_path, monkeypatch, bad: bytes) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "state.json").write_bytes(bad)
    assert slots.begin() in {("a", "normal"), ("b", "normal")}
