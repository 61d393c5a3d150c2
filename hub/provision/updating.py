"""A new application for a camera that runs: sent over the broker as commands, each of which it answers.

The steps are those of firmware/update.py. The camera tries the new version, and goes back by itself
when that doesn't get an answer from the hub.
"""

import base64
import json
import queue
import secrets
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar

import paho.mqtt.client as mqtt
from pydantic import BaseModel

from broker import policy
from broker.connection import Connection
from hub import wire
from hub.errors import PayloadRefused, PresenzaError, Unavailable
from hub.payloads import CommandAnswer, DeviceStatus, decode
from hub.provision.build import Build
from hub.settings import Settings

ANSWER_S = 20.0
LIFETIME_MS = 30_000  # of a command: the contract's expiry
TRIAL_S = 1500.0  # two trial boots of ten minutes, and some

P = TypeVar("P", bound=BaseModel)
Told = Callable[[str, int], None]  # the file that is there now, and how many are left


class UpdateRefused(PresenzaError):
    """The camera refused the update."""


class _Status(DeviceStatus):
    """A status with the fields that only this project's firmware has."""

    mode: str | None = None  # normal, trial, safe
    serial: int | None = None  # of the build


class Updater:
    """Sends updates to one camera; use it with `with`. Methods raise Unavailable when it doesn't answer."""

    def __init__(self, settings: Settings, device: str) -> None:
        self._settings = settings
        self._device = device
        self._answers: queue.SimpleQueue[CommandAnswer] = queue.SimpleQueue()
        self._statuses: queue.SimpleQueue[_Status] = queue.SimpleQueue()

    def __enter__(self) -> "Updater":
        self._connection = Connection(self._settings, policy.DASHBOARD)
        client = self._connection.client
        client.on_message = self._on_message
        client.subscribe([(self._up(wire.CMD), 1), (self._up(wire.STATUS), 1)])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def install(self, build: Build, signature: str, told: Told) -> None:
        """Send all files; the camera has checked each when this returns, and restarts on trial.

        Raises UpdateRefused with the camera's words.
        """
        need = self._step(step="begin", manifest=build.manifest, signature=signature)["need"]
        for name in list(need):
            if name not in build.files:
                raise UpdateRefused(f"{self._device} asks for {name!r}, which isn't part of the update.")
            data = base64.b64encode(build.files[name]).decode()
            need = self._step(step="file", name=name, data=data)["need"]
            told(name, len(need))
        self._step(step="finish")

    def outcome(self, serial: int, timeout_s: float = TRIAL_S) -> bool:
        """Wait for the end of the trial: True once the build is confirmed, False when the camera went back."""
        deadline = time.monotonic() + timeout_s
        tried = False
        while True:
            status = self._next(self._statuses, deadline)
            tried = tried or status.mode == "trial"
            if tried and status.state == "online" and status.mode != "trial":
                return status.serial == serial

    def _step(self, **args: Any) -> Mapping[str, Any]:
        ident = secrets.token_hex(8)
        limit = int(time.time() * 1000) + LIFETIME_MS
        command = {"v": 1, "id": ident, "op": "update", "args": args, "not_after_ms": limit}
        topic = wire.down(self._settings.site, self._device, wire.CMD)
        self._connection.client.publish(topic, json.dumps(command), qos=1)
        deadline = time.monotonic() + ANSWER_S
        while True:
            answer = self._next(self._answers, deadline)
            if answer.id == ident:
                break
        if not answer.ok:
            raise UpdateRefused(f"{self._device} refuses the update: {answer.error}.")
        return answer.data

    def _next(self, source: "queue.SimpleQueue[P]", deadline: float) -> P:
        try:
            return source.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise Unavailable(
                f"{self._device} doesn't answer; is it on, and does `presenza device list` show it?"
            ) from None

    def _up(self, leaf: str) -> str:
        return wire.up(self._settings.site, self._device, leaf)

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            if message.topic == self._up(wire.CMD):
                self._answers.put(decode(CommandAnswer, bytes(message.payload)))
            elif message.payload:
                self._statuses.put(decode(_Status, bytes(message.payload)))
        except PayloadRefused:
            return  # the hub counts these; here an answer that is none is no answer
