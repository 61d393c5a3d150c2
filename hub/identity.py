"""Face → person: nearest neighbour among the people's mean encodings, a limit on the distance, and a margin.

Why a margin: the more people are enrolled, the nearer is a stranger to somebody by chance. A bare limit
that is safe for ten people names one stranger in three among a hundred. How far the second person is
tells how crowded the place is where a face fell, so that `2*d1 - d2` keeps strangers out at any size of
the gallery.

Why one length: how long an encoding is says how clear the picture is, not who is in it. Brought to the
same length, a fifth fewer people are missed at the same rate of strangers who are let in (both measured
in docs/accuracy.md).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hub.errors import StoreCorrupt
from hub.model import Match, Outcome, Template, Vector

MAX_DISTANCE = 0.50
MAX_MARGIN_SCORE = 0.36
LENGTH = 1.42  # the average of dlib's encodings, so that distances keep the scale that face_recognition's users know

_BLOCK_FLOATS = 1 << 24  # of the distance table that `match_all` holds at once: 64 MiB

Matrix = npt.NDArray[np.float32]


class Gallery:
    """The people who can be recognized. Never changes; when people change a new one is made.

    `templates` may come in any order; all must be of one engine. Every encoding is brought to one length.
    A person's row is the plain mean of theirs and is left as short as it is: bringing it back to that
    length makes no measurable difference.
    """

    def __init__(
        self,
        templates: Sequence[Template],
        max_distance: float = MAX_DISTANCE,
        max_margin_score: float = MAX_MARGIN_SCORE,
    ) -> None:
        """Raises StoreCorrupt for a template that is no vector of finite numbers."""
        self.max_distance = max_distance
        self.max_margin_score = max_margin_score
        self.person_ids, self._rows = _means(templates)
        self._half_squares: Matrix = np.einsum("pi,pi->p", self._rows, self._rows) / 2

    def __len__(self) -> int:
        return len(self.person_ids)

    def match(self, vector: Vector) -> Match:
        """Whom an encoding [d] is taken for."""
        if not self.person_ids:
            return Match(Outcome.UNKNOWN)
        # |row - q|² = |row|² - 2 row·q + |q|²; what is the same for all rows is left out.
        vector = _scaled(vector)
        return self._decide(vector, self._half_squares - self._rows @ vector)

    def match_all(self, vectors: Matrix) -> list[Match]:
        """`match` for many encodings [n, d], at the cost of few passes over the gallery."""
        if not self.person_ids:
            return [Match(Outcome.UNKNOWN)] * len(vectors)
        vectors = _scaled(vectors)
        matches: list[Match] = []
        step = max(1, _BLOCK_FLOATS // len(self.person_ids))
        for start in range(0, len(vectors), step):
            block = vectors[start : start + step]
            scores = self._half_squares - block @ self._rows.T
            matches.extend(self._decide(*pair) for pair in zip(block, scores, strict=True))
        return matches

    def nearest(self, vector: Vector) -> tuple[str, float] | None:
        """The nearest person and the distance, however far; None without people."""
        if not self.person_ids:
            return None
        vector = _scaled(vector)
        row = int(np.argmin(self._half_squares - self._rows @ vector))
        return self.person_ids[row], self._distance(row, vector)

    def _decide(self, vector: Vector, scores: Matrix) -> Match:
        """Hold the nearest two people against both limits. `scores` is used up.

        With one person there is no second to be mixed up with: the distance alone decides.
        """
        first = int(np.argmin(scores))
        distance = self._distance(first, vector)
        margin = None
        if len(self.person_ids) > 1:
            scores[first] = np.inf
            margin = max(0.0, self._distance(int(np.argmin(scores)), vector) - distance)
        if not distance <= self.max_distance:
            return Match(Outcome.UNKNOWN, None, distance, margin)
        # 2*d1 - d2 is d1 less the margin.
        crowded = margin is not None and distance - margin > self.max_margin_score
        outcome = Outcome.UNCERTAIN if crowded else Outcome.RECOGNIZED
        return Match(outcome, self.person_ids[first], distance, margin)

    def _distance(self, row: int, vector: Vector) -> float:
        return float(np.linalg.norm(self._rows[row] - vector))


def _scaled(vectors: Matrix) -> Matrix:
    """Vectors [..., d] brought to one length; one without a direction stays as it is."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    factors = LENGTH / np.where(lengths > 0, lengths, LENGTH)
    return vectors * factors.astype(np.float32)


def _means(templates: Sequence[Template]) -> tuple[tuple[str, ...], Matrix]:
    """The people's ids, in order, and the mean of each one's vectors [people, d]."""
    if not templates:
        return (), np.empty((0, 0), np.float32)
    try:
        vectors = np.stack([template.vector for template in templates]).astype(np.float32, copy=False)
    except ValueError:
        raise StoreCorrupt("Templates of different sizes are stored under one engine.") from None
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise StoreCorrupt("A stored template is no vector of finite numbers.")
    vectors = _scaled(vectors)
    people, place = np.unique([template.person_id for template in templates], return_inverse=True)
    order = np.argsort(place, kind="stable")
    counts = np.bincount(place)
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    means: Matrix = np.add.reduceat(vectors[order], starts, axis=0)
    means /= counts[:, None].astype(np.float32)
    return tuple(people.tolist()), means
