"""`presenza device config` with a real broker and simulated cameras; the hub's side is played by `HubSide`."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from click.testing import CliRunner
from ulid import ULID

import broker
from hub import wire
from hub.cli import cli
from hub.devices import DeviceBook
from hub.errors import PresenzaError
from hub.model import Device, Frame, Outcome
from hub.payloads import Ack, Result
from hub.simulator.camera import Camera
from hub.simulator.credentials import Credentials
from hub.simulator.fleet import Fleet, now_ms
from hub.simulator.scene import Still
from hub.store.opening import open_store
from tests.chunks import jpeg_of
from tests.hubside import HubSide, ack_for, never
from tests.integration.brokers import Site

JPEG = jpeg_of(5_000)
HALF = {"rotate": (0, 180)}  # what this project's own camera can do


class Hub(HubSide):
    """Answers each frame, and says so to the dashboards as the real one does."""

    outcome = Outcome.NO_FACE

    def judge(self, frame: Frame) -> Ack:
        result = Result(
            result_id=str(ULID()),
            site=self._settings.site,
            device=frame.device,
            boot_id=frame.boot_id,
            frame_id=frame.frame_id,
            motion_id=frame.motion_id,
            captured_ms=frame.captured_ms,
            received_ms=frame.received_ms,
            outcome=self.outcome,
        )
        self._hub.client.publish(wire.hub(self._settings.site, wire.RESULTS), result.encode(), qos=1)
        return ack_for(frame, self.outcome)


@pytest.fixture
def hub(broker_site: Site) -> Iterator[Hub]:
    with Hub(broker_site.settings, never) as hub:
        hub.answer = hub.judge
        hub.is_("online")
        yield hub


@pytest.fixture
def fleet(broker_site: Site, hub: Hub) -> Iterator[dict[str, Camera]]:
    """Three cameras, of which gate-1 can turn its picture by 0 or 180 only."""
    abilities: dict[str, Any] = {"door-1": {}, "door-2": {}, "gate-1": HALF}
    runner = Fleet()
    cameras = {}
    for name, able in abilities.items():
        credentials = Credentials.of(broker_site.add_camera(name))
        quiet = {"motion_source": "none"}
        cameras[name] = Camera(credentials, Still([JPEG]), config=quiet, abilities=able, fleet=runner)
    store = open_store(broker_site.settings)
    for name in cameras:
        store.add_device(Device(name, 1))
    store.close()
    runner.start()
    for camera in cameras.values():
        camera.start()
    for camera in cameras.values():
        camera.wait_online()
    yield cameras
    for left in [camera.leave() for camera in cameras.values()]:
        left.wait(10)
    runner.stop()


class Ended(Exception):
    """A command ended with another code than 0."""


def presenza(site: Site, *arguments: str, code: int = 0) -> str:
    """Run `presenza device config …` in this process; what it printed."""
    run = CliRunner().invoke(cli, ["device", "config", *arguments], env=site.environ, standalone_mode=False)
    if run.exception is not None and not isinstance(run.exception, PresenzaError):
        raise run.exception
    ended = run.exception.exit_code if run.exception else int(run.return_value or 0)
    if ended != code:
        raise Ended(ended, run.stdout, f"{run.stderr}{run.exception}")
    return run.stdout


def config(site: Site, *arguments: str, code: int = 0) -> Any:
    return json.loads(presenza(site, *arguments, "--json", code=code))


def stages(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    return {row["device"]: row["stage"] for row in rows}


def test_a_camera_applies_what_is_set_and_the_history_says_who_wanted_it(broker_site, fleet):
    told = config(broker_site, "set", "door-1", "led=off", "burst_frames=3", "--by", "ada")
    assert (told["version"], told["state"]) == (1, "applied")
    assert fleet["door-1"].behaviour.configuration.values["burst_frames"] == 3
    assert config(broker_site, "set", "door-1", "burst_frames=", "--by", "bob")["state"] == "applied"
    newest, first = config(broker_site, "history", "door-1")
    assert (newest["by"], newest["changed"], newest["state"]) == ("bob", {"burst_frames": [3, 8]}, "applied")
    assert (first["by"], first["changed"]["led"]) == ("ada", ["on", "off"])
    assert newest["config"]["led"] == "off"


def test_what_the_contract_does_not_allow_is_refused_here(broker_site, fleet):
    with pytest.raises(Ended) as ended:
        config(broker_site, "set", "door-1", "jpeg_quality=99")
    assert ended.value.args[0] == 2
    assert "jpeg_quality must be from 10 to 95" in ended.value.args[2]
    assert fleet["door-1"].behaviour.configuration.version == 0


def test_what_the_camera_refuses_is_shown_with_its_reason(broker_site, fleet):
    told = config(broker_site, "set", "gate-1", "rotate=90", "led=off", code=1)
    assert (told["state"], told["problem"]) == ("refused", {"rotate": "this camera can do 0, 180 only"})
    assert fleet["gate-1"].behaviour.configuration.values["led"] == "on"
    shown = config(broker_site, "show", "gate-1")
    assert shown["state"] == "refused"
    (line,) = [line for line in shown["fields"] if line["problem"]]
    assert (line["field"], line["wanted"], line["problem"]) == ("rotate", 90, "this camera can do 0, 180 only")
    assert config(broker_site, "history", "gate-1")[0]["problem"] == {"rotate": "this camera can do 0, 180 only"}


def test_a_camera_goes_back_to_any_version(broker_site, fleet):
    for value in ("2", "3", "4"):
        config(broker_site, "set", "door-1", f"burst_frames={value}")
    assert config(broker_site, "rollback", "door-1", "1")["version"] == 4
    assert fleet["door-1"].behaviour.configuration.values["burst_frames"] == 2
    assert config(broker_site, "rollback", "door-1", "0")["state"] == "applied"
    assert fleet["door-1"].behaviour.configuration.values["burst_frames"] == 8
    assert [row["origin"] for row in config(broker_site, "history", "door-1")[:2]] == ["defaults", "version 1"]
    with pytest.raises(Ended, match="no version 17"):
        config(broker_site, "rollback", "door-1", "17")


def test_a_camera_that_is_away_finds_it_when_it_comes_back(broker_site, fleet, hub):
    assert fleet["door-1"].leave().wait(10)
    told = config(broker_site, "set", "door-1", "led=off", "--wait", "0")
    assert told["state"] == "waiting"
    with broker.Admin(broker_site.settings) as admin:
        given = broker.camera_credentials(broker_site.settings, "door-1", admin.rotate("door-1"))
    again = Camera(Credentials.of(given), Still([JPEG]), config={"motion_source": "none"})
    again.start()
    hub.next(wire.CONFIG, version=1, state="applied")
    again.stop()


def test_a_template_reaches_its_cameras_one_first(broker_site, fleet):
    site = broker_site
    presenza(site, "template", "set", "doors", "led=off", "jpeg_quality=60")
    presenza(site, "template", "add", "doors", "door-1", "door-2")
    rows = config(site, "rollout", "--template", "doors", "--first", "door-2", "--by", "ada")
    assert [row["device"] for row in rows] == ["door-2", "door-1"]
    assert stages(rows) == {"door-2": "applied", "door-1": "applied"}
    for name in ("door-1", "door-2"):
        assert fleet[name].behaviour.configuration.values["jpeg_quality"] == 60
    (row,) = config(site, "history", "door-1")
    assert (row["origin"], row["by"]) == ("template doors", "ada")
    assert {each["device"]: each["template"] for each in config(site, "list")}["door-1"] == "doors"


def test_a_camera_that_refuses_stops_the_roll_out(broker_site, fleet):
    rows = config(broker_site, "rollout", "gate-1", "door-1", "door-2", "--set", "rotate=90", code=1)
    assert stages(rows) == {"gate-1": "refused", "door-1": "queued", "door-2": "queued"}
    assert rows[0]["message"] == "rotate: this camera can do 0, 180 only"
    for name in ("door-1", "door-2"):
        assert fleet[name].behaviour.configuration.version == 0
        assert config(broker_site, "history", name) == []


def test_a_first_camera_whose_frames_break_stops_the_roll_out(broker_site, fleet, hub):
    hub.outcome = Outcome.INVALID
    rows = config(broker_site, "rollout", "door-1", "door-2", "--set", "jpeg_quality=20", code=1)
    assert stages(rows) == {"door-1": "broken", "door-2": "queued"}


def test_without_a_hub_no_frame_proves_anything(broker_site, fleet, hub):
    hub.is_("offline")
    rows = config(broker_site, "rollout", "door-1", "door-2", "--set", "led=off", "--patience", "2", code=1)
    assert stages(rows) == {"door-1": "broken", "door-2": "queued"}
    assert "the hub is away" in rows[0]["message"]


async def test_the_hub_keeps_what_cameras_say_to_a_version(broker_site, fleet, hub):
    """As it does from `up/config`, for who set the camera and didn't wait."""
    config(broker_site, "set", "gate-1", "rotate=90", "--wait", "0")
    report = hub.next(wire.CONFIG, version=1)
    store = open_store(broker_site.settings)
    book = DeviceBook(store)
    book.config("gate-1", report, int(now_ms()))
    await book.flush()
    store.close()
    (row,) = config(broker_site, "history", "gate-1")
    assert (row["state"], row["problem"]) == ("refused", {"rotate": "this camera can do 0, 180 only"})
