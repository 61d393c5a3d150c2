"""What a camera does: a state machine without socket or clock. The time is an argument, what is to be
done comes back as values.

| state    | event                                        | what happens              | next     |
|----------|----------------------------------------------|---------------------------|----------|
| idle     | something moves                              | motion `start`            | burst    |
| burst    | time for the next frame                      | a frame, sent or kept     | burst    |
| burst    | ack `recognized` or `already_marked` for it  | motion `end`              | cooldown |
| burst    | all frames taken                             | motion `end`              | cooldown |
| cooldown | cooldown_ms are over                         |                           | idle     |

What becomes of the frames is in `delivery.py`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from hub import wire
from hub.errors import PayloadRefused
from hub.model import Outcome
from hub.payloads import Ack, Command, CommandAnswer, DeviceStatus, HubStatus, decode
from hub.payloads import Motion as MotionEvent
from hub.simulator import commands
from hub.simulator.configuration import Configuration
from hub.simulator.delivery import Delivery
from hub.simulator.outputs import Output, Publish, Reboot
from hub.simulator.scene import Optics, Scene
from hub.simulator.shots import Motion, Shot
from hub.simulator.telemetry import Counters

POLL_MS = 100.0  # how often the motion sensor is looked at
FIRMWARE = "simulated"


class State(StrEnum):
    IDLE = "idle"
    BURST = "burst"
    COOLDOWN = "cooldown"


@dataclass(slots=True)
class _Boot:
    """What a reboot resets."""

    boot_id: int
    at_ms: float
    reason: str
    until_ms: float  # of idle: next look; of burst: next frame; of cooldown: its end
    state: State = State.IDLE
    motion: Motion | None = None
    frame_id: int = 0
    motion_id: int = 0


class Behaviour:
    """One camera. Each method returns what is to be done now, in order."""

    def __init__(
        self,
        scene: Scene,
        *,
        boot_id: int,
        now_ms: float,
        config: Mapping[str, Any] | None = None,
        abilities: Mapping[str, Collection[Any]] | None = None,
        heeds_hub: bool = True,
        clock_set: bool = True,
    ) -> None:
        """`heeds_hub=False` sends whether or not a hub says that it is there. For the others see Configuration."""
        self.configuration = Configuration(config, abilities=abilities)
        self._delivery = Delivery(self.configuration, heeds_hub=heeds_hub)
        self._scene = scene
        self._began_ms = now_ms
        self._clock_set = clock_set
        self._boot = _Boot(boot_id, now_ms, "power-on", until_ms=now_ms)
        self._answers = commands.Answers()
        self._telemetry_ms: float = now_ms + self._config["telemetry_s"] * 1000

    @property
    def boot_id(self) -> int:
        return self._boot.boot_id

    @property
    def state(self) -> State:
        return self._boot.state

    @property
    def kept(self) -> int:
        """How many frames wait for the hub to come back."""
        return self._delivery.kept

    @property
    def online(self) -> bool:
        """Whether frames can be sent."""
        return self._delivery.online

    @property
    def counters(self) -> Counters:
        return self._delivery.counters

    @property
    def due_ms(self) -> float:
        """When `tick` has something to do."""
        return min(self._boot.until_ms, self._telemetry_ms, self._delivery.due_ms(idle=self._is_idle))

    @property
    def _config(self) -> dict[str, Any]:
        return self.configuration.values

    @property
    def _is_idle(self) -> bool:
        return self.state is not State.BURST

    # -- the connection -----------------------------------------------------
    def will(self) -> DeviceStatus:
        """The last will of this boot."""
        return DeviceStatus(state="offline", boot_id=self.boot_id)

    def connected(self, now_ms: float) -> list[Output]:
        self._delivery.connected(now_ms)
        status = DeviceStatus(
            state="online",
            boot_id=self.boot_id,
            firmware=FIRMWARE,
            hardware=FIRMWARE,
            reset_reason=self._boot.reason,
            since_ms=int(self._boot.at_ms) if self._clock_set else None,
        )
        report = Publish(wire.CONFIG, self.configuration.report(), retain=True)
        return [Publish(wire.STATUS, status, retain=True), report]

    def disconnected(self) -> None:
        self._delivery.disconnected()

    def reboot(self, boot_id: int, now_ms: float, reason: str = "software") -> None:
        """Start anew: another boot_id, numbers from 1. Configuration and kept frames are on flash."""
        self._delivery.reboot()
        self._boot = _Boot(boot_id, now_ms, reason, until_ms=now_ms)

    # -- what arrives -------------------------------------------------------
    def hub_said(self, payload: bytes, now_ms: float) -> None:
        """The hub's retained status; empty when it was taken back."""
        try:
            online = decode(HubStatus, payload).state == "online"
        except PayloadRefused:
            online = False
        self._delivery.hub_is(online, now_ms)

    def receive(self, leaf: str, payload: bytes, now_ms: float) -> list[Output]:
        """A message below the camera's `down/`. What breaks the contract is ignored."""
        if leaf == wire.ACK:
            return self._on_ack(payload, now_ms)
        if leaf == wire.CONFIG:
            report = self.configuration.receive(payload)
            self._delivery.shrink()
            self._telemetry_ms = min(self._telemetry_ms, now_ms + self._config["telemetry_s"] * 1000)
            return [Publish(wire.CONFIG, report, retain=True)]
        if leaf == wire.CMD:
            return self._on_command(payload, now_ms)
        return []

    def _on_ack(self, payload: bytes, now_ms: float) -> list[Output]:
        try:
            ack = decode(Ack, payload)
        except PayloadRefused:
            return []
        out: list[Output] = [self._delivery.answer(ack, now_ms)]
        boot = self._boot
        if boot.motion is None:
            return out
        if boot.motion.settled:
            return out + self._end_burst(boot.motion, now_ms)
        if ack.outcome is Outcome.BUSY and ack.boot_id == boot.boot_id:
            boot.until_ms = max(boot.until_ms, now_ms + ack.retry_after_ms)
        return out

    def _on_command(self, payload: bytes, now_ms: float) -> list[Output]:
        command = commands.read(payload)
        if command is None:
            return []
        if (before := self._answers.known(command)) is not None:
            return [Publish(wire.CMD, before)]
        answer, out = self._obey(command, now_ms)
        return [Publish(wire.CMD, self._answers.add(answer)), *out]

    def _obey(self, command: Command, now_ms: float) -> tuple[CommandAnswer, list[Output]]:
        done = CommandAnswer(id=command.id, ok=True)
        if commands.is_stale(command, now_ms, clock_set=self._clock_set):
            return CommandAnswer(id=command.id, ok=False, error="it came after not_after_ms"), []
        if command.op == "snapshot":
            if not self.online:
                return CommandAnswer(id=command.id, ok=False, error="the hub is away"), []
            out = self._delivery.send(self._take(now_ms), now_ms)
            return done.model_copy(update={"data": {"frame_id": self._boot.frame_id}}), out
        if command.op == "reboot":
            return done, [Reboot()]
        if command.op == "forget_frames":
            return done.model_copy(update={"data": {"forgotten": self._delivery.forget()}}), []
        return done, []  # identify: a real camera blinks

    # -- what is due --------------------------------------------------------
    def tick(self, now_ms: float) -> list[Output]:
        out = self._advance(now_ms)
        out += self._delivery.tick(now_ms, idle=self._is_idle)
        if now_ms >= self._telemetry_ms:
            self._telemetry_ms = now_ms + self._config["telemetry_s"] * 1000
            clock_ms = int(now_ms) if self._clock_set else None
            report = self._delivery.telemetry(self.boot_id, now_ms - self._boot.at_ms, clock_ms)
            out.append(Publish(wire.TELEMETRY, report, qos=0))
        return out

    def shoot(self, jpeg: bytes, now_ms: float, *, resent: bool = False) -> tuple[Shot, list[Output]]:
        """Send a given picture as the next frame, outside of any motion."""
        shot = self._take(now_ms, jpeg=jpeg)
        return shot, self._delivery.send(shot, now_ms, resent=resent)

    def sent(self, shot: Shot, now_ms: float) -> None:
        """A frame that was to be transmitted has left."""
        self._delivery.sent(shot.ident, now_ms)

    def _advance(self, now_ms: float) -> list[Output]:
        boot = self._boot
        if now_ms < boot.until_ms:
            return []
        if boot.motion is not None:
            return self._next_frame(boot.motion, now_ms)
        boot.state, boot.until_ms = State.IDLE, now_ms + POLL_MS
        if self._config["motion_source"] == "none" or not self._scene.motion(now_ms - self._began_ms):
            return []
        boot.motion_id += 1
        boot.state, boot.motion, boot.until_ms = State.BURST, self._delivery.begin(boot.motion_id), now_ms
        return [self._motion_event(boot.motion_id, "start", now_ms), *self._next_frame(boot.motion, now_ms)]

    def _next_frame(self, motion: Motion, now_ms: float) -> list[Output]:
        shot = self._take(now_ms, motion)
        motion.shots.add(shot.ident)
        self._boot.until_ms = max(self._boot.until_ms + 1000 / self._config["burst_fps"], now_ms)
        out = self._delivery.offer(shot, now_ms)
        return out + self._end_burst(motion, now_ms) if shot.last else out

    def _end_burst(self, motion: Motion, now_ms: float) -> list[Output]:
        boot = self._boot
        boot.state, boot.motion, boot.until_ms = State.COOLDOWN, None, now_ms + float(self._config["cooldown_ms"])
        self._delivery.end(motion)
        return [self._motion_event(motion.motion_id, "end", now_ms)]

    def _take(self, now_ms: float, motion: Motion | None = None, jpeg: bytes | None = None) -> Shot:
        """Take the next frame; its number rises with each."""
        self._boot.frame_id += 1
        return Shot(
            boot_id=self.boot_id,
            frame_id=self._boot.frame_id,
            motion_id=motion.motion_id if motion else 0,
            captured_ms=int(now_ms) if self._clock_set else 0,
            jpeg=jpeg or self._scene.picture(now_ms - self._began_ms, Optics.of(self._config)),
            last=motion is not None and len(motion.shots) + 1 >= self._config["burst_frames"],
        )

    def _motion_event(self, motion_id: int, state: Literal["start", "end"], now_ms: float) -> Publish:
        source: Literal["frame", "pir"] = "frame" if self._config["motion_source"] == "frame" else "pir"
        event = MotionEvent(motion_id=motion_id, boot_id=self.boot_id, state=state, source=source, at_ms=int(now_ms))
        return Publish(wire.MOTION, event)
