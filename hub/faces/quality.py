"""What makes a face fit to be judged. The thresholds are measured: docs/accuracy.md."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hub.model import Quality, Reason

Pixels = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Limits:
    """The one table of the gate."""

    min_face_px: int
    min_sharpness: float = 6.0
    min_brightness: float = 15.0
    max_brightness: float = 220.0
    max_turn: float = 0.9
    # Under this a quarter of a large gallery's people are missed, and a third of those who were enrolled with
    # such a photo alone; but hardly a stranger is named (docs/accuracy.md). So a camera's face may be
    # recognized all the same, and when it isn't, that says nothing; an enrolment photo is refused.
    min_strength: float = 10.0


def measure(chip: Pixels, points: Points, size_px: int, score: float) -> Quality:
    """The figures of a face: `chip` is the aligned face, `points` dlib's five in the picture."""
    grey = chip.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return Quality(
        size_px=size_px,
        sharpness=sharpness(grey),
        brightness=float(grey.mean()),
        turn=turn(points),
        score=min(1.0, max(0.0, score)),
    )


def sharpness(grey: npt.NDArray[np.float32]) -> float:
    """The least variance of the second difference along four directions, as if the mean grey were 120.

    A plain Laplacian takes a shaken picture for sharp: shaking blurs along one direction only. And it
    takes a dim one for blurred, for which the mean grey makes up. At half size, so that a small face
    isn't blurred for being enlarged. Along the diagonals a step is the square root of 2 longer, which
    makes the variance 4 times as large.
    """
    height, width = grey.shape[0] // 2 * 2, grey.shape[1] // 2 * 2
    half = grey[:height, :width].reshape(height // 2, 2, width // 2, 2).mean((1, 3))
    twice = 2 * half[1:-1, 1:-1]
    across = (half[1:-1, :-2] + half[1:-1, 2:] - twice).var()
    down = (half[:-2, 1:-1] + half[2:, 1:-1] - twice).var()
    falling = (half[:-2, :-2] + half[2:, 2:] - twice).var() / 4
    rising = (half[2:, :-2] + half[:-2, 2:] - twice).var() / 4
    return float(min(across, down, falling, rising)) * (120 / max(1.0, float(half.mean()))) ** 2


def turn(points: Points) -> float:
    """How far the nose is off the middle between the eyes, in half eye distances, at most 1."""
    right, left, nose = points[0:2].mean(0), points[2:4].mean(0), points[4]
    axis = right - left
    length = float(axis @ axis)
    if length == 0:
        return 1.0
    return min(1.0, abs(float((nose - (right + left) / 2) @ axis)) / length * 2)


def judge(quality: Quality, limits: Limits) -> Reason | None:
    """Why the face can't be judged, if so; the reason that a person can most easily mend comes first."""
    if quality.size_px < limits.min_face_px:
        return Reason.TOO_SMALL
    if quality.brightness < limits.min_brightness:
        return Reason.TOO_DARK
    if quality.brightness > limits.max_brightness:
        return Reason.TOO_BRIGHT
    if quality.turn > limits.max_turn:
        return Reason.TURNED_AWAY
    if quality.sharpness < limits.min_sharpness:
        return Reason.BLURRED
    return None


def is_weak(quality: Quality, limits: Limits) -> bool:
    """Whether the second encoder, if it was asked, made too little of a face: caps, sunglasses, hands, profiles."""
    return quality.strength is not None and quality.strength < limits.min_strength
