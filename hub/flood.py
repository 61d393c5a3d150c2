"""Which camera sends more than any camera has reason to.

The broker lets each camera publish as fast as its line carries, and what the hub can't read in time
it drops from everybody alike: one camera that floods costs the others their frames. What is over the
limits isn't looked at, and the hub says so under `hub/guard`: the broker's desk cuts that camera off
until somebody enables it again.
"""

from dataclasses import dataclass
from typing import NamedTuple


class Limit(NamedTuple):
    """So much in a second, and so much at once after a pause."""

    per_s: float
    at_once: float


# An ESP32 gets 1.5 MB/s through its Wi-Fi, and after an outage 64 kept frames may come at once: of 300 KB
# each that is 19 MB. The contract has at most 10 frames a second. VGA in chunks of 1 KB, ten times a second,
# is 400 messages.
BYTES = Limit(2 * 1024 * 1024, 20 * 1024 * 1024)
FRAMES = Limit(20, 100)
MESSAGES = Limit(500, 3000)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one camera may send."""

    size_bytes: Limit = BYTES
    frames: Limit = FRAMES
    messages: Limit = MESSAGES


ALLOWANCE = Allowance()
DEBT_S = 1.0  # what a flood costs its camera afterwards, at most
AGAIN_S = 5.0  # the first word may have been lost in the flood
MAX_DEVICES = 2000


@dataclass(slots=True)
class _Buckets:
    """What a camera may still send now; below 0 it is in debt."""

    size_bytes: float
    frames: float
    messages: float
    at_s: float
    told_s: float | None = None


class Weighed(NamedTuple):
    """`over`: it is more than the limits let pass. `tell`: and it is time to say so."""

    over: bool = False
    tell: bool = False


FINE = Weighed()


class FloodMeter:
    """Token buckets for each camera. Times are passed in."""

    def __init__(self, limits: Allowance = ALLOWANCE) -> None:
        self._limits = limits
        self._cameras: dict[str, _Buckets] = {}

    def weigh(self, device: str, size_bytes: int, now_s: float, *, begins_frame: bool = False) -> Weighed:
        """Take a message in. `tell` comes once, and again every AGAIN_S while the flood lasts."""
        left, limits = self._cameras.get(device) or self._admit(device, now_s), self._limits
        passed_s = max(0.0, now_s - left.at_s)
        left.at_s = now_s
        left.size_bytes = _less(left.size_bytes, limits.size_bytes, passed_s, size_bytes)
        left.frames = _less(left.frames, limits.frames, passed_s, begins_frame)
        left.messages = _less(left.messages, limits.messages, passed_s, 1)
        if left.size_bytes >= 0 and left.frames >= 0 and left.messages >= 0:
            return FINE
        if left.told_s is not None and now_s - left.told_s < AGAIN_S:
            return Weighed(over=True)
        left.told_s = now_s
        return Weighed(over=True, tell=True)

    def _admit(self, device: str, now_s: float) -> _Buckets:
        if len(self._cameras) >= MAX_DEVICES:
            self._cameras.clear()  # only identities that the broker gave publish: this is no way around
        limits = self._limits
        full = (limits.size_bytes.at_once, limits.frames.at_once, limits.messages.at_once)
        self._cameras[device] = made = _Buckets(*full, now_s)
        return made


def _less(left: float, limit: Limit, passed_s: float, used: float) -> float:
    return max(min(left + passed_s * limit.per_s, limit.at_once) - used, -DEBT_S * limit.per_s)
