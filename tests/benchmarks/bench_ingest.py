"""Chunks and frames a second through the broker and into whole frames, with recognition off.

The baseline in the same run is a bare aiomqtt subscriber that throws payloads away. The two take
turns; the publisher keeps a bounded number of chunks under way, so that the broker drops nothing.
"""

import json
import os
import resource
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import paho.mqtt.client as mqtt

import broker
from hub import wire
from hub.cli.output import json_option
from tests.benchmarks.measure import report
from tests.integration.brokers import Site, make_site

FRAME_BYTES = 40_000  # a VGA frame at quality 80: five chunks of 8 KB
WINDOW = 800  # chunks under way; the broker keeps 1,000 for a subscriber
COLUMNS = {
    "cameras": "Cameras",
    "bare_chunks_s": "bare chunks/s",
    "hub_chunks_s": "hub chunks/s",
    "hub_frames_s": "hub frames/s",
    "wall_ratio": "time × bare",
    "cpu_ratio": "CPU × bare",
    "hub_cpu_us": "CPU µs a chunk",
    "hub_rss_mb": "memory MB",
    "frames_lost": "frames lost",
}


@click.command()
@click.option("--cameras", "counts", multiple=True, type=click.IntRange(1, 1000), help="How many cameras; repeatable.")
@click.option("--frames", default=800, show_default=True, type=click.IntRange(50), help="Frames in each measurement.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1), help="Measurements of each variant.")
@json_option
def command(counts: tuple[int, ...], frames: int, rounds: int, as_json: bool) -> None:
    """Chunks a second from broker to whole frame, for 1 to 500 cameras."""
    counts = counts or (1, 10, 100, 500)
    _allow_open_files(3 * max(counts) + 200)  # paho keeps a pair of sockets beside each connection
    with tempfile.TemporaryDirectory() as folder, make_site(Path(folder) / "data") as site:
        with broker.Admin(site.settings) as admin:
            passwords = {f"cam-{n}": admin.add_device(f"cam-{n}") for n in range(max(counts))}
        rows = []
        for count in counts:
            with _cameras(site, dict(list(passwords.items())[:count])) as cameras:
                rows.append(_row(site, cameras, frames, rounds))
    report("ingest", rows, COLUMNS, as_json=as_json, frame_bytes=FRAME_BYTES)


def _allow_open_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, wanted), hard), hard))


def _row(site: Site, cameras: list["_Camera"], frames: int, rounds: int) -> dict[str, Any]:
    measured: dict[str, list[dict[str, float]]] = {"bare": [], "hub": []}
    for _ in range(rounds):
        for kind, found in measured.items():
            found.append(_measure(site, kind, cameras, frames))
    middle = {
        kind: {name: statistics.median(one[name] for one in found) for name in found[0]}
        for kind, found in measured.items()
    }
    bare, hub = middle["bare"], middle["hub"]
    return {
        "cameras": len(cameras),
        "bare_chunks_s": bare["chunks_s"],
        "hub_chunks_s": hub["chunks_s"],
        "hub_frames_s": hub["frames"] / hub["wall_s"],
        "wall_ratio": bare["chunks_s"] / hub["chunks_s"],
        "cpu_ratio": hub["cpu_us"] / bare["cpu_us"],
        "hub_cpu_us": hub["cpu_us"],
        "hub_rss_mb": hub["rss_mb"],
        "frames_lost": frames - hub["frames"],
    }


def _measure(site: Site, kind: str, cameras: list["_Camera"], frames: int) -> dict[str, float]:
    """Send `frames` frames, taking turns among the cameras, to one subscriber process."""
    argv = [sys.executable, "-m", "tests.benchmarks.ingest_sink", kind]
    with subprocess.Popen(argv, env=site.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as sink:
        counter = _Counter(sink)
        counter.wait_for(0)
        start = time.perf_counter()
        sent = 0
        for number in range(frames):
            sent += cameras[number % len(cameras)].send_frame()
            counter.wait_for(sent - WINDOW)
        counter.wait_for(sent)
        wall_s = time.perf_counter() - start
        assert sink.stdin is not None
        sink.stdin.close()
        end = counter.last_line()
    return {
        "wall_s": wall_s,
        "chunks_s": sent / wall_s,
        "cpu_us": end["cpu_s"] / sent * 1e6,
        "rss_mb": end["rss_mb"],
        "frames": end["frames"],
    }


class _Counter:
    """Reads what the subscriber says: `{"chunks": n}` now and then."""

    def __init__(self, sink: "subprocess.Popen[bytes]") -> None:
        assert sink.stdout is not None
        self._pipe = sink.stdout.fileno()
        self._rest = b""
        self._chunks = -1
        self._last: dict[str, Any] = {}

    def wait_for(self, chunks: int) -> None:
        """Wait until so many chunks have arrived."""
        while self._chunks < chunks:
            if not select.select([self._pipe], [], [], 20)[0]:
                raise click.ClickException(f"The subscriber got {self._chunks} of {chunks} chunks and no more.")
            if not self._read():
                raise click.ClickException("The subscriber ended early; what it printed says why.")

    def last_line(self) -> dict[str, Any]:
        while self._read():
            pass
        return self._last

    def _read(self) -> bool:
        data = os.read(self._pipe, 65536)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._last = json.loads(line)
            self._chunks = self._last["chunks"]
        return bool(data)


class _Camera:
    """One connection that sends frames as fast as the socket takes them."""

    def __init__(self, site: Site, name: str, password: str) -> None:
        self._topic = wire.up(site.settings.site, name, wire.FRAME)
        self._jpeg = b"\xff\xd8" + os.urandom(FRAME_BYTES - 4) + b"\xff\xd9"
        self._frame_id = 0
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv311)
        self.client.username_pw_set(name, password)
        self.client.connect("127.0.0.1", site.settings.mqtt_local_port, keepalive=600)
        connection: Any = self.client.socket()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Not paho's own loop, nor select(): beyond file number 1023 both give up.
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(connection, select.POLLIN)
        self._writable.register(connection, select.POLLOUT)
        while not self.client.is_connected():
            self.client.loop_write()
            if not self._readable.poll(10_000) or self.client.loop_read() != mqtt.MQTT_ERR_SUCCESS:
                raise click.ClickException(f"The broker does not let {name} in.")

    def send_frame(self) -> int:
        """The number of chunks that were sent."""
        self._frame_id += 1
        header = wire.Header(0, 1, self._frame_id, 0, 0, 0, 8192, 0, 0, 0)
        chunks = [head + bytes(data) for head, data in wire.split(self._jpeg, header)]
        for chunk in chunks:
            self.client.publish(self._topic, chunk, qos=0)
        while self.client.want_write():
            self._writable.poll(5000)
            self.client.loop_write()
        return len(chunks)


@contextmanager
def _cameras(site: Site, passwords: dict[str, str]) -> Iterator[list[_Camera]]:
    cameras = [_Camera(site, name, password) for name, password in passwords.items()]
    try:
        yield cameras
    finally:
        for camera in cameras:
            camera.client.disconnect()
