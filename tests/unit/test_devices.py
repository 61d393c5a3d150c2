"""What the hub keeps of cameras' own words."""

from hub.devices import MAX_DEVICES, DeviceBook
from hub.model import Reading
from hub.store.memory import MemoryStore


async def test_what_a_camera_says_is_kept_in_the_store():
    store = MemoryStore()
    book = DeviceBook(store)
    book.status("door-1", "online", {"boot_id": 1}, 5)
    book.telemetry("door-1", {"rssi_dbm": -60}, 6)
    await book.flush()
    (state,) = store.device_states()
    assert (state.state, state.seen_ms, state.telemetry) == ("online", 6, {"rssi_dbm": -60, "received_ms": 6})


async def test_the_last_will_of_an_earlier_boot_does_not_say_that_the_camera_is_gone():
    book = DeviceBook(MemoryStore())
    book.status("door-1", "online", {"boot_id": 2}, 5)
    book.status("door-1", "offline", {"boot_id": 1}, 6)
    assert book.online() == 1
    book.status("door-1", "offline", {"boot_id": 2}, 7)
    assert book.online() == 0


async def test_the_number_of_cameras_is_bounded():
    store = MemoryStore()
    book = DeviceBook(store)
    for number in range(MAX_DEVICES + 10):
        book.status(f"door-{number}", "online", {}, 5)
    await book.flush()
    assert len(store.device_states()) == MAX_DEVICES


async def test_one_report_a_minute_is_kept_for_the_charts():
    store = MemoryStore()
    book = DeviceBook(store)
    for at_ms, sent in ((60_000, 1), (61_000, 2), (125_000, 3)):
        book.telemetry("door-1", {"boot_id": 9, "rssi_dbm": -60, "frames_sent": sent, "temperature_c": 40}, at_ms)
    await book.flush()
    assert store.readings("door-1", 0) == [
        Reading("door-1", 1, 9, -60, None, 40.0, 1),
        Reading("door-1", 2, 9, -60, None, 40.0, 3),
    ]


async def test_charts_are_kept_of_no_more_cameras_than_there_may_be():
    store = MemoryStore()
    book = DeviceBook(store)
    for number in range(MAX_DEVICES + 5):
        book.telemetry(f"door-{number}", {"boot_id": 1}, 60_000)
    await book.flush()
    assert sum(len(store.readings(f"door-{number}", 0)) for number in range(MAX_DEVICES + 5)) == MAX_DEVICES
