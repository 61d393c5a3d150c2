"""A board for tests: the real firmware under MicroPython's unix port, with its flash in a folder.

What a board's hardware does is done here: it starts the program again when it ends, and its watchdog
kills a program that doesn't feed it.
"""

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from hub.provision.build import Build
from hub.provision.image import board_files

HEAP = "8M"
WAIT_S = 30.0  # generous: the machine may be busy
RESTART = 3  # the exit code of slots.restart()


def micropython() -> list[str]:
    """The interpreter; without it the test is skipped, which CI turns into a failure."""
    if find_spec("micropython_unix") is None:
        pytest.skip("MicroPython's unix port is missing; install the extra `firmware`")
    start = "import sys, micropython_unix; sys.exit(micropython_unix.main())"
    return [sys.executable, "-c", start, "-X", f"heapsize={HEAP}"]


class Board:
    def __init__(self, flash: Path, build: Build, node: Mapping[str, bytes], watchdog_s: float = 60.0) -> None:
        self.flash = flash
        for name, data in board_files(build, node).items():
            path = flash / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (flash / "scene").mkdir()
        self.watchdog_s = watchdog_s
        self.lines: list[str] = []
        self.boots = 0
        self.on = True
        self._mark = 0
        self._news = asyncio.Event()
        self._fed = 0.0
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def set_node(self, **values: Any) -> None:
        """Change node.json; a value of None takes the field away."""
        path = self.flash / "node.json"
        node = {**json.loads(path.read_bytes()), **values}
        path.write_text(json.dumps({k: v for k, v in node.items() if v is not None}))

    def set_config(self, **values: Any) -> None:
        """The configuration as an earlier boot saved it."""
        (self.flash / "config.json").write_text(json.dumps({"version": 1, "config": values}))

    def set_scene(self, *pictures: bytes, warmup: bytes = b"") -> None:
        """What the camera sees from now on, in turn."""
        folder = self.flash / "scene"
        for old in folder.iterdir():
            old.unlink()
        if warmup:
            for i in range(2):
                (folder / f"warmup-{i}.jpg").write_bytes(warmup)
        for i, picture in enumerate(pictures):
            (folder / f"{i:04}.jpg").write_bytes(picture)

    def set_grey(self, level: int, spot: bool = False) -> None:
        """What the camera sees in grey; `spot`: somebody stands in the middle."""
        rows = [
            bytes([level + 80 if spot and 40 < x < 100 and y > 30 else level for x in range(160)]) for y in range(120)
        ]
        temporary = self.flash / "grey.new"
        temporary.write_bytes(b"".join(rows))
        temporary.replace(self.flash / "grey.raw")

    async def __aenter__(self) -> "Board":
        self._tasks = [asyncio.create_task(self._power()), asyncio.create_task(self._watch())]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.on = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.cut()

    async def cut(self) -> None:
        """Cut the power for a moment; nothing of the program gets to run."""
        process = self._process
        if process is not None and process.returncode is None:
            process.send_signal(signal.SIGKILL)
            await process.wait()

    def pause(self) -> None:
        """Stop the processor where it is."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def say(self, line: str) -> None:
        """Something happens to the hardware; see firmware/hal/host.py."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")

    async def log(self, pattern: str, wait_s: float = WAIT_S) -> re.Match[str]:
        """The next line that matches, after the one that matched last."""
        deadline = time.monotonic() + wait_s
        while True:
            for i in range(self._mark, len(self.lines)):
                found = re.search(pattern, self.lines[i])
                if found:
                    self._mark = i + 1
                    return found
            left = deadline - time.monotonic()
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), max(left, 0))
            except TimeoutError:
                raise AssertionError(f"no line matches {pattern!r} in:\n" + self.text()) from None

    def seen(self, pattern: str) -> list[re.Match[str]]:
        """Every line so far that matches."""
        return [found for line in self.lines if (found := re.search(pattern, line))]

    def text(self) -> str:
        return "\n".join(line for line in self.lines[-200:] if line != "@feed")

    async def _power(self) -> None:
        reason = "power-on"
        while self.on:
            self.boots += 1
            self._fed = time.monotonic()
            self._process = await asyncio.create_subprocess_exec(
                *micropython(), "main.py", cwd=self.flash, stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, "RESET_REASON": reason},
            )  # fmt: skip
            await self._read(self._process)
            code = await self._process.wait()
            self._line(f"--- ended with {code}")
            reason = {RESTART: "soft", -signal.SIGTERM: "watchdog"}.get(code, "power-on")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for raw in process.stdout:
            line = raw.decode(errors="replace").rstrip()
            if line == "@feed":
                self._fed = time.monotonic()
            self._line(line)

    def _line(self, line: str) -> None:
        self.lines.append(line)
        self._news.set()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(0.1)
            process = self._process
            if process is None or process.returncode is not None:
                continue
            if time.monotonic() - self._fed > self.watchdog_s:
                process.send_signal(signal.SIGTERM)
                process.send_signal(signal.SIGCONT)
                self._fed = time.monotonic()
