"""A camera that floods is told from one that works hard."""

from hub.flood import AGAIN_S, BYTES, FRAMES, MAX_DEVICES, MESSAGES, FloodMeter


def told(
    meter: FloodMeter,
    device: str,
    size_bytes: int,
    per_s: float,
    seconds: float,
    *,
    start_s: float = 0.0,
    frame_every: int = 1000,
) -> int:
    """How often the meter speaks while a camera sends evenly; each `frame_every`th message begins a frame."""
    times = [(n, start_s + n / per_s) for n in range(int(per_s * seconds))]
    return sum(meter.weigh(device, size_bytes, now_s, begins_frame=n % frame_every == 0).tell for n, now_s in times)


def test_the_hardest_working_camera_is_no_flood():
    # All that an ESP32's Wi-Fi carries, in chunks of 8 KB, for a minute.
    assert told(FloodMeter(), "cam-a", 8232, 1.5e6 / 8232, 60, frame_every=20) == 0


def test_as_many_small_frames_as_the_contract_allows_are_no_flood():
    assert told(FloodMeter(), "cam-a", 1064, 10 * 40, 60, frame_every=40) == 0


def test_what_was_kept_during_an_outage_may_come_at_once():
    meter = FloodMeter()
    chunks = [n % 5 == 0 for n in range(64 * 5)]  # 64 frames of 300 KB
    assert not any(meter.weigh("cam-a", 61_480, 0.0, begins_frame=begins).over for begins in chunks)


def test_a_flood_of_bytes_is_told_soon_and_again_while_it_lasts():
    meter = FloodMeter()
    assert told(meter, "cam-a", 61_480, 1000, 1.0) == 1
    assert told(meter, "cam-a", 61_480, 1000, 3 * AGAIN_S, start_s=1.0) == 3


def test_a_flood_of_tiny_messages_is_one_too():
    assert told(FloodMeter(), "cam-a", 1, 20_000, 2.0) == 1


def test_a_flood_of_small_frames_is_one_though_bytes_and_messages_are_few():
    assert told(FloodMeter(), "cam-a", 2000, 30, 14, frame_every=1) == 1


def test_who_is_over_is_over_until_it_slows_down():
    meter = FloodMeter()
    told(meter, "cam-a", 8232, 8000, 1.0)
    assert meter.weigh("cam-a", 8232, 1.01).over
    assert not meter.weigh("cam-a", 8232, 4.0).over


def test_a_flood_that_lasted_an_hour_is_paid_for_in_a_second():
    meter = FloodMeter()
    for _ in range(100_000):
        meter.weigh("cam-a", 61_480, 0.0)
    assert not meter.weigh("cam-a", 1, 2.5).over


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
    weighed = meter.weigh("cam-a", 1, 0.0)
    assert weighed.over
    assert not weighed.tell


def test_memory_is_bounded():
    meter = FloodMeter()
    for number in range(MAX_DEVICES * 2):
        meter.weigh(f"cam-{number}", 1, 0.0)
    assert len(meter._cameras) <= MAX_DEVICES


def test_the_limits_are_above_what_the_contract_allows_and_below_what_hurts():
    assert BYTES.at_once > 64 * 300 * 1024
    assert FRAMES.per_s == 2 * 10
    assert FRAMES.at_once > 64
    assert MESSAGES.per_s < 2900 / 4  # a quarter of what the hub reads in a second at 16 KB
