"""A camera that floods is told from one that works hard."""

from hub.flood import AGAIN_S, BURST_S, BYTES_PER_S, MAX_DEVICES, MESSAGES_PER_S, FloodMeter


def told(meter: FloodMeter, device: str, size_bytes: int, per_s: float, seconds: float, *, start_s: float = 0.0) -> int:
    """How often the meter speaks while a camera sends evenly."""
    times = [start_s + n / per_s for n in range(int(per_s * seconds))]
    return sum(meter.is_flood(device, size_bytes, now_s) for now_s in times)


def test_the_hardest_working_camera_is_no_flood():
    # UXGA frames of 400 KB, ten in a second, in chunks of 8 KB: for a minute.
    assert told(FloodMeter(), "cam-a", 8232, 10 * 50, 60) == 0


def test_what_was_kept_during_an_outage_may_come_at_once():
    meter = FloodMeter()
    assert not any(meter.is_flood("cam-a", 61_480, 0.0) for _ in range(64 * 5))  # 64 frames of 300 KB


def test_a_flood_of_bytes_is_told_soon_and_again_while_it_lasts():
    meter = FloodMeter()
    assert told(meter, "cam-a", 8232, 8000, 1.0) == 1
    assert told(meter, "cam-a", 8232, 8000, 3 * AGAIN_S, start_s=1.0) == 3


def test_a_flood_of_tiny_messages_is_one_too():
    assert told(FloodMeter(), "cam-a", 1, 20_000, 2.0) == 1


def test_who_was_quiet_and_floods_again_is_told_again():
    meter = FloodMeter()
    assert told(meter, "cam-a", 8232, 8000, 1.0) == 1
    assert told(meter, "cam-a", 8232, 8000, 1.0, start_s=100.0) == 1


def test_one_cameras_flood_says_nothing_of_another():
    meter = FloodMeter()
    told(meter, "cam-a", 8232, 8000, 1.0)
    assert told(meter, "cam-b", 8232, 30, 10, start_s=1.0) == 0


def test_a_clock_that_is_set_back_gives_nothing_away():
    meter = FloodMeter()
    assert told(meter, "cam-a", 8232, 8000, 1.0, start_s=1000.0) == 1
    assert not meter.is_flood("cam-a", 1, 0.0)


def test_memory_is_bounded():
    meter = FloodMeter()
    for number in range(MAX_DEVICES * 2):
        meter.is_flood(f"cam-{number}", 1, 0.0)
    assert len(meter._buckets) <= MAX_DEVICES


def test_the_limits_are_above_what_the_contract_allows_and_below_what_hurts():
    assert BYTES_PER_S * BURST_S > 64 * 300 * 1024
    assert MESSAGES_PER_S < 2900  # what the hub reads in a second at 16 KB
