"""A real broker for tests.

Usage: import the fixture in the `conftest.py` of your test folder,

    from tests.integration.brokers import broker_site  # noqa: F401

and ask for it in a test:

    def test_something(broker_site):
        settings = broker_site.settings            # data_dir, site and ports of this test alone
        camera = broker_site.add_camera("door-1")  # {"device","site","username","password","host","port","tls","ca"}

It is Mosquitto with the product's own configuration and provisioning, on free ports, in `tmp_path`,
answering before the test begins. `broker_site.kill()`, `.stop()`, `.start()` and `.restart()` make it
go and come back on the same port; `make_site(folder, **settings)` makes more of them, in a `with`.
`presenza hub` and other commands find it through `broker_site.environ`.

Where mosquitto is missing such tests are skipped, except under CI=true, where they fail.
"""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import broker
from broker.mosquitto import find_plugin
from hub import settings as hub_settings
from hub.errors import Unavailable
from hub.settings import Settings

START_S = 20.0  # generous: the machine may be busy; it takes 0.1 s


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Site:
    """A broker in a folder of its own, with the settings that lead there."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environ(self) -> dict[str, str]:
        """The environment for a process that shall use this broker."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PRESENZA_")}
        given = {
            "PRESENZA_DATA_DIR": self.settings.data_dir,
            "PRESENZA_SITE": self.settings.site,
            "PRESENZA_MQTT_LOCAL_PORT": self.settings.mqtt_local_port,
            "PRESENZA_MQTT_PORT": self.settings.mqtt_port,
            "PRESENZA_MQTT_BIND": self.settings.mqtt_bind,
            "PRESENZA_MQTT_CERTIFICATE_PORT": self.settings.mqtt_certificate_port,
        }
        return inherited | {name: str(value) for name, value in given.items() if value is not None}

    @property
    def log(self) -> str:
        """What mosquitto wrote so far."""
        return (self.settings.data_dir / "mosquitto.log").read_text()

    def start(self) -> None:
        broker.prepare(self.settings)
        with (self.settings.data_dir / "mosquitto.log").open("ab") as log:
            self.process = subprocess.Popen(broker.command(self.settings), stdout=log, stderr=log)
        try:
            broker.ready(self.settings, START_S)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> int:
        """End it in order and return its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End it as a power cut would."""
        return self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def add_camera(self, device: str) -> dict[str, Any]:
        """Give a camera an identity; what `presenza device add --json` prints."""
        with broker.Admin(self.settings) as admin:
            password = admin.add_device(device)
        return broker.camera_credentials(self.settings, device, password)

    def _end(self, number: signal.Signals) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(number)
        code = self.process.wait(10)
        self.process = None
        return code


@contextmanager
def make_site(folder: Path, **values: Any) -> Iterator[Site]:
    """A running broker in `folder`; `values` are settings."""
    _need_mosquitto()
    ports = {"mqtt_local_port": free_port(), "mqtt_port": free_port(), "mqtt_bind": "127.0.0.1"}
    site = Site(hub_settings.load({}, **({"data_dir": folder, "time_zone": "UTC"} | ports | values)))
    site.settings.data_dir.mkdir(parents=True, exist_ok=True)
    site.start()
    try:
        yield site
    finally:
        site.kill()


@pytest.fixture
def broker_site(tmp_path: Path) -> Iterator[Site]:
    with make_site(tmp_path / "data") as site:
        yield site


def _need_mosquitto() -> None:

    try:
        find_plugin()
    except Unavailable as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
