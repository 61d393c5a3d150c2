"""Which photos are taken, whom they look like, and what is missing."""

import numpy as np
import pytest

from hub.calibration import FPIR
from hub.enrol import DUPLICATE, judge, missing
from hub.faces import PhotoAnalysis
from hub.identity import Gallery
from hub.model import Quality, Template, Vector

FINE = Quality(120, 100.0, 120.0, 0.1, 0.9)


def at(distance: float) -> Vector:
    return np.array([distance, 0, 0], np.float32)


OTHERS = Gallery([Template("ada", "1", "e", at(0))])


def photo(distance: float) -> PhotoAnalysis:
    return PhotoAnalysis(b"", 1, FINE, None, (at(distance), at(distance)))


@pytest.mark.parametrize(
    ("share", "accepted", "looks_like"),
    [(DUPLICATE / 2, False, None), (DUPLICATE * 2, True, "ada"), (FPIR * 0.9, True, "ada"), (FPIR * 1.1, True, None)],
)
def test_how_near_a_photo_is_to_somebody_else_decides(share, accepted, looks_like):
    verdict = judge("1.jpg", photo(OTHERS.law.limit(share)), OTHERS)
    assert (verdict.accepted, verdict.looks_like) == (accepted, looks_like)
    assert verdict.duplicate_of == (None if accepted else "ada")


def test_a_duplicate_is_taken_when_somebody_made_sure_and_says_whom_it_looks_like():
    verdict = judge("1.jpg", photo(0.0), OTHERS, allow_duplicate=True)
    assert (verdict.accepted, verdict.looks_like) == (True, "ada")


def test_the_first_person_looks_like_nobody():
    assert judge("1.jpg", photo(0.0), Gallery([])).looks_like is None


def photos(*distances: float, mirrored: float = 0.1) -> list[Template]:
    """For each photo its vector, and its mirror image's a little off."""
    pairs = [(number, [at(each), at(each) + np.float32(mirrored)]) for number, each in enumerate(distances)]
    return [Template("ada", str(number), "e", vector) for number, pair in pairs for vector in pair]


@pytest.mark.parametrize("count", [1, 2])
def test_few_photos_are_told(count):
    (sentence,) = missing(photos(*(0.5 * number for number in range(count))))
    assert sentence.startswith(f"3 photos are advised and there are {count}")


def test_photos_that_are_nearly_the_same_are_told():
    (sentence,) = missing(photos(0.0, 0.01, 0.02))
    assert "nearly the same" in sentence


def test_three_varied_photos_are_enough():
    assert missing(photos(0.0, 0.01, 0.5)) == []
