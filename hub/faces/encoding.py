"""How the encoders' parts make one vector, and which faces the second encoder is spared. Pure.

Each part is brought to one length, since how long an encoding is says how clear the picture is, not who is
in it. The squared distance of two vectors is then the sum of both encoders' squared distances, so that
gallery, matcher and store take them for one. Weights from 0.5 to 1.5 for dlib's part measured the same
(docs/accuracy.md); these lengths leave dlib's distances on the scale that face_recognition's users know.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np
import numpy.typing as npt

from hub.model import Box, Skip, Vector

Matrix = npt.NDArray[np.float32]

BOTH = "dlib+sface"
ENCODERS = (BOTH, "dlib", "sface")
PART = 128  # components of either encoder's part; dlib's come first
DLIB_LENGTH = 1.42  # the average of dlib's encodings as they are

# A face is a settled one again when it moved by less than so many of its sides, and didn't grow or shrink by
# more than so much, and when dlib's parts are so near.
MAX_MOVE = 1.0
MAX_GROWTH = 2.0
SAME_FACE = 0.45


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A face's `vector` and strength; or, where the second encoder was spared, dlib's `part` alone and why.

    `settled` is the place in `Skip.settled`; None with a part means that the face is far from everybody.
    """

    vector: Vector | None = None
    strength: float | None = None
    part: Vector | None = None
    settled: int | None = None


def scaled(vectors: Matrix, length: float) -> Matrix:
    """Vectors [n, d] brought to one length; one without a direction stays as it is."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    factors = length / np.where(lengths > 0, lengths, length)
    return vectors * factors.astype(np.float32)


def spare(boxes: Sequence[Box], parts: Matrix, skip: Skip) -> dict[int, int | None]:
    """Which faces need no second encoder: a face's place -> its place in `skip.settled`, or None where it is far."""
    spared: dict[int, int | None] = {}
    if skip.people is not None and len(skip.people):
        squares = _squares(parts, skip.people)
        spared.update(dict.fromkeys(np.flatnonzero(squares.min(1) > skip.far**2).tolist()))
    return spared | _again(boxes, parts, skip)


def _again(boxes: Sequence[Box], parts: Matrix, skip: Skip) -> dict[int, int | None]:
    """The faces that are settled ones again; each settled face is given once, to the one most like it."""
    if not skip.settled:
        return {}
    squares = _squares(parts, np.stack([settled.vector[:PART] for settled in skip.settled]))
    for face, box in enumerate(boxes):
        for place, settled in enumerate(skip.settled):
            if not _near(box, settled.box):
                squares[face, place] = np.inf
    found: dict[int, int | None] = {}
    while squares.size and squares.min() <= SAME_FACE**2:
        face, place = (int(at) for at in np.unravel_index(squares.argmin(), squares.shape))
        found[face] = place
        squares[face] = squares[:, place] = np.inf
    return found


def _near(one: Box, other: Box) -> bool:
    sides = (max(1, one.width, one.height), max(1, other.width, other.height))
    down = (one.top + one.bottom - other.top - other.bottom) / 2
    across = (one.left + one.right - other.left - other.right) / 2
    return max(sides) <= MAX_GROWTH * min(sides) and hypot(down, across) <= MAX_MOVE * sum(sides) / 2


def _squares(these: Matrix, those: Matrix) -> Matrix:
    squares: Matrix = np.square(these).sum(1)[:, None] + np.square(those).sum(1) - 2 * these @ those.T
    return squares
