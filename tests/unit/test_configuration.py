"""Wanting a configuration: written down, then published; the newest version has the last word."""

import pytest

from hub import configuration, wire
from hub.errors import Unavailable
from hub.model import DeviceState
from hub.payloads import WantedConfig as WantedPayload
from hub.payloads import decode
from hub.shadow import WantedConfig
from hub.store import Store
from hub.store.memory import MemoryStore

CONFIG = {**wire.default_config(), "led": "off"}


class Broker:
    """Keeps the retained message of each topic."""

    def __init__(self) -> None:
        self.retained: dict[str, bytes] = {}

    def publish(self, topic: str, payload: bytes) -> None:
        self.retained[topic] = payload

    def version(self, device: str = "door-1") -> int:
        return decode(WantedPayload, self.retained[wire.down("main", device, wire.CONFIG)]).version


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def broker() -> Broker:
    return Broker()


def want(store: Store, publish: configuration.Publish, **more: str) -> WantedConfig:
    return configuration.want(store, publish, "main", "door-1", CONFIG, by="ada", now_ms=5, **more)


def test_versions_rise_and_say_who_wanted_what_from_where(store: MemoryStore, broker: Broker):
    want(store, broker.publish)
    second = want(store, broker.publish, origin="version 1")
    assert store.wanted_configs("door-1")[0] == second == WantedConfig("door-1", 2, CONFIG, "ada", 5, "version 1")
    assert broker.version() == 2


def test_a_version_is_newer_than_what_the_camera_reports(store: MemoryStore, broker: Broker):
    state = DeviceState("door-1", 1, config={"version": 7, "state": "applied", "config": {}})
    store.put_device_state(state)
    assert want(store, broker.publish).version == 8


def test_what_the_broker_does_not_take_is_not_kept(store: MemoryStore):
    def away(topic: str, payload: bytes) -> None:
        raise Unavailable("There is no broker.")

    with pytest.raises(Unavailable):
        want(store, away)
    assert store.wanted_configs("door-1") == []


def test_who_is_overtaken_publishes_the_newer_version_once_more(store: MemoryStore, broker: Broker):
    """Another takes version 2 between our writing down and our publishing, and is at the broker first."""
    other = WantedConfig("door-1", 2, {**CONFIG, "burst_frames": 3}, "bob", 6)

    def slow(topic: str, payload: bytes) -> None:
        if store.wanted_configs("door-1", limit=5)[0].version != 2:
            store.want_config(other)
            broker.publish(topic, WantedPayload(version=2, config=dict(other.config)).encode())
        broker.publish(topic, payload)

    assert want(store, slow).version == 1
    assert broker.version() == 2


def test_two_at_the_same_moment_get_two_versions(broker: Broker):
    class Racing(MemoryStore):
        """Somebody else takes the version that we are about to take."""

        raced = False

        def want_config(self, wanted: WantedConfig) -> None:
            if not self.raced:
                self.raced = True
                super().want_config(WantedConfig("door-1", wanted.version, {}, "bob", 6))
            super().want_config(wanted)

    assert want(Racing(), broker.publish).version == 2
