"""From the last chunk published to the ack received, through a real broker and a real hub, at several rates.

The baseline in the same run: a chunk-sized message there and an ack-sized one back through the same
broker, with a subscriber that answers at once. What is left is the hub's: recognition, a durable
commit, and the event loop.
"""

import json
import socket
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import click

from broker.connection import Connection
from hub import wire
from hub.cli.output import json_option
from hub.metrics import percentiles
from tests.acceptance.stack import Door, Stack, enrol, make_stack, portrait, scene
from tests.benchmarks.measure import report

COLUMNS = {
    "what": "What",
    "rate": "frames/s",
    "p50": "p50 ms",
    "p95": "p95 ms",
    "p99": "p99 ms",
    "over_baseline": "× baseline p50",
    "loop_stall_p99": "loop stall p99 ms",
    "outcomes": "Outcomes",
}


@click.command()
@click.option("--rate", "rates", multiple=True, type=click.FloatRange(0.1, 100), help="Frames a second; repeatable.")
@click.option("--frames", default=100, show_default=True, type=click.IntRange(10), help="Frames for each rate.")
@json_option
def command(rates: tuple[float, ...], frames: int, as_json: bool) -> None:
    """Time from a frame's last chunk to its ack, at 1, 5 and 20 frames a second."""
    with tempfile.TemporaryDirectory() as folder:
        enrolled = Path(folder) / "enrolled"
        enrol(enrolled)
        with make_stack(Path(folder) / "data", enrolled) as stack:
            stack.start_hub(PRESENZA_WORKERS="2")
            rows = [_baseline(stack, frames)]
            rows += [_measure(stack, rate, frames, rows[0]["p50"]) for rate in rates or (1, 5, 20)]
    report("latency", rows, COLUMNS, as_json=as_json)


def _baseline(stack: Stack, rounds: int) -> dict[str, Any]:
    """The same broker and the same way, but nobody looks at anything."""
    topic, back = wire.up("main", "door-1", wire.FRAME), wire.down("main", "door-1", wire.ACK)
    echo = Connection(stack.site.settings, "hub")
    echo.client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    answer = json.dumps({"frame_id": 0, "outcome": "echo", "pad": "x" * 100})
    echo.client.on_message = lambda client, _data, _message: client.publish(back, answer, qos=1)
    subscribed = threading.Event()
    echo.client.on_subscribe = lambda *_: subscribed.set()
    echo.client.subscribe(topic, qos=1)
    assert subscribed.wait(10)
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        stack.door._client.publish(topic, b"x" * 8192, qos=0)
        stack.door.acks.get(timeout=10)
        times.append((time.perf_counter() - start) * 1000)
    echo.close()
    return {"what": "message and answer", "rate": None, **percentiles(times)}


def _measure(stack: Stack, rate: float, frames: int, baseline: float) -> dict[str, Any]:
    pictures = [scene(portrait("obama", 3), quality=quality) for quality in range(75, 90)]
    due = time.perf_counter()
    times, outcomes = [], []
    for number in range(int(min(frames, rate * 30))):
        time.sleep(max(0.0, due - time.perf_counter()))
        due += 1 / rate
        elapsed, outcome = _one(stack.door, pictures[number % len(pictures)])
        times.append(elapsed)
        outcomes.append(outcome)
    found = percentiles(times)
    return {
        "what": "frame and ack",
        "rate": rate,
        **found,
        "over_baseline": found["p50"] / baseline,
        "mean": statistics.mean(times),
        "loop_stall_p99": stack.ask("stats", {"v": 1})["ms"]["loop_stall"]["p99"],
        "outcomes": ", ".join(f"{outcomes.count(o)} {o}" for o in dict.fromkeys(outcomes)),
    }


def _one(door: Door, jpeg: bytes) -> tuple[float, str]:
    sent = door.put(jpeg)
    start = time.perf_counter()  # paho's publish returns when the last chunk is with the socket
    outcome = door.ack_of(sent)["outcome"]
    return (time.perf_counter() - start) * 1000, outcome
