"""Pictures of days as SVG: numbers in, shapes out. Colours are classes of the stylesheet."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta

SQUARE = 13  # a day in the heatmap, with its gap
BIN_MINUTES = 5
BAR_HEIGHT = 160
BAR_WIDTH = 720


@dataclass(frozen=True, slots=True)
class Day:
    x: int
    y: int
    day: date
    status: str


@dataclass(frozen=True, slots=True)
class Heatmap:
    width: int
    height: int
    days: tuple[Day, ...]
    months: tuple[tuple[int, date], ...]  # where each month's name stands


def heatmap(first: date, last: date, status: Mapping[date, str]) -> Heatmap:
    """A column for each week, a square for each day."""
    monday = first - timedelta(days=first.weekday())
    days = []
    months: list[tuple[int, date]] = []
    day = first
    while day <= last:
        x = (day - monday).days // 7 * SQUARE
        days.append(Day(x, 18 + day.weekday() * SQUARE, day, status.get(day) or "none"))
        if day.day == 1 or not months:
            months.append((x, day))
        day += timedelta(days=1)
    if len(months) > 1 and months[1][0] - months[0][0] < 2 * SQUARE:
        months.pop(0)  # the names would overlap
    return Heatmap(days[-1].x + SQUARE, 18 + 7 * SQUARE, tuple(days), tuple(months))


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    start: time
    count: int
    late: bool


@dataclass(frozen=True, slots=True)
class Histogram:
    bars: tuple[Bar, ...]
    hours: tuple[tuple[float, time], ...]
    limit_x: float | None
    top: int


def histogram(arrivals: Mapping[time, int], late_after: time) -> Histogram | None:
    """How many came in each five minutes, of how many came at which time; None when nobody came."""
    bins: Counter[int] = Counter()
    for at, people in arrivals.items():
        bins[_minute(at) // BIN_MINUTES] += people
    if not bins:
        return None
    limit = _minute(late_after) // BIN_MINUTES
    first, last = min(*bins, limit) - 1, max(*bins, limit) + 1
    first, last = max(0, first - first % 6), min(24 * 60 // BIN_MINUTES - 1, last + 6 - last % 6)
    width, top = BAR_WIDTH / (last - first + 1), max(bins.values())
    bars = tuple(
        Bar(
            round((number - first) * width + 1, 1),
            round(BAR_HEIGHT - BAR_HEIGHT * count / top, 1),
            round(max(1.0, width - 2), 1),
            round(BAR_HEIGHT * count / top, 1),
            _time(number * BIN_MINUTES),
            count,
            number * BIN_MINUTES >= _minute(late_after),
        )
        for number, count in sorted(bins.items())
    )
    hours = tuple(
        (round((minute // BIN_MINUTES - first) * width, 1), _time(minute))
        for minute in range(first * BIN_MINUTES, (last + 1) * BIN_MINUTES)
        if minute % 60 == 0
    )
    return Histogram(bars, hours, round((_minute(late_after) / BIN_MINUTES - first) * width, 1), top)


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _time(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)
