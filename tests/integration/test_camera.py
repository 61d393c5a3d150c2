"""A simulated camera on a real broker; the hub's side is played by `HubSide`."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from hub import wire
from hub.errors import Unavailable
from hub.model import Outcome
from hub.simulator.camera import Camera
from hub.simulator.credentials import Credentials
from hub.simulator.fleet import Fleet
from hub.simulator.link import Faults, Link
from hub.simulator.outputs import Answered
from hub.simulator.scene import Scene, Still
from tests.chunks import jpeg_of
from tests.hubside import HubSide, always, never
from tests.integration.brokers import Site

JPEG = jpeg_of(40_000)
QUIET = {"motion_source": "none"}
LIVELY = {"burst_frames": 3, "burst_fps": 10, "cooldown_ms": 60_000, "ack_timeout_ms": 1000}


@pytest.fixture
def hub(broker_site: Site) -> Iterator[HubSide]:
    with HubSide(broker_site.settings, always(Outcome.UNKNOWN)) as hub:
        hub.is_("online")
        yield hub


@pytest.fixture
def camera(broker_site: Site, hub: HubSide) -> Iterator[Camera]:
    """One that does nothing by itself."""
    camera = new_camera(broker_site, config=QUIET)
    camera.start()
    camera.wait_online()
    yield camera
    camera.stop()


def new_camera(site: Site, device: str = "door-1", scene: Scene | None = None, **more: Any) -> Camera:
    return Camera(Credentials.of(site.add_camera(device)), scene or Still([JPEG]), **more)


class Door(Still):
    """Nothing moves before it is opened."""

    def __init__(self) -> None:
        super().__init__([JPEG])
        self.open = False

    def motion(self, at_ms: float) -> bool:
        return self.open


def running(camera: Camera) -> "_Running":
    return _Running(camera)


class _Running:
    """Stops the camera whatever happens."""

    def __init__(self, camera: Camera) -> None:
        self.camera = camera

    def __enter__(self) -> Camera:
        self.camera.start()
        return self.camera

    def __exit__(self, *_: object) -> None:
        self.camera.stop()


def test_a_picture_is_sent_and_its_ack_comes_back(camera: Camera, hub: HubSide) -> None:
    answered = camera.send(JPEG)
    frame = hub.frame()
    assert frame.jpeg == JPEG
    assert (answered.ack.boot_id, answered.ack.frame_id) == (frame.boot_id, frame.frame_id)
    assert answered.ack.outcome is Outcome.UNKNOWN
    assert answered.round_trip_ms is not None


def test_many_pictures_on_their_way_at_once_get_each_its_own_ack(camera: Camera) -> None:
    futures = [camera.post(jpeg_of(20_000, seed)) for seed in range(20)]
    assert [future.result(10).ack.frame_id for future in futures] == list(range(1, 21))


def test_without_an_ack_sending_times_out(camera: Camera, hub: HubSide) -> None:
    hub.answer = never
    hub.configure("door-1", b'{"v":1,"version":1,"config":{"motion_source":"none","ack_timeout_ms":200}}')
    hub.next(wire.CONFIG, version=1)
    with pytest.raises(TimeoutError, match="no ack"):
        camera.send(JPEG)


def test_it_says_that_it_is_online_and_takes_its_leave(broker_site: Site, hub: HubSide) -> None:
    with running(new_camera(broker_site, config=QUIET)) as camera:
        camera.wait_online()
        online = hub.next(wire.STATUS, state="online")
    assert hub.next(wire.STATUS, state="offline")["boot_id"] == online["boot_id"]


def test_a_burst_goes_on_until_somebody_is_recognized(broker_site: Site, hub: HubSide) -> None:
    hub.answer = always(Outcome.RECOGNIZED)
    with running(new_camera(broker_site, config={**LIVELY, "burst_frames": 30})):
        first = hub.next(wire.MOTION, state="start")
        assert hub.next(wire.MOTION, state="end")["motion_id"] == first["motion_id"]
    assert hub.frames.qsize() < 10


def test_a_burst_ends_after_its_frames(broker_site: Site, hub: HubSide) -> None:
    door = Door()
    with running(new_camera(broker_site, scene=door, config=LIVELY)) as camera:
        camera.wait_online()
        door.open = True
        frames = [hub.frame() for _ in range(3)]
        hub.next(wire.MOTION, state="end")
    assert [frame.last for frame in frames] == [False, False, True]
    assert hub.frames.empty()


def test_a_configuration_reaches_it_and_is_reported(camera: Camera, hub: HubSide) -> None:
    hub.configure("door-1", b'{"v":1,"version":3,"config":{"motion_source":"none","chunk_size":1024}}')
    assert hub.next(wire.CONFIG, version=3)["state"] == "applied"
    hub.configure("door-1", b'{"v":1,"version":4,"config":{"rotate":45}}')
    assert [each["field"] for each in hub.next(wire.CONFIG, version=4)["errors"]] == ["rotate"]
    camera.send(JPEG)
    assert hub.frame().jpeg == JPEG


def test_a_wanted_configuration_waits_for_it(broker_site: Site, hub: HubSide) -> None:
    broker_site_camera = new_camera(broker_site, config=QUIET)
    hub.configure("door-1", b'{"v":1,"version":9,"config":{"motion_source":"none","led":"off"}}')
    with running(broker_site_camera):
        assert hub.next(wire.CONFIG, version=9)["config"]["led"] == "off"


def test_commands_are_answered(camera: Camera, hub: HubSide) -> None:
    hub.command("door-1", id="c-1", op="snapshot")
    assert hub.next(wire.CMD, id="c-1")["data"] == {"frame_id": 1}
    assert hub.frame().motion_id == 0


def test_a_reboot_is_answered_and_seen_as_a_lost_connection(camera: Camera, hub: HubSide) -> None:
    before = hub.next(wire.STATUS, state="online")["boot_id"]
    hub.command("door-1", id="c-1", op="reboot")
    hub.next(wire.CMD, id="c-1", ok=True)
    assert hub.next(wire.STATUS, state="offline")["boot_id"] == before
    assert hub.next(wire.STATUS, state="online")["boot_id"] != before
    camera.wait_online()
    assert camera.send(JPEG).ack.frame_id == 1


def test_what_happens_while_the_hub_is_away_is_sent_when_it_is_back(broker_site: Site, hub: HubSide) -> None:
    hub.is_("offline")
    with running(new_camera(broker_site, config=LIVELY)):
        hub.next(wire.MOTION, state="end")
        assert hub.frames.empty()
        hub.is_("online")
        frame = hub.frame()
    assert (frame.resent, frame.clock_set, frame.jpeg) == (True, True, JPEG)


def test_a_lost_network_is_survived(broker_site: Site, hub: HubSide) -> None:
    hub.answer = never  # so that the motion's frame stays unanswered
    with running(new_camera(broker_site, config=LIVELY)) as camera:
        hub.next(wire.MOTION, state="end")
        broker_site.kill()
        broker_site.start()
        with HubSide(broker_site.settings, always(Outcome.UNKNOWN)) as hub_again:
            hub_again.is_("online")
            camera.wait_online()
            assert hub_again.frame().resent


def test_a_camera_that_is_not_let_in_says_why(broker_site: Site, hub: HubSide) -> None:
    login = broker_site.add_camera("door-1") | {"password": "wrong"}
    with running(Camera(Credentials.of(login), Still([JPEG]))) as camera:
        deadline = time.monotonic() + 10
        while not camera.problem:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with pytest.raises(Unavailable, match="refused"):
            camera.wait_online(0.01)
        assert not camera.was_connected


def test_a_broker_with_another_certificate_is_not_trusted(broker_site: Site, hub: HubSide) -> None:
    login = broker_site.add_camera("door-1")
    if not login["tls"]:
        pytest.fail("cameras connect with TLS")
    stranger = Camera(Credentials.of(login | {"ca": None}), Still([JPEG]))
    with running(stranger) as camera, pytest.raises(Unavailable, match="certificate"):
        camera.wait_online(3)


def test_a_bad_link_loses_frames_but_never_changes_one(broker_site: Site, hub: HubSide) -> None:
    faults = Faults(loss=0.05, duplicates=0.1, reorder=0.2, interleave=0.3)
    link = Link(faults, seed=3)
    pictures = [jpeg_of(30_000, seed) for seed in range(40)]
    config = QUIET | {"ack_timeout_ms": 2000}
    with running(new_camera(broker_site, link=link, config=config)) as camera:
        camera.wait_online()
        futures = [camera.post(picture) for picture in pictures]
        answers = [future.exception(10) for future in futures]
    frames = [hub.frame() for _ in range(hub.frames.qsize())]
    assert {frame.jpeg for frame in frames} <= set(pictures)
    assert len({frame.key for frame in frames}) == len(frames) == answers.count(None)
    assert 0 < len(frames) < len(pictures)


def test_outages_and_reboots_do_not_stop_it(broker_site: Site, hub: HubSide) -> None:
    link = Link(Faults(reboots=60, outages=60, outage_ms=200), seed=1)
    config = LIVELY | {"cooldown_ms": 0}
    with running(new_camera(broker_site, link=link, config=config)):
        boots = {hub.next(wire.STATUS, state="online")["boot_id"] for _ in range(4)}
    assert len(boots) > 1


def test_a_fleet_runs_many_cameras_in_one_thread(broker_site: Site, hub: HubSide) -> None:
    told: list[tuple[str, object]] = []
    fleet, door = Fleet(), Door()
    cameras = [
        new_camera(
            broker_site,
            f"door-{number}",
            door,
            config=LIVELY,
            fleet=fleet,
            on_answer=lambda camera, event: told.append((camera.device, event)),
        )
        for number in range(1, 21)
    ]
    for camera in cameras:
        camera.start()
    fleet.start()
    for camera in cameras:
        camera.wait_online()
    door.open = True
    frames = [hub.frame() for _ in range(60)]
    for number in range(60):
        cameras[number % 20].answers.get(timeout=10)
    for stopped in [camera.leave() for camera in cameras]:
        assert stopped.wait(10)
    fleet.stop()
    assert {frame.device for frame in frames} == {camera.device for camera in cameras}
    assert len([event for _, event in told if isinstance(event, Answered)]) == 60
