"""Frame differencing: two grey glances, whatever the light does."""

import json
import subprocess
from pathlib import Path

import pytest

from hub.provision.build import FIRMWARE, Build
from tests.firmware.board import Board, micropython
from tests.firmware.conftest import QUICK
from tests.firmware.hubside import HubSide


@pytest.fixture
async def watching(make_board, firmware: Build) -> Board:
    board: Board = await make_board(firmware, on=False)
    board.set_config(**QUICK, motion_source="frame")
    board.set_grey(100)
    return board


async def test_somebody_in_the_picture_is_motion(watching: Board, hub: HubSide) -> None:
    async with watching as board:
        await board.log("the hub is there")
        await board.log("@camera grey QQVGA")
        await board.log("@power 0")
        board.set_grey(100, spot=True)
        await board.log("permille of the picture changed")
        await hub.message("motion", state="start", source="frame")
        await hub.message("motion", state="end")
        assert len(hub.frames) == 3


async def test_a_light_that_is_switched_on_is_not(watching: Board, hub: HubSide) -> None:
    async with watching as board:
        await board.log("@camera grey")
        await board.log("@power 0")
        board.set_grey(160)
        for _ in range(2):
            await board.log("@camera grey")
        await board.log("@power 0")
        assert not board.seen("permille")


async def test_the_pir_counts_too_where_both_are_wanted(watching: Board, hub: HubSide) -> None:
    watching.set_config(**QUICK, motion_source="both")
    async with watching as board:
        await board.log("the hub is there")
        board.say("pir")
        await hub.message("motion", state="start", source="pir")


async def test_nothing_moves_a_camera_that_only_takes_snapshots(make_board, source, hub, admin) -> None:
    board: Board = await make_board(source, on=False)
    board.set_config(**QUICK, motion_source="none")
    async with board:
        await board.log("the hub is there")
        board.say("pir")
        await admin.command("snapshot")
        assert (await hub.message("cmd"))["ok"]
        assert [frame.motion_id for frame in hub.frames] == [1]


async def test_somebody_who_stays_is_looked_at_again_after_the_cooldown(make_board, source, hub: HubSide) -> None:
    board: Board = await make_board(source)
    await board.log("the hub is there")
    board.say("pir high")
    for number in (1, 2):
        await hub.message("motion", state="end", motion_id=number)
    board.say("pir low")


def test_the_duty_cycle_is_bounded_and_recovers(tmp_path: Path) -> None:
    assert run(tmp_path, DUTY) == {"fresh": True, "after_5_min": False, "after_rest": True, "share": 50}


def test_sensitivity_goes_from_a_third_of_the_picture_to_half_a_percent(tmp_path: Path) -> None:
    thresholds = run(tmp_path, "from motion import threshold_permille as t\nprint(json.dumps([t(1), t(50), t(100)]))")
    assert thresholds == [300, 39, 5]


def run(folder: Path, code: str) -> object:
    """What a snippet prints as JSON, run by MicroPython among the firmware's files."""
    for path in (*FIRMWARE.glob("*.py"), FIRMWARE.parent / "hub" / "wire.py"):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "hal.py").write_text("def camera_power(on):\n    pass\n")
    (folder / "snippet.py").write_text("import json\n" + code)
    done = subprocess.run([*micropython(), "snippet.py"], cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


DUTY = """
from sensor import Duty

duty = Duty(0)
out = {"fresh": duty.allows()}
duty.worked(301_000)
out["after_5_min"] = duty.allows()
duty.rested(331_000)
out["after_rest"] = duty.allows()

on = total = 0
duty = Duty(0)
now = 0
while now < 24 * 3600_000:  # a day on which it is wanted without a pause
    before, now = now, now + 1000
    if duty.allows():
        duty.worked(now)
        on += 1
    else:
        duty.rested(now)
    total += 1
out["share"] = round(100 * on / total)
print(json.dumps(out))
"""
