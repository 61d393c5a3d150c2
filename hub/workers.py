"""Recognition in worker processes: a crash or a hang costs one picture and a new worker, nothing else.

Each seat holds an executor with one worker of its own, so that a worker that dies takes nobody
else's work along. Any `concurrent.futures.Executor` will do: a cluster's executor can take the place
of the process pool.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

import structlog

from hub.errors import WorkerFailed
from hub.metrics import Metrics

T = TypeVar("T")

TIMEOUT_S = 10.0  # a frame takes 0.02 s; whatever takes this long never ends
START_TIMEOUT_S = 120.0  # loading takes 1.3 s on a quiet machine; the first one converts the models
MAX_KILLS = 2  # a picture that has ended so many workers is not tried again
REMEMBERED = 1000

log = structlog.get_logger()


def process_executor() -> Executor:
    """One spawned process. Never forked: dlib and the BLAS threads don't survive a fork."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(max_workers=1, mp_context=context, initializer=_follow_parent)


def _follow_parent() -> None:
    """Leave Ctrl-C to the hub, and end when it ends, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


def _start(load: Callable[[], None]) -> int:
    load()
    return os.getpid()


@dataclass
class _Seat:
    executor: Executor
    pid: int


class Workers:
    """A fixed number of seats; `run` takes a free one. `load` prepares a new worker (loads the models)."""

    def __init__(
        self,
        count: int,
        load: Callable[[], None],
        metrics: Metrics,
        *,
        make_executor: Callable[[], Executor] = process_executor,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.count = count
        self._load = load
        self._metrics = metrics
        self._make_executor = make_executor
        self._timeout_s = timeout_s
        self._free: asyncio.Queue[_Seat] = asyncio.Queue()
        self._seats: list[_Seat] = []
        self._kills: OrderedDict[bytes, int] = OrderedDict()
        self._renewals: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start every worker. Raises what loading raises."""
        for seat in await asyncio.gather(*(self._new_seat() for _ in range(self.count))):
            self._seats.append(seat)
            self._free.put_nowait(seat)

    async def close(self) -> None:
        """End all workers at once, whatever they do."""
        for task in self._renewals:
            task.cancel()
        for seat in self._seats:
            _end(seat)

    async def retire(self) -> None:
        """Let everything that waits for a worker be done first, then end all workers."""
        for _ in range(len(self._seats)):
            await self._free.get()
        await self.close()

    async def run(self, function: Callable[[bytes], T], picture: bytes) -> T:
        """Run `function(picture)` in a worker; errors of `function` come through.

        Raises WorkerFailed when the worker died or took over `timeout_s`, and at once for a picture
        that has done so twice.
        """
        digest = sha256(picture).digest()
        if self._kills.get(digest, 0) >= MAX_KILLS:
            self._metrics.count("worker_refused_picture")
            raise WorkerFailed("This picture has ended two workers and is not tried again.")
        async with self._seat() as seat:
            try:
                future = asyncio.get_running_loop().run_in_executor(seat.executor, function, picture)
                return await asyncio.wait_for(future, self._timeout_s)
            except (BrokenExecutor, TimeoutError) as error:
                self._blame(digest, "hang" if isinstance(error, TimeoutError) else "crash")
                self._retire(seat)
                raise WorkerFailed("A recognition worker was lost over this picture.") from None

    @asynccontextmanager
    async def _seat(self) -> AsyncIterator[_Seat]:
        seat = await self._free.get()
        try:
            yield seat
        finally:
            if seat in self._seats:
                self._free.put_nowait(seat)

    def _blame(self, digest: bytes, how: str) -> None:
        self._metrics.count("worker_lost", how)
        log.warning("worker lost", how=how)
        self._kills[digest] = self._kills.pop(digest, 0) + 1
        while len(self._kills) > REMEMBERED:
            self._kills.popitem(last=False)

    def _retire(self, seat: _Seat) -> None:
        self._seats.remove(seat)
        _end(seat)
        task = asyncio.create_task(self._renew(), name="renew worker")
        self._renewals.add(task)
        task.add_done_callback(self._renewals.discard)

    async def _renew(self) -> None:
        pause_s = 0.5
        while True:
            try:
                seat = await self._new_seat()
            except (BrokenExecutor, TimeoutError, WorkerFailed, OSError) as error:
                log.warning("worker can't be started", error=type(error).__name__, again_in_s=pause_s)
                await asyncio.sleep(pause_s)
                pause_s = min(30.0, pause_s * 2)
                continue
            self._seats.append(seat)
            self._free.put_nowait(seat)
            return

    async def _new_seat(self) -> _Seat:
        executor = self._make_executor()
        future = asyncio.get_running_loop().run_in_executor(executor, _start, self._load)
        try:
            return _Seat(executor, await asyncio.wait_for(future, START_TIMEOUT_S))
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise


def _end(seat: _Seat) -> None:
    if isinstance(seat.executor, ProcessPoolExecutor):
        with suppress(ProcessLookupError):
            os.kill(seat.pid, signal.SIGKILL)  # a worker that hangs in C code hears nothing else
    seat.executor.shutdown(wait=False, cancel_futures=True)
