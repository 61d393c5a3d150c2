"""Small charts of what a camera reported: numbers in, the points of SVG lines out. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from hub.model import Reading

Point = tuple[int, float]  # minute, value
WIDTH, HEIGHT = 100.0, 30.0
BUCKETS = 120  # more points than that nobody sees in so small a chart
GAP = 3  # a line is broken where nothing came for so many times the usual distance
GAUGES = ("rssi_dbm", "heap_free", "temperature_c")
COUNTERS = ("frames_sent", "frames_acked", "frames_lost")
NAMES = (*GAUGES, *COUNTERS)


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines in a box of 100 × 30, and the figures beside them; a line for each stretch without a gap."""

    lines: tuple[str, ...]
    last: float
    low: float
    high: float


def charts(readings: Sequence[Reading], first_minute: int, last_minute: int) -> dict[str, Chart | None]:
    """A chart of each number over the minutes from first to last; None where nothing was reported."""
    return {
        **{name: chart(gauge(readings, name), first_minute, last_minute, fmean) for name in GAUGES},
        **{name: chart(counted(readings, name), first_minute, last_minute, sum) for name in COUNTERS},
    }


def gauge(readings: Iterable[Reading], name: str) -> list[Point]:
    return [(each.minute, float(value)) for each in readings if (value := getattr(each, name)) is not None]


def counted(readings: Iterable[Reading], name: str) -> list[Point]:
    """What a counter rose by between reports; a camera that started anew counts from 0."""
    known = [(each, value) for each in readings if (value := getattr(each, name)) is not None]
    points = []
    for (before, low), (after, high) in pairwise(known):
        same = before.boot_id == after.boot_id and high >= low
        points.append((after.minute, float(high - low if same else high)))
    return points


def chart(points: Sequence[Point], first: int, last: int, join: Callable[[list[float]], float]) -> Chart | None:
    """`join` makes one value of those that fall together in one place of the chart."""
    if not points:
        return None
    span = max(1, last - first)
    places: dict[int, list[float]] = {}
    for minute, value in points:
        places.setdefault(min(BUCKETS - 1, max(0, (minute - first) * BUCKETS // span)), []).append(value)
    drawn = [(place, join(values)) for place, values in sorted(places.items())]
    low, high = min(value for _, value in drawn), max(value for _, value in drawn)
    lines = tuple(_line(stretch, low, high) for stretch in _stretches(drawn))
    return Chart(lines, points[-1][1], low, high)


def _stretches(drawn: Sequence[Point]) -> list[list[Point]]:
    usual = median([after[0] - before[0] for before, after in pairwise(drawn)] or [1])
    stretches = [[drawn[0]]]
    for before, after in pairwise(drawn):
        if after[0] - before[0] > GAP * usual:
            stretches.append([])
        stretches[-1].append(after)
    return stretches


def _line(stretch: Sequence[Point], low: float, high: float) -> str:
    """Higher values further up; a single point becomes a short dash."""
    scale = (HEIGHT - 4) / ((high - low) or 1.0)
    points = [(place * WIDTH / (BUCKETS - 1), HEIGHT - 2 - (value - low) * scale) for place, value in stretch]
    if len(points) == 1:
        x, y = points[0]
        points = [(max(0.0, x - 0.5), y), (min(WIDTH, x + 0.5), y)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
