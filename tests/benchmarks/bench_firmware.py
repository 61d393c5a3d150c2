"""The camera's firmware on this machine: 40 KB frames to a broker, plain and TLS, against a bare socket.

The heap is found by trying: the smallest in which frames go out. Pointers are 8 bytes here, 4 on the board.
What the board itself can do isn't measured by this.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import click

from hub.cli.output import json_option
from hub.provision.build import Build, build
from hub.provision.image import board_files
from hub.provision.node import Wifi, node_files
from tests.benchmarks.measure import progress, report
from tests.integration.brokers import Site, make_site

PROBE = Path(__file__).with_name("firmware_probe.py")
CHUNKS = (4096, 8192, 16384)
HEAP_STEP = 8  # KiB
HEAP_MAX = 2048
COLUMNS = {
    "transport": "Transport",
    "chunk_size": "Chunk",
    "ms_per_frame": "ms a frame",
    "frames_per_s": "frames/s",
    "socket_ms": "bare socket ms",
    "over_socket": "× bare socket",
    "heap_kib": "smallest heap KiB",
}


@click.command()
@click.option("--frames", default=50, show_default=True, type=click.IntRange(1), help="Frames in a round.")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1), help="Rounds, of which the median.")
@json_option
def command(frames: int, rounds: int, as_json: bool) -> None:
    """Time 40 KB frames from the firmware's MQTT client under MicroPython's unix port."""
    made = build("host", serial=1)
    with tempfile.TemporaryDirectory() as folder, make_site(Path(folder) / "data") as site:
        cases = [(tls, chunk) for tls in (False, True) for chunk in CHUNKS]
        flash = _flash(Path(folder) / "flash", made, site)
        rows = [
            _measure(flash, site, tls=tls, chunk=chunk, frames=frames, rounds=rounds)
            for tls, chunk in progress("Frames")(cases)
        ]
    sizes = {name: len(data) for name, data in build("board", serial=1).files.items()}
    report("firmware", rows, COLUMNS, as_json=as_json, bytecode_bytes=sum(sizes.values()), files=sizes)


def _flash(folder: Path, made: Build, site: Site) -> Path:
    for name, data in board_files(made, node_files(site.add_camera("bench"), Wifi("bench"), "00")).items():
        path = folder / name.removeprefix("a/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def _measure(flash: Path, site: Site, *, tls: bool, chunk: int, frames: int, rounds: int) -> dict[str, Any]:
    _point(flash, site, tls)
    done = _probe(flash, "8M", chunk, frames, rounds)
    if done.returncode:
        raise click.ClickException(f"The probe failed: {(done.stdout + done.stderr)[-500:]}")
    times = json.loads(done.stdout)
    ours, bare = median(times["client"]), median(times["socket"])
    return {
        "transport": "TLS" if tls else "plain",
        "chunk_size": chunk,
        "ms_per_frame": ours,
        "frames_per_s": 1000 / ours,
        "socket_ms": bare,
        "over_socket": ours / bare,
        "heap_kib": _smallest_heap(flash, chunk),
    }


def _point(flash: Path, site: Site, tls: bool) -> None:
    """Have node.json lead to the listener with TLS or without."""
    path = flash / "node.json"
    node = json.loads(path.read_bytes())
    port = site.settings.mqtt_port if tls else site.settings.mqtt_local_port
    path.write_text(json.dumps({**node, "host": "127.0.0.1", "port": port, "ca_file": "ca.der" if tls else None}))


def _smallest_heap(flash: Path, chunk: int) -> int:
    """By bisection, in KiB: the smallest heap that is enough for ten frames, the picture of 40 KB in it included."""
    low, high = 0, HEAP_MAX // HEAP_STEP
    while high - low > 1:
        middle = (low + high) // 2
        if _probe(flash, f"{middle * HEAP_STEP}K", chunk, 10, 1).returncode == 0:
            high = middle
        else:
            low = middle
    return high * HEAP_STEP


def _probe(flash: Path, heap: str, *arguments: int) -> subprocess.CompletedProcess[str]:
    start = "import sys, micropython_unix; sys.exit(micropython_unix.main())"
    command = [sys.executable, "-c", start, "-X", f"heapsize={heap}", str(PROBE), "node.json", *map(str, arguments)]
    return subprocess.run(command, cwd=flash, capture_output=True, text=True, check=False, timeout=300)
