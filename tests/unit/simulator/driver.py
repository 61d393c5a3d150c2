"""Drives a camera's behaviour without a broker: time is moved on by hand, what it does is kept."""

import json
from collections.abc import Mapping
from typing import Any

from hub.model import Outcome
from hub.payloads import Ack, HubStatus
from hub.simulator.behaviour import Behaviour
from hub.simulator.outputs import Answered, Output, Publish, Transmit, Unanswered
from hub.simulator.scene import Optics
from hub.simulator.shots import Shot

BOOT = 77
CONFIG: dict[str, Any] = {"burst_frames": 4, "burst_fps": 2, "cooldown_ms": 1000, "ack_timeout_ms": 800}


class Stage:
    """A scene under the test's control: pictures say when they were taken, `size` makes them larger."""

    def __init__(self, *, moving: bool = True) -> None:
        self.moving = moving
        self.sizes: dict[int, int] = {}
        self.taken = 0

    def motion(self, at_ms: float) -> bool:
        return self.moving

    def picture(self, at_ms: float, optics: Optics) -> bytes:
        self.taken += 1
        return b"\xff\xd8" + bytes(self.sizes.get(self.taken, 100)) + b"\xff\xd9"


class Driver:
    def __init__(self, *, online: bool = True, moving: bool = True, config: Mapping[str, Any] = CONFIG, **more: Any):
        self.now_ms = 1_000_000.0
        self.stage = Stage(moving=moving)
        self.camera = Behaviour(self.stage, boot_id=BOOT, now_ms=self.now_ms, config=config, **more)
        self.done: list[Output] = []
        if online:
            self.connect()
            self.hub("online")

    def connect(self) -> None:
        self.done += self.camera.connected(self.now_ms)

    def hub(self, state: str) -> None:
        self.camera.hub_said(HubStatus(state=state, hub_id="h").encode(), self.now_ms)  # type: ignore[arg-type]

    def run(self, ms: float) -> list[Output]:
        """Let so much time go by; what was done in it."""
        begun = len(self.done)
        until = self.now_ms + ms
        while self.camera.due_ms <= until:
            self.now_ms = max(self.now_ms, self.camera.due_ms)
            self.done += self.camera.tick(self.now_ms)
        self.now_ms = until
        return self.done[begun:]

    def ack(self, shot: Shot, outcome: Outcome, **fields: Any) -> list[Output]:
        ids = {"boot_id": shot.boot_id, "frame_id": shot.frame_id, "motion_id": shot.motion_id}
        payload = Ack(**{**ids, "outcome": outcome, **fields}).encode()
        return self.receive("ack", payload)

    def receive(self, leaf: str, payload: bytes | dict[str, Any]) -> list[Output]:
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        out = self.camera.receive(leaf, raw, self.now_ms)
        self.done += out
        return out

    @property
    def frames(self) -> list[Transmit]:
        return [each for each in self.done if isinstance(each, Transmit)]

    @property
    def shots(self) -> list[Shot]:
        return [frame.shot for frame in self.frames]


def said(outputs: list[Output], leaf: str) -> list[dict[str, Any]]:
    """The JSON messages on a leaf among what was done."""
    found = [each for each in outputs if isinstance(each, Publish) and each.leaf == leaf]
    return [each.payload.model_dump(exclude_none=True) for each in found]


def sent(outputs: list[Output], *, resent: bool = False) -> list[int]:
    """The numbers of the frames that were sent."""
    return [each.shot.frame_id for each in outputs if isinstance(each, Transmit) and each.resent == resent]


def answered(outputs: list[Output]) -> list[Answered]:
    return [each for each in outputs if isinstance(each, Answered)]


def unanswered(outputs: list[Output]) -> list[int]:
    return [each.shot.frame_id for each in outputs if isinstance(each, Unanswered)]
