"""Connecting to our own broker as one of its services, with paho-mqtt."""

import secrets
import time
from threading import Event
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from broker import policy
from broker.provision import credentials
from hub.errors import Unavailable
from hub.settings import Settings

RETRY_S = 0.02
MAX_RETRY_S = 0.5


class Connection:
    """A connection as a service (`hub`, `dashboard`, `admin`); `close` it.

    Raises Unavailable when the broker can't be reached or refuses the password.
    """

    def __init__(self, settings: Settings, role: str, timeout_s: float = 5.0) -> None:
        self._answered = Event()
        self._refusal: ReasonCode | None = None
        # A name that no camera can have, so that none can take this connection over.
        name = f"{role}:{secrets.token_hex(6)}"
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv5)
        self.client.username_pw_set(*credentials(settings, role))
        self.client.on_connect = self._on_connect
        self._where = f"{settings.mqtt_host}:{settings.mqtt_local_port}"
        try:
            self.client.connect(settings.mqtt_host, settings.mqtt_local_port, keepalive=30)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise Unavailable(f"No broker answers at {self._where} ({reason}); start it with `presenza up`.") from None
        self.client.loop_start()
        self._wait(timeout_s)

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        self._refusal = reason if reason.is_failure else None
        self._answered.set()

    def _wait(self, timeout_s: float) -> None:
        answered = self._answered.wait(timeout_s)
        if answered and self._refusal is None:
            return
        self.close()
        if answered:
            raise Refused(f"The broker at {self._where} refuses us ({self._refusal}): it runs on another data folder?")
        raise Unavailable(f"What listens at {self._where} doesn't answer as a broker.")

    def close(self) -> None:
        """Say goodbye and end the network thread."""
        self.client.disconnect()
        self.client.loop_stop()


class Refused(Unavailable):
    """The broker knows us not; to try again is no use."""


def ready(settings: Settings, timeout_s: float = 10.0) -> None:
    """Wait until the broker lets the hub in. Raises Unavailable after `timeout_s`, or at once when refused."""
    deadline = time.monotonic() + timeout_s
    pause = RETRY_S
    while True:
        try:
            Connection(settings, policy.HUB, timeout_s=max(0.1, deadline - time.monotonic())).close()
        except Refused:
            raise
        except Unavailable:
            if time.monotonic() + pause >= deadline:
                raise
        else:
            return
        time.sleep(pause)
        pause = min(MAX_RETRY_S, pause * 1.5)
