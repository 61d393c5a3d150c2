"""Hostile input by the million: chunks, payloads, topics, whole messages. Nothing but refusals may come of it.

The exit code is 1 if a case did something else, or if memory grew. The same seed gives the same cases.
"""

import gc
import os
import time
from pathlib import Path

import click

from hub.cli.output import json_option, note
from tests.benchmarks.measure import progress, report
from tests.fuzzing import Broken, Fuzzer
from tests.unit.test_payloads import EXAMPLES

BATCHES = 50
WARM_UP = 10  # batches after which memory must not grow any more
ALLOWED_MB = 8.0  # a heap that breathes; a leak of 16 bytes a case would show at a million cases
COLUMNS = {"target": "Target", "cases": "Cases", "taken": "Taken", "refused": "Refused", "reasons": "Reasons"}
TAKEN = {"frame", "kept", "read", "hub", "device", "taken"}


@click.command()
@click.option("--cases", default=1_000_000, show_default=True, type=click.IntRange(BATCHES), help="How many.")
@click.option("--seed", default=1, show_default=True, help="Another one gives other cases.")
@json_option
def command(cases: int, seed: int, as_json: bool) -> None:
    """Hostile input, seeded, and what must hold: refusals only, bounded memory."""
    fuzzer = Fuzzer(seed, EXAMPLES)
    began = time.perf_counter()
    memory_mb: list[float] = []
    try:
        for _ in progress("Fuzzing")(range(BATCHES)):
            fuzzer.run(cases // BATCHES)
            gc.collect()
            memory_mb.append(_resident_mb())
    except Broken as broken:
        note(f"Case {fuzzer.done} of seed {seed}: {broken}")
        raise SystemExit(1) from broken
    grown_mb = max(memory_mb[WARM_UP:]) - max(memory_mb[:WARM_UP])
    report(
        "fuzz",
        _rows(fuzzer),
        COLUMNS,
        as_json=as_json,
        cases=fuzzer.done,
        seed=seed,
        seconds=round(time.perf_counter() - began, 1),
        memory_mb=round(memory_mb[-1], 1),
        memory_grown_mb=round(grown_mb, 2),
    )
    if grown_mb > ALLOWED_MB:
        note(f"Memory grew by {grown_mb:.1f} MB; {ALLOWED_MB} are allowed.")
        raise SystemExit(1)


def _rows(fuzzer: Fuzzer) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for target in dict.fromkeys(target for target, _ in fuzzer.outcomes):
        counts = {outcome: count for (name, outcome), count in fuzzer.outcomes.items() if name == target}
        taken = sum(count for outcome, count in counts.items() if outcome in TAKEN)
        reasons = sorted(set(counts) - TAKEN)
        total = sum(counts.values())
        row = {"target": target, "cases": total, "taken": taken, "refused": total - taken}
        rows.append(row | {"reasons": ", ".join(reasons), "counts": dict(sorted(counts.items()))})
    return rows


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
