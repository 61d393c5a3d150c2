"""`presenza check` of cameras' clocks."""

from contextlib import closing
from pathlib import Path

import pytest

from hub import settings
from hub.cli.check_devices import NAMED, OFF_MS, camera_clocks
from hub.cli.finding import Finding
from hub.model import Device, DeviceState
from hub.store.opening import open_store

AT_MS = 1_790_000_000_000


@pytest.fixture
def site(tmp_path: Path) -> settings.Settings:
    return settings.load({}, data_dir=tmp_path / "data")


def reported(site: settings.Settings, **ahead_ms: int | None) -> list[Finding]:
    """What the check finds after cameras reported with clocks so far ahead; None: without a clock."""
    with closing(open_store(site)) as store:
        for device, ms in ahead_ms.items():
            telemetry = {"received_ms": AT_MS} | ({} if ms is None else {"clock_ms": AT_MS + ms})
            store.add_device(Device(device, created_ms=1))
            store.put_device_state(DeviceState(device, AT_MS, "online", telemetry=telemetry))
    return list(camera_clocks(site))


def test_cameras_that_are_right_within_a_minute_are_right(site):
    (finding,) = reported(site, a=OFF_MS, b=-OFF_MS, c=0)
    assert (finding.level, finding.message) == ("ok", "3 are right")


def test_those_that_are_off_are_named_the_worst_first_with_what_to_do(site):
    (finding,) = reported(site, a=0, b=OFF_MS + 1, c=-3 * 3_600_000, d=800_000_000_000)
    assert finding.level == "warn"
    assert finding.message == "d is 9259 days ahead, c is 3 h behind, b is 1 min ahead."
    assert "pool.ntp.org" in finding.todo


def test_a_camera_that_tells_no_time_is_named(site):
    (finding,) = reported(site, a=0, b=None)
    assert finding.level == "warn"
    assert "not told by b" in finding.message


def test_a_hall_of_wrong_clocks_does_not_fill_the_screen(site):
    (finding,) = reported(site, **{f"cam-{n}": 10 * OFF_MS for n in range(NAMED + 5)})
    assert finding.message.endswith(" and 5 more.")


def test_who_never_reported_says_nothing(site):
    assert list(camera_clocks(site)) == []
    with closing(open_store(site)) as store:
        store.put_device_state(DeviceState("a", AT_MS, "online"))
    assert list(camera_clocks(site)) == []
