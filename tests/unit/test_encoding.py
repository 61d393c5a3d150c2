"""The parts of an encoding, and which faces the second encoder is spared."""

import numpy as np
import pytest

from hub.faces.encoding import DLIB_LENGTH, PART, scaled, spare
from hub.model import Box, Settled, Skip, Vector

HERE = Box(100, 200, 200, 100)


def moved(down: int = 0, across: int = 0) -> Box:
    return Box(HERE.top + down, HERE.right + across, HERE.bottom + down, HERE.left + across)


def part(axis: int, towards: int = 0, share: float = 0.0) -> Vector:
    vector = np.zeros((1, PART), np.float32)
    vector[0, axis] = 1 - share
    vector[0, towards] += share
    return scaled(vector, DLIB_LENGTH)[0]


def settled(axis: int, box: Box = HERE) -> Settled:
    return Settled(box, np.concatenate((part(axis), np.full(PART, 0.1, np.float32))))


def parts(*vectors: Vector) -> np.ndarray:
    return np.stack(vectors)


def test_vectors_are_brought_to_one_length_and_keep_their_direction() -> None:
    vectors = np.array([[3.0, 4.0], [0.0, 0.5], [0.0, 0.0]], np.float32)
    assert scaled(vectors, 2.0).tolist() == [pytest.approx([1.2, 1.6]), [0, 2], [0, 0]]


def test_without_people_and_settled_faces_nobody_is_spared() -> None:
    assert spare([HERE], parts(part(0)), Skip()) == {}


def test_a_face_far_from_all_people_is_spared() -> None:
    skip = Skip(people=parts(part(0), part(1)), far=0.65)
    assert spare([HERE, moved(300), moved(600)], parts(part(0), part(2), part(1, 2, 0.1)), skip) == {1: None}


def test_an_empty_gallery_rules_nobody_out() -> None:
    assert spare([HERE], parts(part(0)), Skip(people=np.empty((0, PART), np.float32), far=0.65)) == {}


def test_a_settled_face_is_known_again_near_where_it_was() -> None:
    skip = Skip((settled(3),))
    assert spare([moved(30, -50)], parts(part(3, 4, 0.1)), skip) == {0: 0}


@pytest.mark.parametrize("box", [moved(0, 150), moved(-150), Box(50, 350, 300, 100), Box(140, 160, 160, 140)])
def test_a_face_elsewhere_or_of_another_size_is_encoded_again(box: Box) -> None:
    assert spare([box], parts(part(3)), Skip((settled(3),))) == {}


def test_another_face_in_the_same_place_is_encoded() -> None:
    assert spare([HERE], parts(part(4)), Skip((settled(3),))) == {}


def test_a_settled_face_is_one_face_only_the_most_like_it() -> None:
    skip = Skip((settled(3),))
    found = spare([moved(20), HERE], parts(part(3), part(3, 4, 0.15)), skip)
    assert found == {0: 0}


def test_two_settled_faces_side_by_side_keep_apart() -> None:
    skip = Skip((settled(3), settled(5, moved(0, 60))))
    assert spare([moved(0, 60), HERE], parts(part(3), part(5)), skip) == {0: 0, 1: 1}


def test_a_settled_face_is_not_called_far() -> None:
    skip = Skip((settled(3),), people=parts(part(0)), far=0.65)
    assert spare([HERE], parts(part(3)), skip) == {0: 0}
