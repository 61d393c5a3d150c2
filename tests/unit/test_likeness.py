"""Which unknown faces are shown as one stranger."""

import numpy as np

from hub.faces import PhotoAnalysis
from hub.likeness import Likeness, group, overlap
from hub.metrics import Metrics
from hub.model import Analysis, Box, Face, Quality, Skip
from hub.payloads import LikenessFace, LikenessRequest
from hub.recognizer import Recognizer
from hub.store.pictures import MemoryPictures
from hub.tracks import Tracks

REACH = 0.45
HERE = Box(10, 50, 50, 10)
FINE = Quality(120, 100.0, 120.0, 0.1, 0.9)


def near(axis: int, off: float = 0.0) -> np.ndarray:
    vector = np.zeros(128, np.float32)
    vector[axis] = 1
    vector[100] = off
    return vector


def test_faces_near_each_other_are_one_group_and_the_largest_comes_first() -> None:
    assert group([near(1), near(2), near(2, 0.2), None], REACH) == [[1, 2], [0], [3]]


def test_a_chain_of_likenesses_does_not_pull_everybody_into_one_group() -> None:
    chain = [near(1, step * REACH * 0.9) for step in range(6)]
    assert len(group(chain, REACH)) > 1


def test_no_faces_make_no_groups() -> None:
    assert group([], REACH) == []


def test_boxes_overlap_by_their_shared_part() -> None:
    assert overlap(HERE, HERE) == 1
    assert overlap(HERE, Box(10, 90, 50, 50)) == 0
    assert overlap(HERE, Box(10, 70, 50, 30)) == 1 / 3


async def test_each_picture_is_looked_at_once_and_only_the_asked_face_counts() -> None:
    looked = []

    async def look(jpeg: bytes, skip: Skip) -> Analysis:
        looked.append(jpeg)
        other = Face(Box(200, 250, 250, 200), FINE, None, near(9))
        return Analysis(640, 480, (other, Face(HERE, FINE, None, near(1))))

    pictures = MemoryPictures()
    pictures.put("results/a.jpg", b"a")
    engines = [Recognizer(engine_id, Tracks(1.0), look, nobody) for engine_id in ("dlib-1", "dlib-2")]
    likeness = Likeness(pictures, lambda: engines[0], Metrics())
    faces = [LikenessFace(picture="results/a.jpg", box=box) for box in (HERE.as_list(), [0, 30, 9, 20])]
    for _ in range(2):
        assert (await likeness.groups(LikenessRequest(faces=faces))).groups == [[0], [1]]
    assert looked == [b"a", b"a"]
    engines.pop(0)  # encodings of two engines can't be compared
    await likeness.groups(LikenessRequest(faces=faces[:1]))
    assert len(looked) == 3


async def nobody(photo: bytes) -> PhotoAnalysis:
    raise AssertionError("nobody is enrolled here")
