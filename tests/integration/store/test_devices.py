"""Cameras and their states, in every store."""

from dataclasses import replace

import pytest

from hub.errors import Conflict, NotFound
from hub.model import Device, DeviceState, Reading
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


def test_a_camera_serves_the_groups_that_it_was_told(store: Store) -> None:
    store.add_device(Device("door-1", 1_000))
    store.set_groups("door-1", ["7b", "7a", "7b"])
    assert store.devices() == [Device("door-1", 1_000, "", ("7a", "7b"))]
    store.set_groups("door-1", [])
    assert store.devices() == [Device("door-1", 1_000)]
    with pytest.raises(NotFound):
        store.set_groups("door-2", ["7a"])


def test_a_camera_that_is_added_again_serves_what_it_was_added_with(store: Store) -> None:
    store.add_device(Device("door-1", 1_000, "", ("7a",)))
    store.remove_device("door-1")
    store.add_device(Device("door-1", 2_000))
    assert store.devices() == [Device("door-1", 2_000)]


def test_a_group_that_is_renamed_is_renamed_at_the_cameras(store: Store) -> None:
    store.add_device(Device("door-1", 1_000, "", ("7a", "7b")))
    store.add_device(Device("door-2", 1_000, "", ("7a", "8")))
    store.regroup("7a", "8")
    assert [device.groups for device in store.devices()] == [("7b", "8"), ("8",)]


def test_other_processes_notice_which_groups_a_camera_serves(store: Store) -> None:
    store.add_device(Device("door-1", 1_000))
    before = store.people_revision()
    store.set_groups("door-1", ["7a"])
    assert store.people_revision() > before


def test_of_a_cameras_minute_the_first_reading_is_kept(store: Store) -> None:
    first = Reading("door-1", 100, 7, -61, 90_000, 41.5, 10, 9, 1)
    store.keep_readings([first, replace(first, rssi_dbm=-80), Reading("door-1", 101, 7), Reading("door-2", 100, 8)])
    store.keep_readings([replace(first, frames_sent=99)])
    assert store.readings("door-1", 0) == [first, Reading("door-1", 101, 7)]
    assert store.readings("door-1", 101) == [Reading("door-1", 101, 7)]


def test_readings_go_by_age_the_oldest_first(store: Store) -> None:
    store.keep_readings([Reading(device, minute, 7) for minute in (3, 1, 2) for device in ("door-1", "door-2")])
    assert store.purge_readings(3, limit=3) == 3
    assert [each.minute for device in ("door-1", "door-2") for each in store.readings(device, 0)].count(1) == 0
    assert store.purge_readings(3) == 1
    assert [each.minute for each in store.readings("door-1", 0)] == [3]


def test_a_removed_camera_takes_its_readings_along(store: Store) -> None:
    store.add_device(Device("door-1", 1_000))
    store.keep_readings([Reading("door-1", 1, 7), Reading("door-2", 1, 7)])
    store.remove_device("door-1")
    assert store.readings("door-1", 0) == []
    assert len(store.readings("door-2", 0)) == 1


def test_readings_can_be_thinned_to_the_last_of_some_minutes_with_means(store: Store) -> None:
    store.keep_readings(
        [
            Reading("door-1", 10, 7, -60, 100, 40.0, frames_sent=5),
            Reading("door-1", 12, 7, -65, 101, None, frames_sent=9),
            Reading("door-1", 15, 8, -70, None, None, frames_sent=2),
        ]
    )
    assert store.readings("door-1", 0, step=5) == [
        Reading("door-1", 12, 7, -63, 101, 40.0, frames_sent=9),
        Reading("door-1", 15, 8, -70, None, None, frames_sent=2),
    ]
