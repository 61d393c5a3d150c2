"""Carries a roll-out to its end: what `hub.rollout` wants done is done here, over a line to the cameras."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from hub.errors import PresenzaError
from hub.model import Outcome
from hub.payloads import CommandAnswer, ConfigInForce, Result
from hub.rollout import Progress, Rollout, Send, Step
from hub.shadow import ConfigAnswer, Reported, WantedConfig
from hub.store import Store

LOOK_S = 0.2  # how often it looks at the clock


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


def event_of(device: str, payload: object) -> Event | None:
    """What a message says to a roll-out. The caller lets answers to its own commands pass only."""
    match payload:
        case Result():
            return Framed(payload.device, payload.frame_id, payload.outcome)
        case ConfigInForce():
            return Said(device, Reported.of(payload.model_dump()))
        case CommandAnswer(ok=False):
            return Declined(device, payload.error or "it gave no reason")
        case CommandAnswer():
            frame_id = payload.data.get("frame_id")
            return Took(device, frame_id if isinstance(frame_id, int) else 0)
    return None


class Line(Protocol):
    """The way to the cameras."""

    def snapshot(self, device: str) -> None:
        """Have a camera take a picture; its answer comes as `Took` or `Declined`."""

    def next(self, timeout_s: float) -> Event | None:
        """What came in next; None when nothing did."""


def now_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


class Conductor:
    """One roll-out's. `wanted` is each camera's whole configuration."""

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

    def run(self, told: Callable[[Sequence[Progress]], bool] = lambda progress: True) -> None:
        """Return at the end. `told` hears how it stands, several times a second; False ends it there."""
        self._do(self._rollout.begin(now_ms()))
        while told(self._rollout.progress) and not self._rollout.is_over:
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
