import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.simulator.link import HOLD_MS, Faults, Link

CHUNKS = [bytes([number]) for number in range(40)]


def sent(faults: Faults, qos: int = 0, seed: int = 1) -> list[bytes]:
    return [chunk for chunk, _ in Link(faults, seed).send(CHUNKS, qos, 0.0)]


def test_a_good_link_changes_nothing() -> None:
    assert sent(Faults()) == CHUNKS


def test_some_chunks_are_lost() -> None:
    arrived = sent(Faults(loss=0.3))
    assert 0 < len(arrived) < len(CHUNKS)
    assert arrived == [chunk for chunk in CHUNKS if chunk in arrived]


def test_nothing_is_lost_at_qos_1() -> None:
    assert sent(Faults(loss=0.9), qos=1) == CHUNKS


def test_some_chunks_come_twice() -> None:
    arrived = sent(Faults(duplicates=0.3))
    assert len(arrived) > len(CHUNKS)
    assert sorted(set(arrived)) == CHUNKS


def test_some_chunks_come_out_of_order() -> None:
    arrived = sent(Faults(reorder=0.3))
    assert arrived != CHUNKS
    assert sorted(arrived) == CHUNKS


def test_the_same_seed_strikes_the_same_chunks() -> None:
    faults = Faults(loss=0.2, duplicates=0.2, reorder=0.2)
    assert sent(faults, seed=5) == sent(faults, seed=5) != sent(faults, seed=6)


def test_two_frames_are_mixed_each_in_its_own_order() -> None:
    link = Link(Faults(interleave=1.0), seed=1)
    first, second = CHUNKS[:20], CHUNKS[20:]
    assert link.send(first, 0, 0.0) == []
    mixed = [chunk for chunk, _ in link.send(second, 0, 100.0)]
    assert mixed != CHUNKS
    assert [chunk for chunk in mixed if chunk in first] == first
    assert [chunk for chunk in mixed if chunk in second] == second


def test_a_frame_waits_only_so_long_for_another_one() -> None:
    link = Link(Faults(interleave=1.0), seed=1)
    link.send(CHUNKS, 0, 1000.0)
    assert link.due_ms == 1000.0 + HOLD_MS
    assert link.due(1000.0) == []
    assert [chunk for chunk, _ in link.due(1000.0 + HOLD_MS)] == CHUNKS
    assert link.due_ms == float("inf")


def test_a_truncated_jpeg_still_has_its_markers() -> None:
    jpeg = b"\xff\xd8" + random.Random(1).randbytes(5000) + b"\xff\xd9"
    damaged = Link(Faults(truncate=1.0), seed=1).damaged(jpeg)
    assert len(damaged) < len(jpeg) // 2 + 3
    assert (damaged[:2], damaged[-2:]) == (b"\xff\xd8", b"\xff\xd9")


def test_a_jpeg_is_left_alone_without_truncation() -> None:
    assert Link(Faults(), seed=1).damaged(b"\xff\xd8\xff\xd9") == b"\xff\xd8\xff\xd9"


@pytest.mark.parametrize("kind", ["reboot", "outage"])
def test_incidents_strike_about_as_often_as_said(kind: str) -> None:
    link = Link(Faults(reboots=6.0) if kind == "reboot" else Faults(outages=6.0), seed=1)
    struck = [link.incident(ms) for ms in range(0, 60_000 * 60, 100)]
    assert set(struck) == {None, kind}
    assert 280 < struck.count(kind) < 440


@given(st.integers(0, 100), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_whatever_strikes_only_chunks_that_were_sent_arrive(
    seed: int, loss: float, duplicates: float, reorder: float
) -> None:
    arrived = sent(Faults(loss=loss, duplicates=duplicates, reorder=reorder, interleave=0.0), seed=seed)
    assert set(arrived) <= set(CHUNKS)
    assert len(arrived) <= 2 * len(CHUNKS)
