"""How long a camera waits for its acks while another one publishes as fast as it can.

A real broker and a real hub with one worker. The good camera sends a frame with a face every 0.25 s. The other:

quiet      sends nothing
10 a s     sends the same frames, as often as the contract allows
frames     the same frames, 90 % of what the guard lets pass
bytes      UXGA frames, 90 % of the bytes that the guard lets pass
chunks     chunks of 1 KB that never make a frame, 90 % of the messages that the guard lets pass
3 frames   three cameras at once that each do as in `frames`
guarded    sends without any limit, until the hub has it cut off
unguarded  sends without any limit, and nobody heeds the hub's warning (only with --unguarded)

The ratio is of the median to that of a quiet time just before, because a shared machine changes; the goal is 2 at
most. Frames without an ack within 5 s are lost.
"""

import io
import json
import queue
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from PIL import Image

import broker
from hub import flood, wire
from hub.cli.output import json_option
from tests.acceptance.stack import Door, Stack, enrol, make_stack, portrait, scene
from tests.benchmarks.measure import report

LOST_S = 5.0
EVERY_S = 0.25
SHARE = 0.9  # of what the guard lets pass
COLUMNS = {
    "other": "The other",
    "acks": "acks",
    "lost": "lost",
    "p50_ms": "median ms",
    "p95_ms": "p95 ms",
    "quiet_ms": "quiet ms",
    "ratio": "× quiet",
    "frames_s": "its frames/s",
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
            rows = _rows(stack, frames, unguarded)
    for row in rows:
        row["ratio"] = row["p50_ms"] / row["quiet_ms"] if row["p50_ms"] and row["quiet_ms"] else None
    report("flood", rows, COLUMNS, as_json=as_json, every_s=EVERY_S, lost_after_s=LOST_S)


@dataclass(frozen=True)
class Other:
    """What the other camera sends; `per_s` is frames a second, 0 without a limit."""

    name: str
    jpeg: bytes = b""
    per_s: float = 0.0
    chunk_size: int = 8192
    whole: bool = True
    cameras: int = 1


def _others(jpeg: bytes) -> list[Other]:
    large = _large(jpeg)
    parts = -(-len(jpeg) // 1024) - 1
    return [
        Other("quiet"),
        Other("10 a s", jpeg, 10),
        Other("frames", jpeg, SHARE * flood.FRAMES.per_s),
        Other("bytes", large, SHARE * flood.BYTES.per_s / len(large)),
        Other("chunks", jpeg, SHARE * flood.MESSAGES.per_s / parts, 1024, whole=False),
        Other("3 frames", jpeg, SHARE * flood.FRAMES.per_s, cameras=3),
        Other("guarded", jpeg),
        Other("unguarded", jpeg),
    ]


def _large(jpeg: bytes) -> bytes:
    """The same at UXGA, with the noise of a cheap sensor, which makes it the size of a real one."""
    picture = np.asarray(Image.open(io.BytesIO(jpeg)).resize((1600, 1200)), np.int16)
    noise = np.random.default_rng(1).normal(0, 8, picture.shape).astype(np.int16)
    buffer = io.BytesIO()
    Image.fromarray((picture + noise).clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def _rows(stack: Stack, frames: int, unguarded: bool) -> list[dict[str, Any]]:
    jpeg = scene(portrait("obama", 3))
    _measure(stack.door, jpeg, 20)  # warms up
    others = _others(jpeg)
    return [_row(stack, frames, jpeg, other) for other in (others if unguarded else others[:-1])]


def _row(stack: Stack, frames: int, jpeg: bytes, other: Other) -> dict[str, Any]:
    with ExitStack() as around:
        if other.name != "unguarded":
            around.enter_context(_desk(stack))
        quiet = _measure(stack.door, jpeg, frames)
        before = _counts(stack)
        cameras = [around.enter_context(_Flooder(stack, other)) for _ in range(other.cameras if other.jpeg else 0)]
        found = _measure(stack.door, jpeg, frames)
        sent = _together([camera.end() for camera in cameras])
        own = (frames + _drain(stack.door, jpeg)) * wire.chunk_count(len(jpeg), wire.CHUNK_DEFAULT)
        row = {"other": other.name, **found, "quiet_ms": quiet["p50_ms"]}
        return row | _of_flood(sent) | _of_hub(stack, before, sent, own)


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

    def __init__(self, stack: Stack, other: Other) -> None:
        login = stack.site.add_camera(f"other-{secrets.token_hex(3)}")
        path = stack.site.settings.data_dir / f"{login['device']}.jpg"
        path.write_bytes(other.jpeg)
        given = {"credentials": login, "jpeg": str(path), "per_s": other.per_s}
        given |= {"chunk_size": other.chunk_size, "whole": other.whole}
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


def _together(sent: list[dict[str, Any]]) -> dict[str, Any] | None:
    if not sent:
        return None
    sums = {name: sum(each[name] for each in sent) for name in ("frames", "chunks", "bytes")}
    return {**sent[0], **sums, "cut_off": any(each["cut_off"] for each in sent)}


def _of_flood(sent: dict[str, Any] | None) -> dict[str, Any]:
    if sent is None:
        return {"frames_s": None, "other_mb_s": None, "cut_off_s": None}
    rates = {"frames_s": sent["frames"] / sent["seconds"], "other_mb_s": sent["bytes"] / sent["seconds"] / 1e6}
    return {**rates, "cut_off_s": sent["seconds"] if sent["cut_off"] else None}


def _of_hub(stack: Stack, before: dict[str, Any], sent: dict[str, Any] | None, own: int) -> dict[str, Any]:
    """What the hub did meanwhile; chunks that it never saw were dropped by the broker or its inbox."""
    after = _counts(stack)
    offered = own + (sent["chunks"] if sent else 0)
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
