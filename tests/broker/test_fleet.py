"""Fifty simulated cameras over TLS: a new certificate drops none, and all come back when the broker does."""

import re
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

import broker
from broker import certificates, tls
from hub.simulator.camera import Camera
from hub.simulator.credentials import Credentials
from hub.simulator.fleet import Fleet
from hub.simulator.scene import Still
from tests.integration.brokers import Site

CAMERAS = 50
BACK_S = 10.0
CONNECTED = re.compile(r"New client connected from \S+ as (cam-\d+) ")
GONE = re.compile(r"Client (cam-\d+) (closed its connection|disconnected|already connected)")


@pytest.fixture
def fleet(broker_site: Site) -> Iterator[Site]:
    """A site whose fifty cameras are connected."""
    settings, runner = broker_site.settings, Fleet()
    with broker.Admin(settings) as admin:
        names = [f"cam-{number}" for number in range(CAMERAS)]
        given = [broker.camera_credentials(settings, name, admin.add_device(name)) for name in names]
    cameras = [Camera(Credentials.of(each), Still([b"\xff\xd8\xff\xd9"]), fleet=runner) for each in given]
    runner.start()
    for camera in cameras:
        camera.start()
    wait_for(broker_site, "", 30)
    yield broker_site
    for left in [camera.leave() for camera in cameras]:
        left.wait(10)
    runner.stop()


def wait_for(site: Site, before: str, seconds: float) -> float:
    """Wait until every camera has connected since the log was `before`; the seconds that it took."""
    began = time.monotonic()

    def back() -> set[str]:
        return set(CONNECTED.findall(site.log[len(before) :]))

    _until(lambda: len(back()) == CAMERAS, seconds, lambda: f"{CAMERAS - len(back())} cameras are not back")
    return time.monotonic() - began


def _until(condition: Callable[[], bool], seconds: float, problem: Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, problem()
        time.sleep(0.02)  # the log is the broker's: there is nothing to wait on but its growth


def test_a_new_certificate_drops_no_camera(fleet):
    assert fleet.process is not None
    before = fleet.log
    path = fleet.settings.broker_dir / "tls/server.pem"
    pair = certificates.issue_server(tls.ca(fleet.settings), ["127.0.0.1"], datetime.now(UTC) + timedelta(days=500))
    path.write_bytes(pair.certificate + pair.key)
    fleet.process.send_signal(signal.SIGHUP)
    with broker.Admin(fleet.settings) as admin:  # the reload is behind us when this is answered
        assert len(admin.list()) == CAMERAS
    assert GONE.findall(fleet.log[len(before) :]) == []


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_after_the_broker_restarted_all_cameras_are_back_within_ten_seconds(fleet, end):
    getattr(fleet, end)()
    before = fleet.log
    fleet.start()
    print(f"\nafter {end}: {CAMERAS} cameras back in {wait_for(fleet, before, BACK_S):.1f} s")


def test_one_camera_whose_password_changed_is_out_and_the_others_stay(fleet):
    before = fleet.log
    with broker.Admin(fleet.settings) as admin:
        admin.rotate("cam-7")
    _until(lambda: "cam-7" in fleet.log[len(before) :], 10, lambda: "cam-7 is still there")
    assert {name for name, _ in GONE.findall(fleet.log[len(before) :])} <= {"cam-7"}
