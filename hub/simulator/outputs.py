"""What a simulated camera wants to be done: the values that its state machine returns."""

from dataclasses import dataclass

from hub.payloads import Ack, Payload
from hub.simulator.shots import Shot


@dataclass(frozen=True, slots=True)
class Publish:
    """A JSON message below the camera's `up/`."""

    leaf: str
    payload: Payload
    qos: int = 1
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Transmit:
    """A frame to send: live ones at QoS 0, those sent again at QoS 1."""

    shot: Shot
    resent: bool
    chunk_size: int

    @property
    def qos(self) -> int:
        return 1 if self.resent else 0


@dataclass(frozen=True, slots=True)
class Answered:
    """An ack arrived. `round_trip_ms` counts from the frame's last chunk; None when the ack came too late."""

    ack: Ack
    round_trip_ms: float | None
    resent: bool


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No ack came in time."""

    shot: Shot
    resent: bool


@dataclass(frozen=True, slots=True)
class Reboot:
    """The camera was told to start anew: the caller ends the connection and calls `reboot`."""


Output = Publish | Transmit | Answered | Unanswered | Reboot
