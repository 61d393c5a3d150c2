"""What the hub counts and times, for its log, the dashboard and the benchmarks."""

from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

KEPT = 1000  # timings a stage: enough for a p99, a few KB each


class Metrics:
    """Counters by (name, reason), and the last timings of each stage in milliseconds."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._timings: dict[str, deque[float]] = {}

    def count(self, name: str, reason: str = "", by: int = 1) -> None:
        self._counts[name, reason] += by

    def time(self, stage: str, ms: float) -> None:
        self._timings.setdefault(stage, deque(maxlen=KEPT)).append(ms)

    def counted(self, name: str, reason: str = "") -> int:
        return self._counts[name, reason]

    def typical(self, stage: str, default: float) -> float:
        """The median of a stage's last timings in milliseconds, or `default` before the first."""
        values = self._timings.get(stage)
        return percentiles(values)["p50"] if values else default

    def snapshot(self) -> dict[str, Any]:
        """{"counts": {name: n or {reason: n}}, "ms": {stage: {"p50", "p95", "p99", "n"}}}."""
        counts: dict[str, Any] = {}
        for (name, reason), number in sorted(self._counts.items()):
            if reason:
                counts.setdefault(name, {})[reason] = number
            else:
                counts[name] = number
        return {"counts": counts, "ms": {stage: percentiles(values) for stage, values in self._timings.items()}}


def percentiles(values: "deque[float] | list[float]") -> Mapping[str, float]:
    """p50, p95 and p99 by the nearest-rank method, and how many there were."""
    ordered = sorted(values)
    if not ordered:
        return {"p50": 0.0, "p95": 0.0, "p99": 0.0, "n": 0}

    def rank(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)

    return {"p50": rank(0.50), "p95": rank(0.95), "p99": rank(0.99), "n": len(ordered)}
