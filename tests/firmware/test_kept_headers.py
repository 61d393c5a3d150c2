"""The header of a kept frame that is sent again: whatever went on in between, its chunks fit together.

The real frames.py under MicroPython, with a clock in the test's hand.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hub.provision.build import Build
from tests.firmware.board import micropython

CLOCK = """
now = 100_000  # uptime
skew = 1_790_000_000_000  # Unix time less uptime; 0: not set
def uptime_ms():
    return now
def unix_ms(at=None):
    return skew and skew + (now if at is None else at)
"""

SCRIPT = """
import asyncio, json, sys
sys.path.insert(0, "a")
import clock, wire
from frames import Frames, Kept

class Uplink:
    chunks, stop_after = [], 2
    def hub_is_there(self):
        return True
    async def send_chunk(self, head, data, qos):
        header = wire.unpack_header(head + bytes(data))
        self.chunks.append(list(header))
        if header.index + 1 == self.stop_after:
            frames.live = True  # somebody comes
        return True

config = {"chunk_size": 1024, "ack_timeout_ms": 1, "keep_frames": 16}
frames = Frames(Uplink(), config, 7, None)
frames.kept.append(Kept(3, 1, 99_000, bytes(5000)))

async def attempt():
    frames.live = False
    try:
        await asyncio.wait_for(frames._resend(frames.kept[0]), 0.01)
    except asyncio.TimeoutError:
        pass

async def main():
    await attempt()
    exec(open("between.py").read())
    Uplink.stop_after = 0
    await attempt()
    print(json.dumps(Uplink.chunks))

asyncio.run(main())
"""


def headers(folder: Path, build: Build, between: str) -> list[list[Any]]:
    """The headers of a frame whose first attempt was broken off after two chunks, without their index."""
    for name, data in build.files.items():
        path = folder / "a" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "a" / "clock.py").write_text(CLOCK)
    (folder / "between.py").write_text(between)
    (folder / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [*micropython(), "script.py"], cwd=folder, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    return [header[:4] + header[5:] for header in found]


@pytest.mark.parametrize(
    "between",
    [
        "clock.now += 300; clock.skew += 1",  # rounding
        "clock.now += 300; clock.skew -= 5000",  # a time server
        "clock.now += 300; config['chunk_size'] = 4096",
        "clock.now += 300; clock.skew = 0",
    ],
)
def test_an_attempt_that_follows_soon_has_the_header_of_the_one_before(tmp_path: Path, source: Build, between) -> None:
    found = headers(tmp_path, source, between)
    assert len(found) == 2 + 5
    assert all(header == found[0] for header in found)


def test_long_after_it_the_header_is_made_anew(tmp_path: Path, source: Build) -> None:
    found = headers(tmp_path, source, "clock.now += 10_001; clock.skew += 250; config['chunk_size'] = 4096")
    assert [header[5] for header in found] == [1024, 1024, 4096, 4096]
    assert found[-1][-1] == found[0][-1] + 250
