"""What the benchmarks share: interleaved timing, the machine, and one way to print."""

import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import click
from rich.console import Console
from rich.progress import track

from hub.cli.output import emit, emit_json

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of one variant; `quiet` is the tenth percentile: what it takes when nobody else is busy."""

    median: float
    quiet: float


def interleaved(variants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median milliseconds of each variant. They take turns, so that a busy moment of the machine hits all."""
    return {name: times.median for name, times in timed(variants, rounds).items()}


def timed(variants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """The same with the quiet time."""
    times: dict[str, list[float]] = {name: [] for name in variants}
    for round_ in range(rounds + 1):
        for name, run in variants.items():
            start = time.perf_counter()
            run()
            if round_:  # the first is for warming up
                times[name].append((time.perf_counter() - start) * 1e3)
    return {name: Times(median(values), sorted(values)[len(values) // 10]) for name, values in times.items()}


def progress(what: str) -> Callable[[Sequence[Any]], Iterable[Any]]:
    """Wraps a sequence so that a bar on the terminal (on stderr, none in a pipe) shows how far it is."""
    console = Console(stderr=True)
    return lambda items: track(items, what, console=console, transient=True, disable=not console.is_terminal)


def machine() -> dict[str, Any]:
    """What the figures depend on; `load` is how busy the machine was besides."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return {"processor": model, "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}


def report(name: str, rows: Sequence[Row], columns: Mapping[str, str], *, as_json: bool, **facts: Any) -> None:
    """Print a benchmark's rows as a table, or everything as one JSON object."""
    if as_json:
        emit_json({"benchmark": name, "machine": machine(), **facts, "rows": list(rows)})
        return
    emit([{key: _shown(row.get(key)) for key in columns} for row in rows], columns, as_json=False)
    for key, value in facts.items():
        click.echo(f"{key}: {value}")
    click.echo("machine: " + ", ".join(f"{key} {value}" for key, value in machine().items()))


def _shown(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3g}"
    return "–" if value is None else value
