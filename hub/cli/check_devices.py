"""Checks of the cameras: whether their clocks are right."""

from collections.abc import Iterator, Mapping
from contextlib import closing

from hub.cli.finding import Check, Finding, ok, warn
from hub.model import DeviceState
from hub.settings import Settings
from hub.store.opening import open_store

SUBJECT = "Cameras' clocks"
OFF_MS = 60_000
NAMED = 10
TODO = (
    "Let cameras ask this machine or pool.ntp.org for the time (UDP port 123), keep its own clock right, "
    "then restart the cameras or wait six hours."
)


def camera_clocks(settings: Settings) -> Iterator[Finding]:
    """By each camera's last report: its own time in it against that at which it came."""
    if not settings.database.exists():
        return
    with closing(open_store(settings)) as store:
        states = store.device_states()
    off = {state.device: off_ms for state in states if (off_ms := ahead_ms(state)) is not None}
    wrong = {device: off_ms for device, off_ms in off.items() if abs(off_ms) > OFF_MS}
    unset = sorted(state.device for state in states if "received_ms" in state.telemetry and state.device not in off)
    if wrong:
        yield warn(SUBJECT, f"{_listed(wrong)}.", TODO)
    if unset:
        yield warn(SUBJECT, f"not told by {_few(unset)}: not set, or their software is older.", TODO)
    if off and not wrong and not unset:
        yield ok(SUBJECT, f"{len(off)} are right")


def ahead_ms(state: DeviceState) -> int | None:
    """How far a camera's clock was ahead when it last reported; None for one that isn't set or doesn't say."""
    clock_ms, received_ms = state.telemetry.get("clock_ms"), state.telemetry.get("received_ms")
    if not isinstance(clock_ms, int) or not isinstance(received_ms, int):
        return None
    return clock_ms - received_ms


def _listed(wrong: Mapping[str, int]) -> str:
    worst = sorted(wrong.items(), key=lambda each: -abs(each[1]))
    return _few([f"{device} is {_span(abs(ms))} {'ahead' if ms > 0 else 'behind'}" for device, ms in worst])


def _few(words: list[str]) -> str:
    more = len(words) - NAMED
    return ", ".join(words[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _span(ms: int) -> str:
    minutes = ms // 60_000
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


CHECKS: tuple[Check, ...] = (camera_clocks,)
