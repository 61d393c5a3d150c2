"""The way to the cameras for `presenza device config`: what they are set to goes out, what they say comes in."""

import queue
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import paho.mqtt.client as mqtt

from broker import policy
from broker.connection import Connection
from hub import wire
from hub.errors import NotFound, PayloadRefused, PresenzaError, Unavailable
from hub.model import Outcome
from hub.payloads import Command, CommandAnswer, ConfigInForce, Result, decode
from hub.rollout import Rollout, Send, Step
from hub.settings import Settings
from hub.shadow import ConfigAnswer, Reported, WantedConfig
from hub.store import Store

SENT_S = 5.0  # for the broker to take a message
LOOK_S = 0.2  # how often a roll-out looks at the clock
COMMAND_MS = 20_000


@dataclass(frozen=True, slots=True)
class Said:
    """A camera's report of its configuration."""

    device: str
    report: Reported


@dataclass(frozen=True, slots=True)
class Declined:
    """A camera's answer to a command of ours: it didn't."""

    device: str
    message: str


@dataclass(frozen=True, slots=True)
class Took:
    """A camera's answer to a command of ours: it took this picture."""

    device: str
    frame_id: int


@dataclass(frozen=True, slots=True)
class Framed:
    """The hub's answer to a frame of a camera."""

    device: str
    frame_id: int
    outcome: Outcome


Event = Said | Declined | Took | Framed


def now_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


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
            result = decode(Result, payload)
            return Framed(result.device, result.frame_id, result.outcome)
        if topic.leaf == wire.CONFIG and payload:
            return Said(topic.device, Reported.of(decode(ConfigInForce, payload).model_dump()))
        if topic.leaf == wire.CMD:
            return self._answered(topic.device, decode(CommandAnswer, payload))
        return None

    def _answered(self, device: str, answer: CommandAnswer) -> Event | None:
        if answer.id not in self._commands:
            return None
        if not answer.ok:
            return Declined(device, answer.error or "it gave no reason")
        frame_id = answer.data.get("frame_id")
        return Took(device, frame_id if isinstance(frame_id, int) else 0)


class Conductor:
    """Carries a roll-out to its end. `wanted` is each camera's whole configuration."""

    def __init__(
        self,
        rollout: Rollout,
        line: Line,
        store: Store,
        wanted: Mapping[str, Mapping[str, object]],
        want: Callable[[str, Mapping[str, object]], WantedConfig],
    ) -> None:
        """`want` makes a configuration a camera's next version; raises PresenzaError."""
        self._rollout = rollout
        self._line = line
        self._store = store
        self._wanted = wanted
        self._want = want

    def run(self) -> None:
        self._do(self._rollout.begin(now_ms()))
        while not self._rollout.is_over:
            self._do(self._heard(self._line.next(LOOK_S)))
            self._do(self._rollout.tick(now_ms()))

    def _heard(self, event: Event | None) -> Sequence[Step]:
        match event:
            case Said():
                keep_answer(self._store, event.device, event.report)
                return self._rollout.reported(event.device, event.report, now_ms())
            case Framed():
                return self._rollout.framed(event.device, event.frame_id, event.outcome, now_ms())
            case Took():
                return self._rollout.took(event.device, event.frame_id, now_ms())
            case Declined():
                self._rollout.declined(event.device, event.message)
        return ()

    def _do(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if isinstance(step, Send):
                self._send(step.device)
            else:
                self._line.snapshot(step.device)

    def _send(self, device: str) -> None:
        try:
            made = self._want(device, self._wanted[device])
        except PresenzaError as error:
            self._rollout.failed(device, str(error))
        else:
            self._rollout.sent(device, made.version)


def keep_answer(store: Store, device: str, report: Reported) -> None:
    """The hub keeps answers too; but it may not run."""
    store.keep_answers([ConfigAnswer(device, report.version, report.state, report.errors, now_ms())])


def check_known(store: Store, devices: Sequence[str]) -> None:
    """Raise NotFound for the first that is no camera of this site."""
    known = {each.device for each in store.devices()} | {each.device for each in store.device_states()}
    for device in devices:
        if device not in known:
            raise NotFound(f"There is no camera {device}.")
