"""`kill -9` at the worst moments: what was acknowledged is there, and nothing is there twice."""

import psutil
import pytest

from tests.acceptance.stack import PATIENCE_S, portrait, scene

pytestmark = pytest.mark.engine

BEFORE_THE_COMMIT = ["assembled", "recognized", "pictured"]
AFTER_THE_COMMIT = ["stored", "acked", "published"]


@pytest.mark.parametrize("step", BEFORE_THE_COMMIT + AFTER_THE_COMMIT)
def test_a_hub_that_dies_at_any_step_loses_no_attendance_and_makes_none_twice(stack, step):
    stack.start_hub(PRESENZA_FAULT_POINT=step)
    sent = stack.door.put(scene(portrait("obama", 3)))
    stack.wait_until_hub_died()
    assert len(stack.seen_today()) == (1 if step in AFTER_THE_COMMIT else 0)
    stack.start_hub()
    assert stack.door.send_again(sent)["outcome"] == "recognized"
    assert stack.door.send_again(sent)["outcome"] == "recognized"
    assert stack.door.send(scene(portrait("obama", 2)))["outcome"] == "already_marked"
    assert stack.seen_today() == ["Obama"]


def test_a_worker_that_dies_costs_one_frame_and_is_replaced(stack):
    stack.start_hub()
    assert stack.door.send(scene(portrait("obama", 3)))["outcome"] == "recognized"
    assert stack.hub is not None
    _worker(stack.hub.pid).kill()
    outcomes = [stack.door.send(scene(portrait("biden"), quality=quality))["outcome"] for quality in (80, 81)]
    assert outcomes in (["error", "recognized"], ["recognized", "already_marked"])
    assert stack.seen_today() == ["Biden", "Obama"]


def test_a_broker_that_dies_loses_no_attendance(stack):
    stack.start_hub()
    door = stack.door
    assert door.send(scene(portrait("obama", 3)))["outcome"] == "recognized"
    stack.site.kill()
    stack.site.start()
    assert stack.hub is not None
    door.wait_for_hub()
    sent = door.put(scene(portrait("biden")))
    assert door.ack_of(sent)["outcome"] == "recognized"
    assert stack.seen_today() == ["Biden", "Obama"]


def test_no_worker_outlives_a_hub_that_was_killed(stack):
    stack.start_hub()
    assert stack.hub is not None
    worker = _worker(stack.hub.pid)
    stack.hub.kill()
    worker.wait(PATIENCE_S)


def _worker(hub: int) -> psutil.Process:
    """The hub's one recognition process: its child that holds the models, not multiprocessing's helper."""
    return max(psutil.Process(hub).children(), key=lambda child: child.memory_info().rss)
