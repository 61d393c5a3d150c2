"""What an admin may want of a camera: a configuration, a command."""

from typing import Any

import pytest

from hub import wire
from hub.simulator.configuration import Configuration
from hub.simulator.outputs import Publish, Reboot, Transmit
from tests.unit.simulator.driver import Driver, said, sent


def wanted(version: int, **config: Any) -> dict[str, Any]:
    return {"v": 1, "version": version, "config": config}


def command(op: str, number: str = "c-1", **fields: Any) -> dict[str, Any]:
    return {"v": 1, "id": number, "op": op, "args": {}, **fields}


# -- configuration ----------------------------------------------------------
def test_a_configuration_is_applied_and_reported_retained() -> None:
    driver = Driver(moving=False)
    (out,) = driver.receive("config", wanted(4, burst_frames=2))
    assert isinstance(out, Publish)
    assert out.retain
    (report,) = said([out], "config")
    assert (report["version"], report["state"], report["errors"]) == (4, "applied", [])
    assert report["config"]["burst_frames"] == 2


def test_an_applied_configuration_takes_effect() -> None:
    driver = Driver()
    driver.receive("config", wanted(1, burst_frames=2, burst_fps=10, chunk_size=2048))
    assert sent(driver.run(1000)) == [1, 2]
    assert driver.frames[0].chunk_size == 2048


def test_a_wrong_field_refuses_the_whole() -> None:
    driver = Driver(moving=False)
    driver.receive("config", wanted(4, burst_frames=2))
    (report,) = said(driver.receive("config", wanted(5, burst_frames=3, jpeg_quality=200)), "config")
    assert (report["version"], report["state"]) == (5, "rejected")
    assert report["errors"] == [{"field": "jpeg_quality", "message": "must be from 10 to 95"}]
    assert report["config"]["burst_frames"] == 2


@pytest.mark.parametrize("payload", [b"{", b"[]", b'{"config":{}}', b'{"version":-1,"config":{}}', b"x" * 70_000])
def test_what_is_no_configuration_is_refused_and_changes_nothing(payload: bytes) -> None:
    driver = Driver(moving=False)
    driver.receive("config", wanted(4, burst_frames=2))
    (report,) = said(driver.receive("config", payload), "config")
    assert (report["state"], report["errors"][0]["field"]) == ("rejected", "config")
    assert report["config"]["burst_frames"] == 2


def test_an_empty_payload_means_the_defaults() -> None:
    driver = Driver(moving=False, config={})
    driver.receive("config", wanted(4, burst_frames=2))
    (report,) = said(driver.receive("config", b""), "config")
    assert (report["version"], report["state"], report["config"]) == (0, "applied", wire.default_config())


def test_a_configuration_outlives_a_reboot() -> None:
    driver = Driver(moving=False)
    driver.receive("config", wanted(4, burst_frames=2))
    driver.camera.reboot(5, driver.now_ms)
    (report,) = said(driver.camera.connected(driver.now_ms), "config")
    assert (report["version"], report["config"]["burst_frames"]) == (4, 2)


def test_fewer_kept_frames_are_kept_at_once() -> None:
    driver = Driver(online=False)
    driver.run(20_000)
    driver.receive("config", wanted(1, keep_frames=1))
    assert driver.camera.kept == 1


def test_bad_factory_defaults_are_refused() -> None:
    with pytest.raises(ValueError, match="burst_fps must be from"):
        Configuration({"burst_fps": 99})


# -- commands ---------------------------------------------------------------
def test_a_snapshot_sends_a_frame_that_belongs_to_no_motion() -> None:
    driver = Driver(moving=False)
    out = driver.receive("cmd", command("snapshot"))
    assert said(out, "cmd") == [{"v": 1, "id": "c-1", "ok": True, "data": {"frame_id": 1}}]
    assert [each.shot.motion_id for each in out if isinstance(each, Transmit)] == [0]


def test_a_snapshot_without_a_hub_is_refused() -> None:
    driver = Driver(moving=False)
    driver.hub("offline")
    (answer,) = said(driver.receive("cmd", command("snapshot")), "cmd")
    assert (answer["ok"], answer["error"]) == (False, "the hub is away")


def test_a_reboot_is_answered_first() -> None:
    out = Driver(moving=False).receive("cmd", command("reboot"))
    assert said(out[:1], "cmd")[0]["ok"]
    assert isinstance(out[1], Reboot)


def test_forget_frames_says_how_many() -> None:
    driver = Driver(online=False)
    driver.run(10_000)
    kept = driver.camera.kept
    (answer,) = said(driver.receive("cmd", command("forget_frames")), "cmd")
    assert (answer["data"], driver.camera.kept) == ({"forgotten": kept}, 0)
    assert kept > 0


def test_identify_is_answered() -> None:
    assert said(Driver(moving=False).receive("cmd", command("identify")), "cmd")[0]["ok"]


def test_a_command_that_comes_too_late_is_not_obeyed() -> None:
    driver = Driver(moving=False)
    out = driver.receive("cmd", command("reboot", not_after_ms=int(driver.now_ms) - 1))
    assert [answer["ok"] for answer in said(out, "cmd")] == [False]
    assert len(out) == 1


def test_a_camera_without_a_clock_trusts_the_brokers_expiry() -> None:
    out = Driver(moving=False, clock_set=False).receive("cmd", command("identify", not_after_ms=1))
    assert said(out, "cmd")[0]["ok"]


def test_a_command_that_comes_twice_is_done_once() -> None:
    driver = Driver(moving=False)
    driver.receive("cmd", command("snapshot"))
    (answer,) = said(driver.receive("cmd", command("snapshot")), "cmd")
    assert answer["data"] == {"frame_id": 1}
    assert len(driver.frames) == 1


def test_only_so_many_commands_are_remembered() -> None:
    driver = Driver(moving=False)
    for number in range(40):
        driver.receive("cmd", command("snapshot", f"c-{number}"))
    (answer,) = said(driver.receive("cmd", command("snapshot", "c-39")), "cmd")
    assert answer["data"] == {"frame_id": 40}
    (answer,) = said(driver.receive("cmd", command("snapshot", "c-0")), "cmd")
    assert answer["data"] == {"frame_id": 41}


@pytest.mark.parametrize("payload", [b"", b"{", b'{"id":"c","op":"format"}', b'{"op":"reboot"}'])
def test_what_is_no_command_is_ignored(payload: bytes) -> None:
    assert Driver(moving=False).receive("cmd", payload) == []
