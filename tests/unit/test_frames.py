import pytest

from hub import wire
from hub.errors import ChunkRefused
from hub.frames import Assembler, Limits, NotJpeg
from hub.model import Frame
from tests.chunks import changed, chunks_of, jpeg_of

JPEG = jpeg_of(3000)  # three chunks of 1024
MIB = 1024 * 1024


def feed(assembler: Assembler, chunks: list[bytes], device: str = "door-1", now_ms: float = 0.0) -> list[Frame]:
    answers = [assembler.add(device, chunk, now_ms) for chunk in chunks]
    return [frame for frame in answers if frame is not None]


def refusal(assembler: Assembler, chunk: bytes, now_ms: float = 0.0) -> str:
    with pytest.raises(ChunkRefused) as caught:
        assembler.add("door-1", chunk, now_ms)
    return caught.value.reason


def test_a_frame_in_one_chunk_is_delivered_at_once() -> None:
    (frame,) = feed(Assembler(), chunks_of(JPEG, chunk_size=8192, frame_id=7, boot_id=9, motion_id=3))
    assert frame.jpeg == JPEG
    assert (frame.device, frame.boot_id, frame.frame_id, frame.motion_id) == ("door-1", 9, 7, 3)


def test_chunks_may_come_in_any_order() -> None:
    (frame,) = feed(Assembler(), chunks_of(JPEG)[::-1])
    assert frame.jpeg == JPEG


def test_the_last_chunk_may_be_exactly_full() -> None:
    (frame,) = feed(Assembler(), chunks_of(jpeg_of(2048)))
    assert frame.jpeg == jpeg_of(2048)


def test_times_say_when_the_last_chunk_came_and_how_long_it_took() -> None:
    assembler = Assembler()
    first, second, third = chunks_of(JPEG)
    assembler.add("door-1", first, 1000.0)
    assembler.add("door-1", second, 1010.0)
    frame = assembler.add("door-1", third, 1031.5)
    assert frame is not None
    assert (frame.received_ms, frame.assemble_ms) == (1031, 31.5)


@pytest.mark.parametrize(
    ("flags", "resent", "clock_set", "last"),
    [
        (0, False, False, False),
        (wire.RESENT, True, False, False),
        (wire.CLOCK_SET, False, True, False),
        (wire.LAST, False, False, True),
    ],
)
def test_flags_reach_the_frame(flags: int, resent: bool, clock_set: bool, last: bool) -> None:
    (frame,) = feed(Assembler(), chunks_of(JPEG, flags=flags, captured_ms=5))
    assert (frame.resent, frame.clock_set, frame.last) == (resent, clock_set, last)


def test_a_capture_time_without_a_set_clock_is_not_believed() -> None:
    (frame,) = feed(Assembler(), chunks_of(JPEG, captured_ms=1234))
    assert frame.captured_ms == 0


def test_a_duplicated_chunk_is_ignored_and_counted() -> None:
    assembler = Assembler()
    first, second, third = chunks_of(JPEG)
    (frame,) = feed(assembler, [first, second, second, third])
    assert frame.jpeg == JPEG
    assert assembler.counts == {"duplicate": 1}


def test_a_delivered_frame_is_never_delivered_again() -> None:
    assembler = Assembler()
    assert len(feed(assembler, chunks_of(JPEG) * 2)) == 1
    assert assembler.counts == {"late": 3}
    assert assembler.open_frames == 0


def test_a_resent_frame_that_was_delivered_comes_as_a_repeat() -> None:
    assembler = Assembler()
    (before,) = feed(assembler, chunks_of(JPEG))
    (again,) = feed(assembler, chunks_of(JPEG, flags=wire.RESENT))
    assert not before.repeat
    assert again.repeat
    assert again.key == before.key


def test_a_resent_frame_of_an_older_boot_is_new_when_it_was_never_delivered() -> None:
    assembler = Assembler()
    feed(assembler, chunks_of(JPEG, boot_id=2, frame_id=1))
    (frame,) = feed(assembler, chunks_of(JPEG, boot_id=1, frame_id=40, flags=wire.RESENT))
    assert (frame.resent, frame.repeat) == (True, False)


