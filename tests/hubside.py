"""Plays the hub for a camera under test, over a real broker: takes frames in, answers them, and gives orders."""

import json
import queue
import threading
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt

from broker import policy
from broker.connection import Connection
from hub import wire
from hub.errors import ChunkRefused
from hub.frames import Assembler
from hub.model import Frame, Outcome
from hub.payloads import Ack, HubStatus
from hub.settings import Settings
from hub.simulator.fleet import now_ms

WAIT_S = 10.0
Answer = Callable[[Frame], Ack | None]


def ack_for(frame: Frame, outcome: Outcome, retry_after_ms: int = 0) -> Ack:
    return Ack(
        boot_id=frame.boot_id,
        frame_id=frame.frame_id,
        motion_id=frame.motion_id,
        outcome=outcome,
        faces=1,
        retry_after_ms=retry_after_ms,
    )


def always(outcome: Outcome) -> Answer:
    return lambda frame: ack_for(frame, outcome)


def never(_: Frame) -> None:
    return None


class HubSide:
    """Use it with `with`; `answer` may be changed at any time, None as an answer sends no ack."""

    def __init__(self, settings: Settings, answer: Answer = never) -> None:
        self.answer = answer
        self.frames: queue.Queue[Frame] = queue.Queue()
        self.said: queue.Queue[tuple[str, str, dict[str, Any]]] = queue.Queue()  # device, leaf, JSON
        self.assembler = Assembler()
        self._settings = settings

    def __enter__(self) -> "HubSide":
        self._hub = Connection(self._settings, policy.HUB)
        self._dashboard = Connection(self._settings, policy.DASHBOARD)
        subscribed = threading.Event()
        client = self._hub.client
        client.on_message = self._on_message
        client.on_subscribe = lambda *_: subscribed.set()
        client.subscribe(wire.up(self._settings.site, "+", "+"), qos=1)
        assert subscribed.wait(WAIT_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._hub.close()
        self._dashboard.close()

    def is_(self, state: str) -> None:
        """Say that the hub is `online` or `offline`."""
        topic = wire.hub(self._settings.site, wire.STATUS)
        payload = HubStatus(state=state, hub_id="test").encode()  # type: ignore[arg-type]
        self._hub.client.publish(topic, payload, qos=1, retain=True).wait_for_publish(WAIT_S)

    def command(self, device: str, **fields: Any) -> None:
        topic = wire.down(self._settings.site, device, wire.CMD)
        self._hub.client.publish(topic, json.dumps({"v": 1, **fields}), qos=1)

    def configure(self, device: str, payload: bytes) -> None:
        topic = wire.down(self._settings.site, device, wire.CONFIG)
        self._dashboard.client.publish(topic, payload, qos=1, retain=True).wait_for_publish(WAIT_S)

    def frame(self, timeout_s: float = WAIT_S) -> Frame:
        """The next whole frame."""
        return self.frames.get(timeout=timeout_s)

    def next(self, leaf: str, **fields: Any) -> dict[str, Any]:
        """The next JSON message on `leaf` whose fields have these values; others are thrown away."""
        while True:
            _, got, payload = self.said.get(timeout=WAIT_S)
            if got == leaf and all(payload.get(name) == value for name, value in fields.items()):
                return payload

    def _on_message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        topic = wire.parse_topic(message.topic)
        if topic.leaf != wire.FRAME:
            self.said.put((topic.device, topic.leaf, json.loads(message.payload or b"{}")))
            return
        try:
            frame = self.assembler.add(topic.device, message.payload, now_ms())
        except ChunkRefused:
            return  # counted by the assembler
        if frame is not None:
            self.frames.put(frame)
            ack = self.answer(frame)
            if ack is not None:
                client.publish(wire.down(self._settings.site, topic.device, wire.ACK), ack.encode(), qos=1)
