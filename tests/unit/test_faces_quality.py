"""The quality gate's figures and limits, on made-up faces."""

from dataclasses import replace

import numpy as np
import pytest

from hub.faces import quality
from hub.faces.quality import Limits, judge
from hub.model import Quality, Reason

LIMITS = Limits(min_face_px=56)
FINE = Quality(size_px=120, sharpness=60.0, brightness=120.0, turn=0.1, score=0.93)

# dlib's five points: the corners of the image's right eye, of its left eye, and below the nose.
FRONTAL = np.array([[130, 60], [110, 60], [50, 60], [70, 60], [90, 100]], np.float32)


def turned(share: float) -> np.ndarray:
    """A face whose nose is off by this share of the way from the middle to an eye."""
    points = FRONTAL.copy()
    points[4, 0] += share * 30
    return points


def rotated(points: np.ndarray, degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    return points @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def texture(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(128, 40, (150, 150)).astype(np.float32)


def shaken(grey: np.ndarray, down: int, across: int, steps: int = 12) -> np.ndarray:
    moved = [np.roll(grey, (down * step, across * step), (0, 1)) for step in range(steps)]
    return np.mean(moved, 0, dtype=np.float32)


def test_a_fine_face_has_no_reason():
    assert judge(FINE, LIMITS) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"size_px": 55}, Reason.TOO_SMALL),
        ({"sharpness": 5.9}, Reason.BLURRED),
        ({"brightness": 14.0}, Reason.TOO_DARK),
        ({"brightness": 221.0}, Reason.TOO_BRIGHT),
        ({"turn": 0.95}, Reason.TURNED_AWAY),
    ],
)
def test_each_limit_has_its_reason(change, reason):
    assert judge(replace(FINE, **change), LIMITS) is reason


def test_what_lies_on_a_limit_passes():
    assert judge(Quality(56, LIMITS.min_sharpness, LIMITS.min_brightness, LIMITS.max_turn, 0.8), LIMITS) is None
    assert judge(replace(FINE, brightness=LIMITS.max_brightness), LIMITS) is None


def test_the_least_size_is_a_setting():
    assert judge(FINE, Limits(min_face_px=121)) is Reason.TOO_SMALL


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("degrees", [-40, 0, 30])
def test_turn_is_the_noses_share_of_the_way_to_an_eye_however_the_head_is_tilted(share, degrees):
    assert quality.turn(rotated(turned(share), degrees)) == pytest.approx(share, abs=1e-4)
    assert quality.turn(rotated(turned(-share), degrees)) == pytest.approx(share, abs=1e-4)


def test_turn_is_at_most_one_and_defined_for_a_face_seen_from_the_side():
    assert quality.turn(turned(3)) == 1
    edge_on = np.array([[90, 60], [90, 60], [90, 60], [90, 60], [90, 100]], np.float32)
    assert quality.turn(edge_on) == 1


@pytest.mark.parametrize(("down", "across"), [(0, 1), (1, 0), (1, 1), (1, -1)])
def test_shaking_in_any_direction_takes_sharpness_away(down, across):
    assert quality.sharpness(shaken(texture(), down, across)) < quality.sharpness(texture()) / 20


def test_dim_light_does_not_blur():
    assert quality.sharpness(texture() * np.float32(0.2)) == pytest.approx(quality.sharpness(texture()), rel=1e-3)


def test_a_plain_face_has_no_sharpness():
    assert quality.sharpness(np.full((150, 150), 90, np.float32)) == 0


def test_brightness_is_the_mean_grey():
    chip = np.zeros((150, 150, 3), np.uint8)
    chip[:75] = 200
    measured = quality.measure(chip, FRONTAL, 90, 1.3)
    assert measured.brightness == pytest.approx(100, abs=0.01)
    assert (measured.size_px, measured.score, measured.turn) == (90, 1.0, pytest.approx(0, abs=1e-6))
