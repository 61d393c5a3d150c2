"""Worker processes: what a crash or a hang of one costs."""

import asyncio
import os
import signal
import time
from functools import partial

import pytest

from hub.errors import InvalidImage, WorkerFailed
from hub.metrics import Metrics
from hub.workers import Workers


def load() -> None:
    pass


def load_fails() -> None:
    raise InvalidImage("models", "there are no models")


def size(picture: bytes) -> int:
    return len(picture)


def pid(_picture: bytes) -> int:
    return os.getpid()


def refuse(_picture: bytes) -> int:
    raise InvalidImage("truncated", "the picture ends too early")


def crash(_picture: bytes) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def hang(_picture: bytes) -> int:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    time.sleep(600)
    return 0


@pytest.fixture
async def workers():
    pool = Workers(1, load, Metrics(), timeout_s=2.0)
    await pool.start()
    yield pool
    await pool.close()


async def test_a_worker_answers(workers):
    assert await workers.run(size, b"12345") == 5


async def test_an_error_of_the_function_comes_through_with_its_reason(workers):
    with pytest.raises(InvalidImage) as refusal:
        await workers.run(refuse, b"x")
    assert (refusal.value.reason, str(refusal.value)) == ("truncated", "the picture ends too early")


@pytest.mark.parametrize("deed", [crash, hang])
async def test_a_lost_worker_costs_one_picture_and_is_replaced(workers, deed):
    before = await workers.run(pid, b"x")
    with pytest.raises(WorkerFailed):
        await workers.run(deed, b"bad")
    after = await workers.run(pid, b"x")
    assert after != before
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)


async def test_a_picture_that_ended_two_workers_is_never_tried_again(workers):
    for _ in range(2):
        with pytest.raises(WorkerFailed):
            await workers.run(crash, b"bad")
    survivor = await workers.run(pid, b"x")
    with pytest.raises(WorkerFailed, match="not tried again"):
        await workers.run(crash, b"bad")
    assert await workers.run(pid, b"x") == survivor


async def test_a_crash_leaves_the_work_of_other_workers_alone():

    pool = Workers(2, load, Metrics(), timeout_s=20.0)
    await pool.start()
    try:
        slow = asyncio.create_task(pool.run(partial(_slow_size, 0.3), b"12345"))
        await asyncio.sleep(0)
        with pytest.raises(WorkerFailed):
            await pool.run(crash, b"bad")
        assert await slow == 5
    finally:
        await pool.close()


def _slow_size(seconds: float, picture: bytes) -> int:
    time.sleep(seconds)
    return len(picture)


async def test_what_loading_raises_stops_the_start():
    pool = Workers(1, load_fails, Metrics())
    with pytest.raises(InvalidImage, match="no models"):
        await pool.start()
    await pool.close()
