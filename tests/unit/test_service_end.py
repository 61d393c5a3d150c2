"""How the hub's tasks are ended."""

import asyncio

import pytest

from hub import service


async def deaf(times: int) -> None:
    """Goes on after a cancellation, as `wait_for` of Python 3.11 sometimes does."""
    for _ in range(times):
        with pytest.raises(asyncio.CancelledError):
            await asyncio.Event().wait()
    await asyncio.Event().wait()


async def started(times: int) -> asyncio.Task[None]:
    task = asyncio.create_task(deaf(times))
    await asyncio.sleep(0)
    return task


async def test_a_task_that_drops_a_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "CANCEL_AGAIN_S", 0.01)
    tasks = [await started(times) for times in (0, 1, 3)]
    await asyncio.wait_for(service.end(tasks), 5)
    assert all(task.cancelled() for task in tasks)


async def test_without_tasks_there_is_nothing_to_end():
    await service.end([])
