"""How long a camera waits for its acks while another one publishes as fast as it can.

A real broker and a real hub with one worker. The good camera sends a frame with a face every 0.25 s. The other:

quiet      sends nothing
burst      sends the same frames, as many as the guard lets pass (80 % of its limit)
guarded    sends without any limit, until the hub has it cut off
unguarded  sends without any limit, and nobody heeds the hub's warning (only with --unguarded)

The ratio is of the median to the quiet one's; the goal is 2 at most. Frames without an ack within 5 s are lost.
"""

import json
import queue
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

import broker
from hub import flood
from hub.cli.output import json_option
from tests.acceptance.stack import Door, Stack, enrol, make_stack, portrait, scene
from tests.benchmarks.measure import report

LOST_S = 5.0
EVERY_S = 0.25
OTHERS = ("quiet", "burst", "guarded", "unguarded")
COLUMNS = {
    "other": "The other",
    "acks": "acks",
    "lost": "lost",
    "p50_ms": "median ms",
    "p95_ms": "p95 ms",
    "ratio": "× quiet",
    "other_mb_s": "its MB/s",
    "cut_off_s": "cut off s",
    "busy": "busy acks",
    "dropped": "chunks dropped",
    "hub_mb": "hub MB",
}


@click.command()
@click.option("--frames", default=60, show_default=True, type=click.IntRange(5), help="Frames of the good camera.")
@click.option("--unguarded", is_flag=True, help="Also without the guard: what a flood costs that nobody ends.")
@json_option
def command(frames: int, unguarded: bool, as_json: bool) -> None:
    """Ack latency of one camera while another floods."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        enrol(folder / "enrolled")
        with make_stack(folder / "data", folder / "enrolled") as stack:
            stack.start_hub()
            rows = _rows(stack, frames, OTHERS if unguarded else OTHERS[:-1])
    for row in rows:
        row["ratio"] = row["p50_ms"] / rows[0]["p50_ms"] if row["p50_ms"] else None
    report("flood", rows, COLUMNS, as_json=as_json, every_s=EVERY_S, lost_after_s=LOST_S)


def _rows(stack: Stack, frames: int, others: Sequence[str]) -> list[dict[str, Any]]:
    jpeg = scene(portrait("obama", 3))
    path = stack.site.settings.data_dir / "frame.jpg"
    path.write_bytes(jpeg)
    allowed = 0.8 * flood.BYTES_PER_S / len(jpeg)
    _measure(stack.door, jpeg, 5)  # warms up
    rows = []
    for other in others:
        per_s = {"quiet": None, "burst": allowed}.get(other, 0.0)
        with ExitStack() as around:
            if other != "unguarded":
                around.enter_context(_desk(stack))
            before = _counts(stack)
            flooder = None if per_s is None else around.enter_context(_Flooder(stack, other, path, per_s))
            found = _measure(stack.door, jpeg, frames)
            sent = flooder.end() if flooder else None
            own = frames + _drain(stack.door, jpeg)
            rows.append({"other": other, **found, **_of_flood(sent, len(jpeg)), **_of_hub(stack, before, sent, own)})
    return rows


def _measure(door: Door, jpeg: bytes, frames: int) -> dict[str, Any]:
    times, lost, due = [], 0, time.monotonic()
    for _ in range(frames):
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + EVERY_S, time.monotonic())
        began = time.perf_counter()
        sent = door.put(jpeg)
        if _wait(door, sent.frame_id):
            times.append((time.perf_counter() - began) * 1000)
        else:
            lost += 1
    p95 = sorted(times)[int(len(times) * 0.95)] if times else None
    return {"acks": len(times), "lost": lost, "p50_ms": statistics.median(times) if times else None, "p95_ms": p95}


def _wait(door: Door, frame_id: int) -> bool:
    deadline = time.monotonic() + LOST_S
    while (left_s := deadline - time.monotonic()) > 0:
        try:
            if door.acks.get(timeout=left_s)["frame_id"] == frame_id:
                return True
        except queue.Empty:
            break
    return False


def _drain(door: Door, jpeg: bytes) -> int:
    """Wait until the hub has worked off what was left; how many frames of our own that took."""
    for number in range(1, 21):
        if _wait(door, door.put(jpeg).frame_id):
            return number
    raise click.ClickException("The hub answers nobody any more after the flood.")


class _Flooder:
    """The other camera, as a process; it begins when it is entered."""

    def __init__(self, stack: Stack, name: str, jpeg: Path, per_s: float) -> None:
        given = {"credentials": stack.site.add_camera(name), "jpeg": str(jpeg), "per_s": per_s}
        argv = [sys.executable, "-m", "tests.benchmarks.flooder"]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._say(json.dumps(given))
        self._hear()

    def __enter__(self) -> "_Flooder":
        self._say("go")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> dict[str, Any]:
        """Stop it; what it sent."""
        if self._process.poll() is None:
            self._say("stop")
        return dict(json.loads(self._hear()))

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def _desk(stack: Stack) -> Iterator[None]:
    """The broker's desk, which heeds the hub's warnings."""
    desk = broker.Desk(stack.site.settings, lambda device: None)
    desk.start()
    try:
        yield
    finally:
        desk.stop()


def _counts(stack: Stack) -> dict[str, Any]:
    """The hub's counters."""
    counts: dict[str, Any] = stack.ask("stats", {"v": 1})["counts"]
    return counts


def _of_flood(sent: dict[str, Any] | None, size: int) -> dict[str, Any]:
    if sent is None:
        return {"other_mb_s": None, "cut_off_s": None}
    rate = sent["frames"] * size / sent["seconds"] / 1e6
    return {"other_mb_s": rate, "cut_off_s": sent["seconds"] if sent["cut_off"] else None}


def _of_hub(stack: Stack, before: dict[str, Any], sent: dict[str, Any] | None, own: int) -> dict[str, Any]:
    """What the hub did meanwhile; chunks that it never saw were dropped by the broker or its inbox."""
    after = _counts(stack)

    per_frame = -(-stack.site.settings.data_dir.joinpath("frame.jpg").stat().st_size // 8192)
    offered = own * per_frame + (sent["chunks"] if sent else 0)
    return {
        "busy": _busy(after) - _busy(before),
        "dropped": offered - (after["chunks"] - before["chunks"]),
        "hub_mb": _peak_mb(stack),
    }


def _busy(counts: dict[str, Any]) -> int:
    return int(counts.get("acks", {}).get("busy", 0))


def _peak_mb(stack: Stack) -> float:
    """The most memory that the hub's own process has had."""
    assert stack.hub is not None
    status = Path(f"/proc/{stack.hub.pid}/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024
