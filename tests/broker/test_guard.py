"""A camera that the hub warns of is cut off, and nobody else is."""

import queue
from collections.abc import Iterator

import pytest

import broker
from broker import Admin
from hub import wire
from hub.payloads import Guard
from tests.broker.clients import Refused, camera, service
from tests.integration.brokers import Site

GUARD = wire.hub("main", wire.GUARD)
WARNING = Guard(device="bad", reason="flood").encode()


@pytest.fixture
def told(broker_site: Site) -> Iterator["queue.SimpleQueue[str]"]:
    """What the desk says; it runs as long as the test."""
    sentences: queue.SimpleQueue[str] = queue.SimpleQueue()
    desk = broker.Desk(broker_site.settings, lambda _: None, tell=sentences.put)
    desk.start()
    with service(broker_site.settings, "hub") as hub:  # heard by a desk that is ready, or not at all
        hub.publish(GUARD, b"ready?")
        while True:
            try:
                sentences.get(timeout=0.1)
                break
            except queue.Empty:
                hub.publish(GUARD, b"ready?")
    yield sentences
    desk.stop()


def heeded(told: "queue.SimpleQueue[str]") -> str:
    while "could not" in (sentence := told.get(timeout=10)):
        pass
    return sentence


def test_a_camera_that_floods_is_cut_off_until_it_is_enabled(broker_site, told):
    credentials = broker_site.add_camera("bad")
    with camera(credentials) as bad, service(broker_site.settings, "hub") as hub:
        hub.publish(GUARD, WARNING)
        bad.wait_until_gone(5)
    assert heeded(told).startswith("bad is cut off")
    with pytest.raises(Refused):
        camera(credentials)
    with Admin(broker_site.settings) as admin:
        assert [(each.device, each.disabled) for each in admin.list()] == [("bad", True)]
        admin.enable("bad")
    camera(credentials).close()


def test_others_stay(broker_site, told):
    good, _ = broker_site.add_camera("good"), broker_site.add_camera("bad")
    status = wire.up("main", "good", "status")
    with camera(good) as cam, service(broker_site.settings, "hub") as hub:
        hub.publish(GUARD, WARNING)
        heeded(told)
        assert hub.subscribe(status)
        cam.publish(status, b"still here")
        hub.received_until(status, b"still here")


def test_a_camera_cannot_have_another_cut_off(broker_site, told):
    one, other = broker_site.add_camera("cam-a"), broker_site.add_camera("bad")
    own = wire.up("main", "cam-a", "status")
    with camera(one) as cam, camera(other) as victim, service(broker_site.settings, "hub") as hub:
        cam.publish(GUARD, WARNING)
        assert hub.subscribe(own)
        cam.publish(own, b"end")
        hub.received_until(own, b"end")
        hub.publish(GUARD, Guard(device="nobody", reason="flood").encode())
        assert "no camera nobody" in told.get(timeout=10)  # the desk has heard all that came before
        assert victim.subscribe("presenza/v1/main/bad/down/#")


@pytest.mark.parametrize("raw", [b"", b"{", b'{"v":1,"device":"hub","reason":"flood"}', b'{"v":1,"device":"#"}'])
def test_nonsense_is_told_and_stops_nothing(broker_site, told, raw):
    broker_site.add_camera("bad")
    with service(broker_site.settings, "hub") as hub:
        hub.publish(GUARD, raw)
        assert "could not be heeded" in told.get(timeout=10)
        hub.publish(GUARD, WARNING)
        assert heeded(told).startswith("bad is cut off")
