"""Fifty cameras over TLS and a real hub: whatever happens, all are back soon and nobody's attendance is lost."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import broker
from broker import certificates, tls
from hub.model import FrameKey, Outcome
from hub.simulator.camera import Camera
from hub.simulator.credentials import Credentials
from hub.simulator.fleet import Fleet
from hub.simulator.outputs import Answered, Unanswered
from hub.simulator.scene import Optics
from hub.store.opening import open_store
from tests.acceptance.stack import Stack, make_stack, portrait, scene

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

CAMERAS = 50
BACK_S = 10.0
PATIENCE_S = 90.0  # for fifty frames to be recognized on a busy machine; it takes 5 s on a quiet one
KNOWN = (Outcome.RECOGNIZED, Outcome.ALREADY_MARKED)
CONFIG = {"burst_frames": 1, "cooldown_ms": 0, "ack_timeout_ms": 10_000}


class Doorstep:
    """Somebody comes when the test says so, and one picture is taken of them."""

    def __init__(self) -> None:
        self._jpeg = b""
        self._due = False

    def come(self, jpeg: bytes) -> None:
        self._jpeg, self._due = jpeg, True

    def motion(self, at_ms: float) -> bool:
        return self._due

    def picture(self, at_ms: float, optics: Optics) -> bytes:
        self._due = False
        return self._jpeg


class Cameras:
    """The fleet, and what the hub said to its frames."""

    def __init__(self, stack: Stack) -> None:
        self.site = stack.site
        self._runner = Fleet()
        self._answered: dict[FrameKey, Outcome] = {}
        self._lock = threading.Lock()
        self.doorsteps = [Doorstep() for _ in range(CAMERAS)]
        names = [f"cam-{number}" for number in range(CAMERAS)]
        with broker.Admin(self.site.settings) as admin:
            given = [self._credentials(name, admin.add_device(name)) for name in names]
        self.all = [
            Camera(each, doorstep, config=CONFIG, fleet=self._runner, on_answer=self._note)
            for each, doorstep in zip(given, self.doorsteps, strict=True)
        ]
        self._runner.start()
        for camera in self.all:
            camera.start()

    def _credentials(self, name: str, password: str) -> Credentials:
        return Credentials.of(broker.camera_credentials(self.site.settings, name, password))

    def _note(self, camera: Camera, answer: Answered | Unanswered) -> None:
        if isinstance(answer, Answered):
            key = FrameKey(camera.device, answer.ack.boot_id, answer.ack.frame_id)
            with self._lock:
                self._answered[key] = answer.ack.outcome

    def known(self) -> set[FrameKey]:
        """The frames of which the hub said that somebody's attendance is written."""
        with self._lock:
            return {key for key, outcome in self._answered.items() if outcome in KNOWN}

    def visit(self, jpeg: bytes) -> None:
        for doorstep in self.doorsteps:
            doorstep.come(jpeg)

    def wait_back(self, since: float) -> float:
        """Wait until every camera may send to the hub; the seconds that it took."""
        until(lambda: all(camera.behaviour.online for camera in self.all), BACK_S, "not all cameras are back")
        return time.monotonic() - since

    def wait_kept(self) -> None:
        """Wait until every camera has kept the frame that it could not send."""
        until(lambda: all(camera.behaviour.kept for camera in self.all), PATIENCE_S, "not all frames are kept")

    def wait_answered(self, frames: int) -> None:
        """Wait until so many frames of each camera are known people's, and none is left to send."""

        def done() -> bool:
            return len(self.known()) >= frames * CAMERAS and not any(camera.behaviour.kept for camera in self.all)

        until(done, PATIENCE_S, "not all frames are answered")

    def rotate(self) -> list[Credentials]:
        """New passwords for all. Their connections are cut."""
        with broker.Admin(self.site.settings) as admin:
            return [self._credentials(camera.device, admin.rotate(camera.device)) for camera in self.all]

    def close(self) -> None:
        for left in [camera.leave() for camera in self.all]:
            left.wait(10)
        self._runner.stop()


def until(condition: Callable[[], bool], seconds: float, problem: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, problem
        time.sleep(0.02)  # fifty cameras: there is no one thing to wait on


@pytest.fixture
def stack(tmp_path: Path, enrolled: Path) -> Iterator[Stack]:
    with make_stack(tmp_path / "data", enrolled) as made:
        made.start_hub()
        yield made


@pytest.fixture
def cameras(stack: Stack) -> Iterator[Cameras]:
    cameras = Cameras(stack)
    until(lambda: all(camera.behaviour.online for camera in cameras.all), 30, "not all cameras connect")
    yield cameras
    cameras.close()


def renew(stack: Stack) -> None:
    """Another certificate of the same CA, taken over as `presenza broker` does it."""
    path = stack.site.settings.broker_dir / "tls/server.pem"
    ca = tls.ca(stack.site.settings)
    pair = certificates.issue_server(ca, ["127.0.0.1"], datetime.now(UTC) + timedelta(days=500))
    path.write_bytes(pair.certificate + pair.key)
    assert stack.site.process is not None
    stack.site.process.send_signal(signal.SIGHUP)


def test_a_fleet_comes_back_and_loses_nobodys_attendance(stack: Stack, cameras: Cameras):
    """One test for all three, because the hub's start costs more than they do."""
    obama, biden = scene(portrait("obama", 3)), scene(portrait("biden"))

    stack.site.kill()  # the broker's power fails, and people come meanwhile
    cameras.visit(obama)
    cameras.wait_kept()
    began = time.monotonic()
    stack.site.start()
    restarted_s = cameras.wait_back(began)
    cameras.wait_answered(1)
    assert stack.seen_today() == ["Obama"]

    began = time.monotonic()
    given = cameras.rotate()
    cameras.visit(biden)
    cameras.wait_kept()
    for camera, credentials in zip(cameras.all, given, strict=True):
        camera.give(credentials)
    rotated_s = cameras.wait_back(began)
    cameras.wait_answered(2)
    assert stack.seen_today() == ["Biden", "Obama"]

    reconnects = sum(camera.behaviour.counters.reconnects for camera in cameras.all)
    cameras.visit(obama)  # under way while the certificate changes
    renew(stack)
    cameras.wait_answered(3)
    assert sum(camera.behaviour.counters.reconnects for camera in cameras.all) == reconnects

    print(f"\n{CAMERAS} cameras back {restarted_s:.1f} s after the broker, {rotated_s:.1f} s after their passwords")
    store = open_store(stack.site.settings)
    acknowledged = cameras.known()
    assert len(acknowledged) == 3 * CAMERAS
    assert [key for key in acknowledged if store.event_of(key) is None] == []
    store.close()
