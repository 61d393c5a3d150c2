"""Cameras and their states, in every store."""

from dataclasses import replace

import pytest

from hub.errors import Conflict, NotFound
from hub.model import Device, DeviceState
from hub.store import Store

STATE = DeviceState(
    "door-1", 1_000, "online", {"boot_id": 7}, {"rssi_dbm": -61, "temperature_c": 41.5}, {"config": {"led": "on"}}
)


def test_cameras_are_listed_by_name(store: Store) -> None:
    for name in ("door-2", "door-1"):
        store.add_device(Device(name, 1_000, f"at the {name}"))
    assert store.devices() == [Device("door-1", 1_000, "at the door-1"), Device("door-2", 1_000, "at the door-2")]


def test_a_camera_is_added_once(store: Store) -> None:
    store.add_device(Device("door-1", 1_000))
    with pytest.raises(Conflict):
        store.add_device(Device("door-1", 2_000))
    assert store.devices() == [Device("door-1", 1_000)]


def test_the_last_state_replaces_the_one_before(store: Store) -> None:
    store.put_device_state(STATE)
    offline = replace(STATE, seen_ms=2_000, state="offline", telemetry={})
    store.put_device_state(replace(STATE, device="door-0"))
    store.put_device_state(offline)
    assert store.device_states() == [replace(STATE, device="door-0"), offline]


def test_a_removed_camera_takes_its_state_along(store: Store) -> None:
    store.add_device(Device("door-1", 1_000))
    store.put_device_state(STATE)
    store.remove_device("door-1")
    assert (store.devices(), store.device_states()) == ([], [])


def test_a_camera_that_is_not_there_can_not_be_removed(store: Store) -> None:
    store.put_device_state(STATE)
    with pytest.raises(NotFound):
        store.remove_device("door-1")
    assert store.device_states() == [STATE]
