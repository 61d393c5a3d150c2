"""Faces followed through a motion: whose looks are put together, and what they say."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import tracks
from hub.model import Box, Evidence, Face, FaceResult, Frame, Outcome, Quality
from hub.tracks import Tracks

REACH = 0.8
SIDE = 100


def person(number: int) -> np.ndarray:
    """The true encoding of a person: all lie √2 apart."""
    made = np.zeros(16, np.float32)
    made[number] = 1
    return made


def look(number: int, left: int = 0, *, seed: int = 0, noise: float = 0.07, strength: float | None = None) -> Face:
    vector = person(number) + np.random.default_rng(seed).normal(0, noise, 16).astype(np.float32)
    quality = Quality(SIDE, 100.0, 120.0, 0.1, 0.9, strength)
    return Face(Box(0, left + SIDE, SIDE, left), quality, None, vector)


def frame(frame_id: int, *, motion: int = 5, device: str = "door-1", at_ms: int = 1_000) -> Frame:
    return Frame(device, 7, frame_id, motion, 0, at_ms, b"")


def evidence(known: Tracks, frame_id: int, *faces: Face) -> list[Evidence]:
    return [each for each in known.add(frame(frame_id), faces) if each is not None]


def test_the_first_look_is_evidence_by_itself():
    face = look(0)
    (seen,) = evidence(Tracks(REACH), 1, face)
    assert (seen.looks, seen.burst) == (1, True)
    assert seen.scatter == pytest.approx(0, abs=1e-6)
    assert seen.vector == pytest.approx(face.vector)


def test_looks_at_one_person_are_put_together():
    known = Tracks(REACH)
    for number in range(1, 9):
        (seen,) = evidence(known, number, look(0, left=10 * number, seed=number))
    assert seen.looks == 8
    single = [float(np.linalg.norm(look(0, seed=number).vector - person(0))) for number in range(1, 9)]
    assert float(np.linalg.norm(seen.vector - person(0))) < np.mean(single) / 2


def test_the_scatter_is_how_far_looks_lie_from_their_mean():
    known = Tracks(REACH)
    one, other = look(0, seed=1), look(0, seed=2)
    evidence(known, 1, one)
    (seen,) = evidence(known, 2, other)
    assert seen.vector == pytest.approx((one.vector + other.vector) / 2, abs=1e-6)
    assert seen.scatter == pytest.approx(((one.vector - other.vector) ** 2).sum() / 4, abs=1e-5)


def test_a_look_counts_by_the_square_of_its_strength():
    known = Tracks(REACH)
    weak, strong = look(0, seed=1, strength=5.0), look(0, seed=2, strength=10.0)
    evidence(known, 1, weak)
    (seen,) = evidence(known, 2, strong)
    assert seen.vector == pytest.approx((weak.vector + 4 * strong.vector) / 5, abs=1e-6)


def test_a_frame_without_a_motion_stands_alone():
    known = Tracks(REACH)
    for number in (1, 2):
        (seen,) = known.add(frame(number, motion=0), [look(0, seed=number)])
        assert seen is not None
        assert (seen.looks, seen.burst) == (1, False)
    assert len(known) == 0


def test_a_face_without_an_encoding_is_no_evidence():
    assert Tracks(REACH).add(frame(1), [replace(look(0), vector=None)]) == [None]


def test_a_frame_that_comes_again_adds_nothing():
    known = Tracks(REACH)
    for number in (1, 2):
        (before,) = evidence(known, number, look(0, seed=number))
    (again,) = evidence(known, 1, look(0, seed=1))
    assert again.looks == 2
    assert again.vector == pytest.approx(before.vector)


def test_somebody_else_in_the_same_place_begins_a_track_of_their_own():
    known = Tracks(REACH)
    evidence(known, 1, look(0))
    (other,) = evidence(known, 2, look(1))
    assert other.looks == 1
    assert other.vector == pytest.approx(look(1).vector)


def test_somebody_alike_who_is_far_away_is_not_the_same_person():
    known = Tracks(REACH)
    evidence(known, 1, look(0))
    (other,) = evidence(known, 2, look(0, left=500))
    assert other.looks == 1


def test_somebody_of_another_size_is_not_the_same_person():
    known = Tracks(REACH)
    evidence(known, 1, look(0))
    (other,) = evidence(known, 2, replace(look(0), box=Box(0, 30, 30, 0)))
    assert other.looks == 1


def test_who_was_not_seen_for_some_frames_may_have_walked_farther():
    known = Tracks(REACH)
    evidence(known, 1, look(0))
    (seen,) = evidence(known, 3, look(0, left=500))
    assert seen.looks == 2


def test_twins_side_by_side_are_told_apart_by_their_place():
    known = Tracks(REACH)
    for number in range(1, 5):
        left, right = evidence(known, number, look(0, left=0, seed=number), look(0, left=150, seed=10 + number))
    assert (left.looks, right.looks) == (4, 4)
    assert left.vector == pytest.approx(np.mean([look(0, seed=n).vector for n in range(1, 5)], 0), abs=1e-5)


@pytest.mark.parametrize("other", [frame(2, device="door-2"), frame(2, motion=6), replace(frame(2), boot_id=8)])
def test_other_cameras_motions_and_boots_are_other_tracks(other):
    known = Tracks(REACH)
    evidence(known, 1, look(0))
    (seen,) = known.add(other, [look(0, seed=1)])
    assert seen is not None
    assert seen.looks == 1


def test_a_motion_ends_with_its_age():
    known = Tracks(REACH)
    evidence(known, 1, look(0))
    (seen,) = known.add(frame(2, at_ms=1_001 + tracks.MAX_AGE_MS), [look(0)])
    assert seen is not None
    assert seen.looks == 1
    assert len(known) == 1


def test_one_camera_can_not_push_out_the_motions_of_another():
    known = Tracks(REACH)
    evidence(known, 1, look(0))
    for motion in range(10, 10 + 3 * tracks.MAX_MOTIONS):
        known.add(frame(1, motion=motion, device="door-2"), [look(1)])
    assert len(known) == 1 + tracks.MAX_MOTIONS_DEVICE
    assert evidence(known, 2, look(0, seed=1))[0].looks == 2


def test_the_memory_is_bounded_however_many_cameras_motions_faces_and_frames_there_are(monkeypatch):
    monkeypatch.setattr(tracks, "MAX_MOTIONS", 8)
    known = Tracks(REACH)
    for number in range(20):
        known.add(frame(1, device=f"door-{number}"), [look(0)])
    assert len(known) == 8
    crowd = [look(0, left=1000 * place) for place in range(3 * tracks.MAX_TRACKS)]
    assert len(evidence(known, 1, *crowd)) == len(crowd)
    for number in range(2, 3 * tracks.MAX_FRAMES):
        seen = evidence(known, number, *crowd)
        assert all(each.looks <= tracks.MAX_FRAMES for each in seen)
    assert [each.looks for each in seen[tracks.MAX_TRACKS :]] == [1] * (2 * tracks.MAX_TRACKS)


def test_who_is_recognized_is_settled_for_the_rest_of_the_motion():
    known = Tracks(REACH)
    one, other = look(0), look(1, left=300)
    evidence(known, 1, one, other)
    known.settle(frame(1), [FaceResult(one.box, Outcome.RECOGNIZED), FaceResult(other.box, Outcome.UNKNOWN)])
    (settled,) = known.settled(frame(2))
    assert settled.box == one.box
    assert settled.vector == pytest.approx(one.vector)
    assert known.settled(frame(2, motion=6)) == ()


def test_a_settled_face_that_was_not_encoded_again_has_the_evidence_of_its_track():
    known = Tracks(REACH)
    one = look(0)
    evidence(known, 1, one)
    known.settle(frame(1), [FaceResult(one.box, Outcome.RECOGNIZED)])
    (seen,) = evidence(known, 2, replace(look(0, left=20), vector=None, settled=0))
    assert (seen.looks, seen.vector) == (1, pytest.approx(one.vector))


seeds = st.integers(0, 10_000)


@given(st.permutations(range(1, 9)), st.lists(st.booleans(), min_size=8, max_size=8), seeds)
def test_two_people_side_by_side_never_mix_in_whatever_order_frames_and_faces_come(order, swapped, seed):
    known = Tracks(REACH)
    for number in order:
        faces = [look(0, left=5 * number, seed=seed + number), look(1, left=5 * number + 110, seed=seed + 100 + number)]
        owners = [0, 1]
        if swapped[number - 1]:
            faces, owners = faces[::-1], [1, 0]
        for owner, seen in zip(owners, evidence(known, number, *faces), strict=True):
            assert float(np.linalg.norm(seen.vector - person(owner))) < float(
                np.linalg.norm(seen.vector - person(1 - owner))
            )
            assert seen.scatter < 0.4
    assert [each.looks for each in evidence(known, 1, *faces)] == [8, 8]


@given(st.permutations(range(1, 7)), st.lists(st.integers(1, 6), max_size=6), seeds)
def test_neither_order_nor_repetition_changes_what_is_known_in_the_end(order, again, seed):
    def after(numbers: list[int]) -> Evidence:
        known = Tracks(REACH)
        for number in numbers:
            (seen,) = evidence(known, number, look(0, left=10 * number, seed=seed + number, noise=0.05))
        return seen

    one, other = after(list(range(1, 7))), after([*order, *again])
    assert one.looks == other.looks == 6
    assert one.vector == pytest.approx(other.vector, abs=1e-5)
    assert one.scatter == pytest.approx(other.scatter, abs=1e-5)
