"""Several programs as one: started in order, started again when they die, ended in reverse order."""

import asyncio
import ctypes
import fcntl
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO

import structlog

from hub.errors import Busy, Unavailable

STOP_S = 4.0  # together with what a program needs on its own: within 5 s after Ctrl-C
QUICK_DEATH_S = 5.0
MAX_QUICK_DEATHS = 3
PAUSE_S = (0.5, 15.0)
PR_SET_PDEATHSIG = 1  # linux/prctl.h

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Program:
    """A child process; `ready` returns when the next one may be started, and raises if it never will."""

    name: str
    argv: Sequence[str]
    ready: Callable[[], Awaitable[None]] | None = None


def presenza(*arguments: str) -> list[str]:
    """The argv of one of our own commands."""
    return [sys.executable, "-m", "hub", *arguments]


class Supervisor:
    """Runs programs until `stop` is set. Raises Unavailable when one dies again and again."""

    def __init__(self, programs: Sequence[Program], stop: asyncio.Event, log_file: Path | None = None) -> None:
        """`log_file` takes what the programs print, instead of this process's own terminal."""
        self._programs = programs
        self._stop = stop
        self._log_file = log_file
        self._running: dict[str, asyncio.subprocess.Process] = {}

    async def start(self) -> None:
        """Start every program, each when the one before is ready."""
        for program in self._programs:
            await self._launch(program)

    async def watch(self) -> None:
        """Keep the programs running until `stop` is set."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._keep(program), name=program.name) for program in self._programs]
            await self._stop.wait()
            for task in tasks:
                task.cancel()

    async def end(self) -> None:
        """End the programs in reverse order, each politely first; all of them within STOP_S."""
        deadline = monotonic() + STOP_S
        for name in reversed(list(self._running)):
            process = self._running.pop(name)
            await _end(process, max(0.5, deadline - monotonic()))

    async def _launch(self, program: Program) -> asyncio.subprocess.Process:
        with ExitStack() as stack:
            output = None if self._log_file is None else stack.enter_context(self._log_file.open("ab"))
            process = await self._spawn(program, output)
        self._running[program.name] = process
        if program.ready is not None:
            await self._until_ready(program, process)
        return process

    async def _spawn(self, program: Program, output: IO[bytes] | None) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *program.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # A session of its own: Ctrl-C reaches us alone, and we end the programs in their order.
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )

    async def _until_ready(self, program: Program, process: asyncio.subprocess.Process) -> None:
        assert program.ready is not None
        ready = asyncio.ensure_future(program.ready())
        ended = asyncio.ensure_future(process.wait())
        await asyncio.wait((ready, ended), return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if not ready.done():
            ready.cancel()
            raise Unavailable(f"{program.name} ended at once, with exit code {process.returncode}.")
        ready.result()

    async def _keep(self, program: Program) -> None:
        quick_deaths = 0
        pause_s = PAUSE_S[0]
        started = monotonic()
        while True:
            code = await self._running[program.name].wait()
            lived_s = monotonic() - started
            quick_deaths = quick_deaths + 1 if lived_s < QUICK_DEATH_S else 0
            pause_s = min(PAUSE_S[1], pause_s * 2) if quick_deaths else PAUSE_S[0]
            log.warning("program ended", program=program.name, exit_code=code, after_s=round(lived_s, 1))
            if quick_deaths >= MAX_QUICK_DEATHS:
                raise Unavailable(f"{program.name} ended {quick_deaths} times in a row, last with exit code {code}.")
            await asyncio.sleep(pause_s)
            started = monotonic()
            await self._launch(program)


async def _end(process: asyncio.subprocess.Process, patience_s: float) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), patience_s)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _end_with_parent() -> None:
    # Runs in the child between fork and exec. Where there is no prctl (macOS) a child outlives a
    # supervisor that was killed, and its lock says so at the next start.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold a data folder for this process. Raises Busy when another `presenza up` has it."""
    folder.mkdir(parents=True, exist_ok=True)
    fd = os.open(folder / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(
                f"Presenza already runs on the data folder {folder}. Stop it first, or choose another with --data-dir."
            ) from None
        yield
    finally:
        os.close(fd)
