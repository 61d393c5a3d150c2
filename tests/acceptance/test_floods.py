"""A camera that floods is cut off; the others go on."""

import queue

import pytest

import broker
from tests.acceptance.stack import PATIENCE_S, Door, portrait, scene

pytestmark = pytest.mark.engine

NOISE = b"\xff\xd8" + bytes(1000) + b"\xff\xd9"


def test_a_camera_that_floods_is_cut_off_and_the_others_are_answered(stack):
    stack.start_hub()
    sentences: queue.Queue[str] = queue.Queue()
    desk = broker.Desk(stack.site.settings, lambda device: None, tell=sentences.put)
    desk.start()
    flooder = Door(stack.site.add_camera("door-2"))
    try:
        for number in range(1, 200_000):  # however slow the machine is, this is more than any camera sends
            flooder.publish(NOISE, number)
            if not sentences.empty():
                break
        assert "door-2" in sentences.get(timeout=PATIENCE_S)
        assert stack.door.send_until_answered(scene(portrait("obama", 3)))["outcome"] == "recognized"
        with broker.Admin(stack.site.settings) as admin:
            assert {each.device: each.disabled for each in admin.list()} == {"door-1": False, "door-2": True}
    finally:
        flooder.close()
        desk.stop()
