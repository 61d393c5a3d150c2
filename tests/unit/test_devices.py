"""What the hub keeps of cameras' own words."""

from hub.devices import MAX_DEVICES, DeviceBook
from hub.store.memory import MemoryStore


async def test_what_a_camera_says_is_kept_in_the_store():
    store = MemoryStore()
    book = DeviceBook(store)
    book.status("door-1", "online", {"boot_id": 1}, 5)
    book.telemetry("door-1", {"rssi_dbm": -60}, 6)
    await book.flush()
    (state,) = store.device_states()
    assert (state.state, state.seen_ms, state.telemetry) == ("online", 6, {"rssi_dbm": -60})


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