def test_sending_again_takes_over_from_a_live_attempt_that_lost_chunks() -> None:
    assembler = Assembler()
    feed(assembler, chunks_of(JPEG)[:2])
    (frame,) = feed(assembler, chunks_of(JPEG, flags=wire.RESENT))
    assert frame.resent
    assert assembler.counts == {"restarted": 1}


def test_the_same_ids_after_a_reboot_are_another_frame() -> None:
    assembler = Assembler()
    frames = feed(assembler, chunks_of(JPEG, boot_id=1) + chunks_of(JPEG, boot_id=2))
    assert [frame.boot_id for frame in frames] == [1, 2]


def test_cameras_do_not_touch_each_other() -> None:
    assembler = Assembler()
    other = jpeg_of(3000, seed=1)
    for here, there in zip(chunks_of(JPEG)[:2], chunks_of(other)[:2], strict=True):
        assert assembler.add("door-1", here, 0.0) is None
        assert assembler.add("door-2", there, 0.0) is None
    ends = [assembler.add("door-1", chunks_of(JPEG)[2], 0.0), assembler.add("door-2", chunks_of(other)[2], 0.0)]
    assert [frame.jpeg for frame in ends if frame] == [JPEG, other]


def test_a_frame_that_is_not_whole_after_five_seconds_is_dropped() -> None:
    assembler = Assembler()
    feed(assembler, chunks_of(JPEG)[:2], now_ms=0.0)
    assert assembler.expire(5000.0) == 0
    assert assembler.expire(5001.0) == 1
    assert (assembler.open_frames, assembler.open_bytes) == (0, 0)
    assert assembler.counts == {"expired": 1}


def test_a_chunk_that_comes_too_late_completes_nothing() -> None:
    assembler = Assembler()
    *before, last = chunks_of(JPEG)
    feed(assembler, before, now_ms=0.0)
    assert assembler.add("door-1", last, 5001.0) is None
    assert assembler.counts == {"expired": 1}


def test_a_clock_that_was_set_back_leaves_no_frame_open() -> None:
    assembler = Assembler()
    feed(assembler, chunks_of(JPEG)[:2], now_ms=10_000_000.0)
    assert assembler.expire(0.0) == 1


def test_a_newer_whole_frame_drops_older_ones_that_are_open() -> None:
    assembler = Assembler()
    feed(assembler, chunks_of(JPEG, frame_id=1)[:2])
    assert len(feed(assembler, chunks_of(JPEG, frame_id=2))) == 1
    assert (assembler.open_frames, assembler.counts) == (0, {"superseded": 1})


def test_an_older_whole_frame_leaves_a_newer_one_open() -> None:
    assembler = Assembler()
    feed(assembler, chunks_of(JPEG, frame_id=2)[:2])
    feed(assembler, chunks_of(JPEG, frame_id=1))
    assert len(feed(assembler, chunks_of(JPEG, frame_id=2)[2:])) == 1


def test_a_whole_frame_after_a_reboot_drops_what_the_boot_before_left_open() -> None:
    assembler = Assembler()
    feed(assembler, chunks_of(JPEG, boot_id=9, frame_id=50)[:2], now_ms=0.0)
    feed(assembler, chunks_of(JPEG, boot_id=4, frame_id=1), now_ms=1.0)
    assert assembler.counts == {"superseded": 1}


def test_a_live_frame_does_not_drop_one_that_is_sent_again() -> None:
    assembler = Assembler()
    resent = chunks_of(JPEG, frame_id=1, flags=wire.RESENT)
    feed(assembler, resent[:2])
    feed(assembler, chunks_of(JPEG, frame_id=2))
    assert len(feed(assembler, resent[2:])) == 1


def test_a_third_open_frame_of_a_camera_drops_its_oldest() -> None:
    assembler = Assembler()
    for frame_id in (1, 2, 3):
        feed(assembler, chunks_of(JPEG, frame_id=frame_id)[:1])
    assert (assembler.open_frames, assembler.counts) == (2, {"crowded": 1})
    assert feed(assembler, chunks_of(JPEG, frame_id=1)[1:]) == []


def test_two_interleaved_frames_are_both_delivered() -> None:
    assembler = Assembler()
    one, two = chunks_of(JPEG, frame_id=1), chunks_of(jpeg_of(3000, seed=2), frame_id=2)
    mixed = [chunk for pair in zip(one, two, strict=True) for chunk in pair]
    assert [frame.frame_id for frame in feed(assembler, mixed)] == [1, 2]


