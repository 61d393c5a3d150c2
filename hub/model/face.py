"""Faces in a picture, as the engine sees them, and whom they are taken for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hub.model.outcome import Outcome, Reason

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Box:
    """A face's place in pixels of the frame."""

    top: int
    right: int
    bottom: int
    left: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def as_list(self) -> list[int]:
        """[top, right, bottom, left], the contract's order."""
        return [self.top, self.right, self.bottom, self.left]


@dataclass(frozen=True, slots=True)
class Quality:
    """What was measured of a face: the figures that the quality gate judges.

    `size_px` is the side of the face's box, `sharpness` the least variance of the second difference
    along four directions of the aligned face, as if its mean grey were 120, `brightness` that mean
    0…255, `turn` how far the nose is off the middle between the eyes (0 frontal, 1 profile), `score`
    the detector's confidence 0…1. `strength` is how much the second encoder made of the face (most lie
    at 10…15; caps, sunglasses, hands and profiles make it small), None where it wasn't asked.
    """

    size_px: int
    sharpness: float
    brightness: float
    turn: float
    score: float
    strength: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face that was found. `vector` is its encoding, None where it wasn't made.

    With `reason` and no vector, the quality gate refused the face. With both, the face is fit to be
    recognized, but too poor for its owner to be called a stranger. With neither, the second encoder was
    left out (see Skip): `part` is the first encoder's part of the encoding, and `settled` the place in
    `Skip.settled` of the face that this one is again; without it, the face is far from everybody.
    """

    box: Box
    quality: Quality
    reason: Reason | None = None
    vector: Vector | None = None
    part: Vector | None = None
    settled: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """A face that is decided already: where it was seen last, and its encoding (or that of its track)."""

    box: Box
    vector: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Skip:
    """Which faces the engine need not encode whole: what it is told with a frame.

    A face that lies where a settled one was, and is like it to the first encoder, is that one again. A
    face that the first encoder puts farther than `far` from all of `people` (float32 [n, 128], the first
    encoder's part of their templates) is a stranger; without people nobody is ruled out. Engines of one
    encoder take no notice.
    """

    settled: tuple[Settled, ...] = ()
    people: Vector | None = None
    far: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What the face engine saw in one picture; `ms` by stage: decode, detect, encode."""

    width: int
    height: int
    faces: tuple[Face, ...]
    ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """`looks` at one face: the mean of the encodings, and their mean squared distance from it (`scatter`).

    `burst` says that more looks may follow: each is one more try at being taken for somebody.
    """

    vector: Vector
    scatter: float = 0.0
    looks: int = 1
    burst: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """Whom a face is taken for. `distance` to the nearest person, `margin` to the second; None without people.

    `score` is the share of strangers who come as near to anybody: the smaller, the surer.
    """

    outcome: Outcome
    person_id: str | None = None
    distance: float | None = None
    margin: float | None = None
    score: float | None = None
