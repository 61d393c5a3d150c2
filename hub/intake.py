"""Incoming MQTT messages, each to whom it concerns. What breaks the contract is counted and dropped."""

from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from time import monotonic

from hub import wire
from hub.devices import DeviceBook
from hub.errors import PayloadRefused
from hub.flood import ALLOWANCE, Allowance, FloodMeter
from hub.metrics import Metrics
from hub.mqtt import Incoming
from hub.payloads import CommandAnswer, ConfigInForce, DeviceStatus, Motion, Telemetry, decode
from hub.pipeline import Pipeline, now_ms
from hub.rpc import Rpc

parse_topic = lru_cache(4096)(wire.parse_topic)


def subscriptions(site: str) -> list[tuple[str, int]]:
    """What the hub reads, with the QoS of each."""
    return [
        (wire.up(site, "+", wire.FRAME), 1),  # QoS 1 so that resent frames keep theirs
        (wire.up(site, "+", wire.STATUS), 1),
        (wire.up(site, "+", wire.MOTION), 1),
        (wire.up(site, "+", wire.TELEMETRY), 0),
        (wire.up(site, "+", wire.CONFIG), 1),
        (wire.up(site, "+", wire.CMD), 1),
        (wire.hub(site, wire.RPC) + "/+", 1),
    ]


class Intake:
    """Hands each message on. Frames first: they are nearly all of the traffic."""

    def __init__(
        self,
        pipeline: Pipeline,
        devices: DeviceBook,
        rpc: Rpc,
        metrics: Metrics,
        *,
        on_flood: Callable[[str], None] = lambda device: None,
        allowance: Allowance = ALLOWANCE,
    ) -> None:
        """`on_flood` is called with a camera that sends more than any has reason to, once each time."""
        self._meter = FloodMeter(allowance)
        self._on_flood = on_flood
        self._pipeline = pipeline
        self._devices = devices
        self._rpc = rpc
        self._metrics = metrics
        self._readers: dict[str, Callable[[str, bytes], None]] = {
            wire.STATUS: self._status,
            wire.MOTION: self._motion,
            wire.TELEMETRY: self._telemetry,
            wire.CONFIG: self._config,
            wire.CMD: self._command_answer,
        }

    def receive(self, message: Incoming) -> None:
        """Never raises for anything that came from outside."""
        try:
            topic = parse_topic(message.topic)
        except wire.WireError as error:
            self._metrics.count("messages_refused", error.reason)
            return
        begins_frame = topic.leaf == wire.FRAME and wire.is_first_chunk(message.payload)
        if self._is_over(topic.device, len(message.payload), begins_frame=begins_frame):
            self._metrics.count("messages_refused", "flood")
        elif topic.leaf == wire.FRAME:
            if not message.retained:  # an event that is retained is stale, or a trick
                self._pipeline.receive(topic.device, message.payload)
        elif topic.device == wire.HUB:
            self._rpc.receive(topic.leaf.removeprefix(wire.RPC + "/"), message)
        elif topic.leaf in self._readers:
            self._read(topic.device, topic.leaf, message.payload)

    def dropped(self, topic: str, size_bytes: int) -> None:
        """A message for which there was no room: it is lost, but it counts as a part of a flood."""
        with suppress(wire.WireError):
            self._is_over(parse_topic(topic).device, size_bytes, begins_frame=False)

    def _is_over(self, device: str, size_bytes: int, *, begins_frame: bool) -> bool:
        """Whether it is more of this camera than the limits let pass; the first of it is told."""
        if device == wire.HUB:
            return False
        weighed = self._meter.weigh(device, size_bytes, monotonic(), begins_frame=begins_frame)
        if weighed.tell:
            self._metrics.count("floods")
            self._on_flood(device)
        return weighed.over

    def _read(self, device: str, leaf: str, payload: bytes) -> None:
        if not payload:
            return  # how a retained message is taken back
        try:
            self._readers[leaf](device, payload)
        except PayloadRefused as refusal:
            self._metrics.count(f"{leaf}_refused", refusal.reason)

    def _status(self, device: str, payload: bytes) -> None:
        status = decode(DeviceStatus, payload)
        self._devices.status(device, status.state, status.model_dump(exclude_none=True), now_ms())

    def _motion(self, device: str, payload: bytes) -> None:
        del device
        self._metrics.count("motions", decode(Motion, payload).state)

    def _telemetry(self, device: str, payload: bytes) -> None:
        self._devices.telemetry(device, decode(Telemetry, payload).model_dump(exclude_none=True), now_ms())

    def _config(self, device: str, payload: bytes) -> None:
        self._devices.config(device, decode(ConfigInForce, payload).model_dump(exclude_none=True), now_ms())

    def _command_answer(self, device: str, payload: bytes) -> None:
        del device
        self._metrics.count("command_answers", "ok" if decode(CommandAnswer, payload).ok else "failed")