def test_all_cameras_together_stay_below_the_memory_limit() -> None:
    assembler = Assembler()
    chunk = chunks_of(jpeg_of(512 * 1024))[0]
    for number in range(200):
        assembler.add(f"door-{number}", chunk, 0.0)
        assert assembler.open_bytes <= 64 * MIB
    assert (assembler.open_frames, assembler.counts) == (128, {"memory": 72})


def test_the_camera_without_a_whole_frame_for_longest_is_forgotten_first() -> None:
    assembler = Assembler(Limits(cameras=2))
    for device, frame_id in (("door-1", 1), ("door-2", 1), ("door-1", 2), ("door-3", 1)):
        feed(assembler, chunks_of(JPEG, frame_id=frame_id), device=device)
    assert feed(assembler, chunks_of(JPEG, frame_id=2), device="door-1") == []  # still known: `late`
    assert len(feed(assembler, chunks_of(JPEG), device="door-2")) == 1


def test_forgetting_a_camera_frees_its_open_frames() -> None:
    assembler = Assembler(Limits(cameras=1))
    feed(assembler, chunks_of(JPEG)[:1], device="door-1")
    feed(assembler, chunks_of(JPEG), device="door-2")
    assert (assembler.open_frames, assembler.open_bytes, assembler.counts) == (0, 0, {"forgotten": 1})


def test_only_so_many_delivered_frames_are_remembered() -> None:
    assembler = Assembler(Limits(delivered=3))
    for frame_id in (1, 2, 3, 4):
        feed(assembler, chunks_of(JPEG, frame_id=frame_id))
    assert feed(assembler, chunks_of(JPEG, frame_id=2)) == []
    assert len(feed(assembler, chunks_of(JPEG, frame_id=1))) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("motion_id", 5),
        ("crc32", 1),
        ("captured_ms", 9),
        ("flags", wire.LAST),
        ("total", 3001),
        ("chunk_size", 1025),
    ],
)
def test_a_header_that_differs_from_the_first_chunks_is_refused_and_the_frame_goes_on(field: str, value: int) -> None:
    assembler = Assembler()
    first, second, third = chunks_of(JPEG)
    lie = changed(second, **{field: value})
    lie = lie[: wire.HEADER_SIZE + 1025] if field != "chunk_size" else lie + b"x"
    assembler.add("door-1", first, 0.0)
    assert refusal(assembler, lie) == "mismatch"
    assert len(feed(assembler, [second, third])) == 1


def test_a_live_chunk_does_not_disturb_the_same_frame_being_sent_again() -> None:
    assembler = Assembler()
    resent = chunks_of(JPEG, flags=wire.RESENT)
    feed(assembler, resent[:2])
    assert refusal(assembler, chunks_of(JPEG)[0]) == "mismatch"
    assert len(feed(assembler, resent[2:])) == 1


def test_a_wrong_crc_is_refused_and_the_frame_may_be_sent_again() -> None:
    assembler = Assembler()
    *before, last = chunks_of(JPEG)
    feed(assembler, before)
    assert refusal(assembler, last[:-1] + b"?") == "crc"
    assert len(feed(assembler, chunks_of(JPEG, flags=wire.RESENT))) == 1


@pytest.mark.parametrize("data", [b"GIF89a" + bytes(50), bytes(50), b"\xff\xd8" + bytes(50), bytes(50) + b"\xff\xd9"])
def test_a_whole_frame_that_is_no_jpeg_is_refused_by_name(data: bytes) -> None:
    assembler = Assembler()
    (chunk,) = chunks_of(data, boot_id=3, frame_id=4, motion_id=5)
    with pytest.raises(NotJpeg) as caught:
        assembler.add("door-1", chunk, 0.0)
    assert (str(caught.value.key), caught.value.motion_id) == ("door-1/00000003/4", 5)
    assert assembler.counts == {"not_jpeg": 1}


def test_a_broken_header_is_refused_before_anything_is_kept() -> None:
    assembler = Assembler()
    assert refusal(assembler, b"PX" + chunks_of(JPEG)[0][2:]) == "magic"
    assert refusal(assembler, changed(chunks_of(JPEG)[0], total=512 * 1024 + 1)) == "total"
    assert (assembler.open_bytes, assembler.counts) == (0, {"magic": 1, "total": 1})
