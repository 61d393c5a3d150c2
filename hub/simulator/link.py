"""What goes wrong between a camera and the hub, by seeded dice. Pure: time is an argument."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

HOLD_MS = 300.0  # a frame waits no longer than this for another one to mix with


@dataclass(frozen=True, slots=True)
class Faults:
    """How often each fault strikes: shares of chunks (or frames) from 0 to 1, incidents a minute."""

    loss: float = 0.0  # of chunks at QoS 0; the broker's acknowledgement protects those at QoS 1
    duplicates: float = 0.0  # of chunks
    reorder: float = 0.0  # of chunks: swapped with one of the next three
    interleave: float = 0.0  # of frames: mixed with the chunks of the next frame
    truncate: float = 0.0  # of frames: the JPEG ends too early, and says so in header and CRC
    reboots: float = 0.0  # a minute
    outages: float = 0.0  # a minute
    outage_ms: float = 3000.0


NO_FAULTS = Faults()
Message = tuple[bytes, int]  # a chunk, its QoS


class Link:
    """One camera's connection, as bad as `faults` say."""

    def __init__(self, faults: Faults = NO_FAULTS, seed: int = 0) -> None:
        self._faults = faults
        self._rng = random.Random(seed)  # noqa: S311  a simulation, no secret
        self._held: list[Message] = []
        self._held_since_ms = 0.0
        self._next_ms: dict[str, float] = {}

    def damaged(self, jpeg: bytes) -> bytes:
        """The JPEG as the camera read it from its sensor: sometimes cut off, but with an end marker."""
        if not self._hits(self._faults.truncate):
            return jpeg
        return jpeg[: self._rng.randrange(2, max(3, len(jpeg) // 2))] + b"\xff\xd9"

    def send(self, chunks: Sequence[bytes], qos: int, now_ms: float) -> list[Message]:
        """What goes out now for a frame's chunks."""
        messages = self._struck([(chunk, qos) for chunk in chunks])
        if self._held:
            mixed, self._held = self._mixed(self._held, messages), []
            return mixed
        if self._hits(self._faults.interleave):
            self._held, self._held_since_ms = messages, now_ms
            return []
        return messages

    @property
    def due_ms(self) -> float:
        """When `due` has something; infinite when nothing is held back."""
        return self._held_since_ms + HOLD_MS if self._held else float("inf")

    def due(self, now_ms: float) -> list[Message]:
        """What was held back for long enough."""
        if not self._held or now_ms < self.due_ms:
            return []
        held, self._held = self._held, []
        return held

    def incident(self, now_ms: float) -> str | None:
        """`reboot` or `outage` when one strikes now."""
        for kind, rate in (("reboot", self._faults.reboots), ("outage", self._faults.outages)):
            if rate and now_ms >= self._next_ms.setdefault(kind, self._later(now_ms, rate)):
                self._next_ms[kind] = self._later(now_ms, rate)
                return kind
        return None

    @property
    def outage_ms(self) -> float:
        return self._faults.outage_ms

    def _later(self, now_ms: float, rate: float) -> float:
        return now_ms + self._rng.expovariate(rate / 60_000)

    def _hits(self, share: float) -> bool:
        return share > 0 and self._rng.random() < share

    def _struck(self, messages: list[Message]) -> list[Message]:
        arriving = []
        for message in messages:
            if message[1] or not self._hits(self._faults.loss):
                arriving.append(message)
            if self._hits(self._faults.duplicates):
                arriving.append(message)
        for place in range(len(arriving) - 1):
            if self._hits(self._faults.reorder):
                other = min(len(arriving) - 1, place + self._rng.randint(1, 3))
                arriving[place], arriving[other] = arriving[other], arriving[place]
        return arriving

    def _mixed(self, first: Sequence[Message], second: Sequence[Message]) -> list[Message]:
        """Both in their own order, shuffled into each other."""
        sources = [0] * len(first) + [1] * len(second)
        self._rng.shuffle(sources)
        queues = (iter(first), iter(second))
        return [next(queues[source]) for source in sources]
