"""The hub's and this process's figures, for the System page and for Prometheus."""

import threading
from time import monotonic
from typing import Any

from dashboard import words
from dashboard.live.hall import hall
from dashboard.runtime import Runtime, now_ms
from dashboard.system import cloud
from hub.errors import PayloadRefused, Unavailable
from hub.payloads import Stats, decode

FRESH_S = 2.0  # several who look at once cost the hub one answer
ANSWER_S = 1.5

_lock = threading.Lock()
_last: list[tuple[float, Stats | None]] = []


def hub_stats(runtime: Runtime) -> Stats | None:
    """The hub's counters, timings and gauges; None when it doesn't answer."""
    with _lock:
        if _last and monotonic() - _last[0][0] < FRESH_S:
            return _last[0][1]
        if hall.feed.hub is None or hall.feed.hub.state != "online":
            return None
        try:
            stats = decode(Stats, runtime.line.request("stats", b'{"v":1}', ANSWER_S))
        except (Unavailable, PayloadRefused):
            stats = None
        _last[:] = [(monotonic(), stats)]
        return stats


def dashboard_figures(runtime: Runtime) -> dict[str, float]:
    """This process: who listens, what was sent, what the broker sent that made no sense."""
    figures: dict[str, float] = {
        "browsers": len(hall.rooms),
        "updates_sent": hall.sent,
        "updates_failed": hall.failed,
        "connected": float(runtime.line.connected),
        "feed_rows": len(hall.feed.rows),
    }
    metrics = getattr(runtime.line, "metrics", None)
    if metrics is not None:
        for name, value in metrics.snapshot()["counts"].items():
            for reason, number in value.items() if isinstance(value, dict) else [("", value)]:
                figures[f"{name}.{reason}" if reason else name] = number
    return figures


def store_figures(runtime: Runtime) -> dict[str, Any]:
    path = runtime.settings.database
    return {
        "people": len(runtime.roster().people),
        "bytes": path.stat().st_size if path.exists() else 0,
        "devices": len(runtime.store.devices()),
    }


def prometheus(runtime: Runtime) -> str:
    """Everything in Prometheus' text format. Names of people or cameras are in none of it."""
    lines: list[str] = []
    for name, value in sorted(dashboard_figures(runtime).items()):
        base, _, reason = name.partition(".")
        lines.append(_sample(f"presenza_dashboard_{base}", {"reason": reason} if reason else {}, value))
    figures = cloud.cloud(runtime).figures
    for name, value in cloud.metrics(figures, now_ms()).items() if figures else ():
        lines.append(_sample(f"presenza_cloud_{name}", {}, value))
    stats = hub_stats(runtime)
    lines.append(_sample("presenza_hub_up", {}, float(stats is not None)))
    for name, number in numbers(stats.counts if stats else {}):
        base, _, reason = name.partition(".")
        lines.append(_sample(f"presenza_hub_{base}_total", {"reason": reason} if reason else {}, number))
    for name, number in numbers(stats.gauges if stats else {}):
        lines.append(_sample(f"presenza_hub_{name.replace('.', '_')}", {}, number))
    for stage, timing in sorted((stats.ms if stats else {}).items()):
        for rank, share in (("p50", "0.5"), ("p95", "0.95"), ("p99", "0.99")):
            if rank in timing:
                lines.append(_sample("presenza_hub_stage_ms", {"stage": stage, "quantile": share}, timing[rank]))
    return "\n".join(lines) + "\n"


def numbers(values: dict[str, Any]) -> list[tuple[str, float]]:
    """Nested counters as (name.reason, number)."""
    found: list[tuple[str, float]] = []
    for name, value in sorted(values.items()):
        if isinstance(value, dict):
            found += [(f"{name}.{reason}", float(number)) for reason, number in sorted(value.items())]
        elif isinstance(value, int | float):
            found.append((name, float(value)))
    return found


def gauges(stats: Stats) -> list[tuple[str, float]]:
    """What people are shown of the gauges, the known ones first; photos to encode anew only while there are some."""
    left_out = {"pid"} if stats.gauges.get("photos_to_encode") else {"pid", "photos_encoded", "photos_to_encode"}
    order = {name: place for place, name in enumerate(words.GAUGES)}
    found = [(name, value) for name, value in numbers(stats.gauges) if name not in left_out]
    return sorted(found, key=lambda gauge: order.get(gauge[0], len(order)))


def _sample(name: str, labels: dict[str, str], value: float) -> str:
    clean = "".join(sign if sign.isalnum() or sign == "_" else "_" for sign in name)
    quoted = ",".join(f'{label}="{_escape(text)}"' for label, text in labels.items())
    return f"{clean}{{{quoted}}} {value:g}" if quoted else f"{clean} {value:g}"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", " ")
