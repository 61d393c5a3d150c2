"""The way to the cameras for `presenza device config`: what they are set to goes out, what they say comes in."""

import queue
import secrets
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import paho.mqtt.client as mqtt

from broker import policy
from broker.connection import Connection
from hub import wire
from hub.conductor import Event, Said, event_of, now_ms
from hub.errors import NotFound, PayloadRefused, Unavailable
from hub.payloads import Command, CommandAnswer, ConfigInForce, Result, decode
from hub.settings import Settings
from hub.shadow import Reported
from hub.store import Store

SENT_S = 5.0  # for the broker to take a message
COMMAND_MS = 20_000


class Line:
    """A connection with the dashboard's rights, which may set cameras; use it with `with`. Raises Unavailable."""

    def __init__(self, settings: Settings, *, results: bool = False) -> None:
        """`results`: hear what became of frames, too."""
        self._site = settings.site
        self._settings = settings
        self._results = results
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._commands: set[str] = set()

    def __enter__(self) -> "Line":
        self._connection = Connection(self._settings, policy.DASHBOARD)
        topics = [wire.up(self._site, "+", wire.CONFIG), wire.up(self._site, "+", wire.CMD)]
        if self._results:
            topics.append(wire.hub(self._site, wire.RESULTS))
        self._connection.client.on_message = self._on_message
        self._connection.client.subscribe([(topic, 1) for topic in topics])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish a retained message; the broker has it when this returns. Raises Unavailable."""
        sent = self._connection.client.publish(topic, payload, qos=1, retain=True)
        sent.wait_for_publish(SENT_S)
        if not sent.is_published():
            raise Unavailable("The broker doesn't take what the camera shall be set to.")

    def snapshot(self, device: str) -> None:
        """Have a camera take a picture."""
        command = Command(id=f"c-{secrets.token_hex(6)}", op="snapshot", not_after_ms=now_ms() + COMMAND_MS)
        self._commands.add(command.id)
        self._connection.client.publish(wire.down(self._site, device, wire.CMD), command.encode(), qos=1)

    def next(self, timeout_s: float) -> Event | None:
        """What came in next; None when nothing did."""
        try:
            return self._events.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            return None

    def answer(self, device: str, version: int, timeout_s: float) -> Reported | None:
        """Wait for a camera's answer to a version; None when it says nothing in time."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            event = self.next(left_s)
            if isinstance(event, Said) and (event.device, event.report.version) == (device, version):
                return event.report
        return None

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            event = self._read(wire.parse_topic(message.topic), bytes(message.payload))
        except (PayloadRefused, wire.WireError):
            return  # the hub counts these; here it is no answer
        if event is not None:
            self._events.put(event)

    def _read(self, topic: wire.Topic, payload: bytes) -> Event | None:
        if topic.leaf == wire.RESULTS:
            return event_of(topic.device, decode(Result, payload))
        if topic.leaf == wire.CONFIG and payload:
            return event_of(topic.device, decode(ConfigInForce, payload))
        if topic.leaf == wire.CMD:
            answer = decode(CommandAnswer, payload)
            return event_of(topic.device, answer) if answer.id in self._commands else None
        return None


def check_known(store: Store, devices: Sequence[str]) -> None:
    """Raise NotFound for the first that is no camera of this site."""
    known = {each.device for each in store.devices()} | {each.device for each in store.device_states()}
    for device in devices:
        if device not in known:
            raise NotFound(f"There is no camera {device}.")
