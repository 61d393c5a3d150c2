"""Whose frame is looked at next, and whose camera is told `busy`."""

import asyncio
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
