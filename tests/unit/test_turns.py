"""Whose frame is looked at next, and whose camera is told `busy`."""

import asyncio
import time
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hub.model import Frame
from hub.turns import Turns


def frame(device: str, number: int, *, resent: bool = False, size: int = 10) -> Frame:
    return Frame(device, 1, number, 0, 0, 0, b"x" * size, resent=resent)


def drain(turns: Turns) -> list[tuple[str, int]]:
    taken = []
    while (next_frame := turns.take()) is not None:
        taken.append((next_frame.device, next_frame.frame_id))
    return taken


def test_the_oldest_live_frame_of_a_camera_gives_way():
    turns = Turns(live_per_device=2)
    assert [turns.put(frame("a", n)) for n in (1, 2)] == [[], []]
    assert [lost.frame_id for lost in turns.put(frame("a", 3))] == [1]
    assert drain(turns) == [("a", 2), ("a", 3)]


def test_cameras_take_turns():
    turns = Turns(live_per_device=9)
    for n in range(3):
        turns.put(frame("loud", n))
    turns.put(frame("quiet", 0))
    assert drain(turns) == [("loud", 0), ("quiet", 0), ("loud", 1), ("loud", 2)]


def test_who_had_its_turn_longest_ago_goes_first():
    turns = Turns(live_per_device=9)
    for n in range(3):
        turns.put(frame("loud", n))
    assert turns.take() == frame("loud", 0)
    turns.put(frame("quiet", 0))  # it began to wait last, and has had no turn yet
    assert drain(turns) == [("quiet", 0), ("loud", 1), ("loud", 2)]


def test_of_several_cameras_none_takes_a_worker_for_itself():
    turns = Turns(live_per_device=9)
    for n in range(2):
        turns.put(frame("loud", n))
    turns.put(frame("quiet", 0))
    assert turns.take(10.0) == frame("loud", 0)
    assert turns.take(10.1) == frame("quiet", 0)
    turns.looked("loud", 10.0, 10.2)
    assert turns.take(10.49) is None
    assert turns.take(10.51) == frame("loud", 1)


def test_who_takes_less_than_the_others_never_rests():
    turns = Turns(live_per_device=9)
    for device in ("loud", "quiet"):
        turns.put(frame(device, 0))
        turns.take(10.0)
    for device, took_s in (("loud", 0.2), ("quiet", 0.1)):
        turns.looked(device, 10.0, 10.0 + took_s)
    turns.put(frame("quiet", 1))
    turns.put(frame("loud", 1))
    assert turns.take(10.2) == frame("quiet", 1)
    assert turns.take(10.2) is None


def test_what_a_camera_took_long_ago_is_forgotten():
    turns = Turns(live_per_device=9)
    for device, now_s, took_s in (("a", 10.0, 0.5), ("a", 30.0, 0.1), ("b", 30.0, 0.3)):
        turns.put(frame(device, int(now_s)))
        turns.take(now_s)
        turns.looked(device, now_s, now_s + took_s)
    turns.put(frame("a", 99))
    assert turns.take(30.3) == frame("a", 99)


def test_a_camera_that_is_alone_never_rests():
    turns = Turns(live_per_device=9)
    turns.put(frame("other", 0))
    turns.take(0.0)
    for n in range(2):
        turns.put(frame("alone", n))
    assert turns.take(10.0) == frame("alone", 0)
    turns.looked("alone", 10.0, 10.2)
    assert turns.take(10.2) == frame("alone", 1)


async def test_whoever_rests_is_taken_when_its_rest_is_over():
    turns = Turns()
    now_s = time.monotonic()
    for device in ("a", "b"):
        turns.put(frame(device, 1))
        turns.take(now_s)
    turns.looked("a", now_s - 0.02, now_s)
    turns.put(frame("a", 2))
    assert (await asyncio.wait_for(turns.next(), 5)).frame_id == 2
    assert time.monotonic() >= now_s + 0.03


def test_resent_frames_come_after_live_ones_in_their_order():
    turns = Turns()
    for n in (1, 2):
        turns.put(frame("a", n, resent=True))
    turns.put(frame("b", 7))
    assert drain(turns) == [("b", 7), ("a", 1), ("a", 2)]


def test_a_resent_frame_never_pushes_out_an_earlier_one():
    turns = Turns(resent_per_device=1)
    turns.put(frame("a", 1, resent=True))
    assert [lost.frame_id for lost in turns.put(frame("a", 2, resent=True))] == [2]
    assert drain(turns) == [("a", 1)]


def test_a_frame_that_does_not_fit_is_given_back():
    turns = Turns(max_bytes=100)
    turns.put(frame("a", 1, size=90))
    assert [lost.device for lost in turns.put(frame("b", 1, size=20))] == ["b"]
    assert turns.size_bytes == 90


async def test_a_waiting_worker_is_woken():
    turns = Turns()
    waiting = asyncio.create_task(turns.next())
    await asyncio.sleep(0)
    turns.put(frame("a", 1))
    assert (await asyncio.wait_for(waiting, 5)).frame_id == 1


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(1, 60)),
        ),
        max_size=60,
    )
)
def test_every_frame_is_taken_or_given_back_exactly_once(steps):
    turns = Turns(live_per_device=2, resent_per_device=3, max_bytes=150)
    seen: Counter[int] = Counter()
    put = 0
    for step in steps:
        if step is None:
            taken = turns.take()
            seen.update([] if taken is None else [taken.frame_id])
        else:
            device, resent, size = step
            put += 1
            seen.update(lost.frame_id for lost in turns.put(frame(device, put, resent=resent, size=size)))
        assert 0 <= turns.size_bytes <= 150
    seen.update(number for _, number in drain(turns))
    assert seen == Counter(range(1, put + 1))
    assert len(turns) == turns.size_bytes == 0
