"""What is said of a camera on its card and its page."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from dashboard.live.feed import Camera
from dashboard.runtime import now_ms

SILENT_MS = 3 * 60 * 1000  # after so long without a word an online camera is doubted


@dataclass(frozen=True, slots=True)
class Line:
    """A small chart: the points of an SVG polyline in a box of 100 × 30, and the figures beside it."""

    points: str
    last: float
    low: float
    high: float


def sparkline(values: Sequence[float]) -> Line | None:
    """None where there is nothing to draw."""
    if not values:
        return None
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = 100 / max(1, len(values) - 1)
    points = " ".join(f"{place * step:.1f},{28 - 26 * (value - low) / span:.1f}" for place, value in enumerate(values))
    return Line(points if len(values) > 1 else "0,15 100,15", values[-1], low, high)


CHARTS = ("rssi_dbm", "heap_free", "temperature_c", "frames_sent", "frames_acked", "frames_lost")


def charts(camera: Camera) -> dict[str, Line | None]:
    """Small charts of a camera's last reports; counters as what was added from one to the next."""
    lines: dict[str, Line | None] = {}
    for name in CHARTS:
        values = [float(value) for report in camera.reports if (value := getattr(report, name)) is not None]
        if name.startswith("frames_"):
            values = [max(0.0, after - before) for before, after in pairwise(values)]
        lines[name] = sparkline(values)
    return lines


def state_of(camera: Camera) -> str:
    return camera.status.state if camera.status else "offline"


def card_context(camera: Camera) -> dict[str, Any]:
    """For devices/_card.html: no face and no name is in it."""
    state = state_of(camera)
    silent = state == "online" and camera.seen_ms and now_ms() - camera.seen_ms > SILENT_MS
    return {"camera": camera, "state": state, "silent": silent, "telemetry": camera.telemetry}
