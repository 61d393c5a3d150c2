"""Face → person: the nearest of the people's mean encodings, and how sure that is.

The more people are enrolled, the nearer is a stranger to somebody by chance. So the limit is no fixed
distance: `Law` says which share of strangers comes as near, and a face is recognized when that share is
under the wanted one (FPIR). What is up to BAND times as likely for a stranger is `uncertain`: half of
the people whom the strict limit misses are found there, and a person can confirm.

Between two people the margin decides. It gains nothing against strangers once the limit is right
(docs/accuracy.md), but it tells look-alikes apart; see `clear_margin`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hub import calibration
from hub.calibration import FPIR, PRIORS, Law, Prior
from hub.errors import StoreCorrupt
from hub.model import RANK, Evidence, Match, Negative, Outcome, Template, Vector
from hub.tracks import SCATTER

BAND = 10.0  # times the wanted FPIR: up to there a face is uncertain
OTHER_GROUP = 10.0  # times surer must be who isn't of the groups that a camera serves
TRIES = 2.0  # looks of a burst count as so many tries: how much oftener one of them names a stranger
CONFUSED = 2.75  # standard deviations: 0.3 % of a look-alike's photos lie as far over on the other's side
DRIFT = 0.2  # of the way to their nearest neighbour that photos of a person lie off their template

_BLOCK_FLOATS = 1 << 24  # of the distance table that `match_all` holds at once: 64 MiB

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Limits:
    """When a face is near enough: the wanted FPIR, or a fixed greatest distance in its place."""

    fpir: float = FPIR
    max_distance: float | None = None


@dataclass(frozen=True, slots=True)
class Alike:
    """Two people who are too near to each other; `score` is the share of strangers who are as near to anybody."""

    first: str
    second: str
    distance: float
    score: float


class Gallery:
    """The people who can be recognized. Never changes; when people change a new one is made.

    `templates` may come in any order; all must be of one engine, whose encoding `prior` describes.
    A person's row is the plain mean of theirs and is left as short as it is: bringing it back to their
    length makes no measurable difference.
    """

    def __init__(
        self,
        templates: Sequence[Template],
        prior: Prior = PRIORS["dlib"],
        limits: Limits = Limits(),
        *,
        groups: Mapping[str, str] | None = None,
        negatives: Sequence[Negative] = (),
        law: Law | None = None,
    ) -> None:
        """`groups` names the group of each person; `law` is one that is known to fit, as it takes time to find.

        Raises StoreCorrupt for a template that is no finite vector.
        """
        self.prior = prior
        self.limits = limits
        self._groups = groups or {}
        self._people = _People.of(templates)
        self.person_ids, self.rows = self._people.ids, self._people.rows
        self._half_squares: Matrix = np.einsum("pi,pi->p", self.rows, self.rows) / 2
        self._negatives = _by_person(negatives)
        self._given_law = law

    def __len__(self) -> int:
        return len(self.person_ids)

    @cached_property
    def law(self) -> Law:
        """How near strangers come to these people. A tenth of a second for 1,000 of them; asked for, it is kept."""
        if self._given_law is not None:
            return self._given_law
        people = self._people
        averaged = float(np.mean(1 - 1 / people.photos)) if len(self) else 0.0
        return calibration.law_of(people.vectors, people.person, people.rows, self.prior, averaged)

    @property
    def fewest_photos(self) -> int:
        """How many photos everybody has at least; 0 without people."""
        return int(self._people.photos.min()) if len(self) else 0

    @property
    def max_distance(self) -> float:
        """The distance up to which a single look is recognized."""
        fixed = self.limits.max_distance
        return self.law.limit(self.limits.fpir) if fixed is None else fixed

    @cached_property
    def alike(self) -> tuple[Alike, ...]:
        """Everybody who may be taken for somebody else, the nearest first. Seconds for 10,000 people; then kept."""
        people = self._people
        pairs = calibration.look_alikes_of(people.vectors, people.person, people.rows, self.max_distance)
        return tuple(self._alike(pair.first, pair.second, pair.distance) for pair in pairs)

    def alike_to(self, person_id: str) -> tuple[Alike, ...]:
        """Whom one person may be taken for, and who for them, the nearest first."""
        people = self._people
        if person_id not in self.person_ids:
            return ()
        own = self.person_ids.index(person_id)
        squares = np.full(len(self), np.inf)
        for vector in people.vectors[people.person == own]:
            squares = np.minimum(squares, ((self.rows - vector) ** 2).sum(1))
        np.minimum.at(squares, people.person, ((people.vectors - self.rows[own]) ** 2).sum(1))
        squares[own] = np.inf
        near = np.flatnonzero(squares <= self.max_distance**2)
        found = [self._alike(own, int(row), float(np.sqrt(squares[row]))) for row in near]
        return tuple(sorted(found, key=lambda pair: pair.distance))

    def _alike(self, first: int, second: int, distance: float) -> Alike:
        return Alike(self.person_ids[first], self.person_ids[second], distance, self.law.fpir(distance))

    def match(self, seen: Evidence, groups: frozenset[str] = frozenset()) -> Match:
        """Whom a face is taken for, at a camera that serves `groups` (none: everybody alike)."""
        if not self.person_ids:
            return Match(Outcome.UNKNOWN)
        # |row - q|² = |row|² - 2 row·q + |q|²; what is the same for all rows is left out.
        return self._decide(seen, self._half_squares - self.rows @ seen.vector, groups)

    def match_all(self, vectors: Matrix) -> list[Match]:
        """`match` for many single looks [n, d], at the cost of few passes over the gallery."""
        if not self.person_ids:
            return [Match(Outcome.UNKNOWN)] * len(vectors)
        matches: list[Match] = []
        step = max(1, _BLOCK_FLOATS // len(self.person_ids))
        for start in range(0, len(vectors), step):
            block = vectors[start : start + step]
            scores = self._half_squares - block @ self.rows.T
            looks = zip(map(Evidence, block), scores, strict=True)
            matches.extend(self._decide(seen, row, frozenset()) for seen, row in looks)
        return matches

    def nearest(self, vector: Vector) -> tuple[str, float] | None:
        """The nearest person and the distance, however far; None without people."""
        if not self.person_ids:
            return None
        row = int(np.argmin(self._half_squares - self.rows @ vector))
        return self.person_ids[row], float(np.sqrt(self._square(row, vector)))

    def _decide(self, seen: Evidence, scores: Matrix, groups: frozenset[str]) -> Match:
        """Hold the nearest person against the limits, and against whoever else it may be. `scores` is used up.

        Each rule gives the best outcome that it allows; the most doubtful one holds.
        """
        first = int(np.argmin(scores))
        person_id, square = self.person_ids[first], self._square(first, seen.vector)
        distance = float(np.sqrt(square + SCATTER * seen.scatter))
        score = min(1.0, self.law.fpir(distance) * (TRIES if seen.burst else 1.0))
        at_home = not groups or self._groups.get(person_id) in groups
        allowed = [
            self._by_distance(distance, score, at_home=at_home),
            self._by_corrections(first, seen.vector, square),
        ]
        margin = None
        if len(self.person_ids) > 1:
            scores[first] = np.inf
            second = int(np.argmin(scores))
            other = self._square(second, seen.vector)
            margin = max(0.0, float(np.sqrt(other + SCATTER * seen.scatter)) - distance)
            allowed.append(self._against(self.rows[second], other, first, square))
        outcome = max(allowed, key=RANK.__getitem__)
        return Match(outcome, None if outcome is Outcome.UNKNOWN else person_id, distance, margin, score)

    def _by_distance(self, distance: float, score: float, *, at_home: bool) -> Outcome:
        fpir, fixed = self.limits.fpir, self.limits.max_distance
        if fixed is not None and not distance <= fixed:
            return Outcome.UNKNOWN
        if not at_home and score > fpir / OTHER_GROUP:
            return Outcome.UNCERTAIN if score <= fpir * BAND else Outcome.UNKNOWN
        if score <= fpir or fixed is not None:
            return Outcome.RECOGNIZED
        return Outcome.UNCERTAIN if score <= fpir * BAND else Outcome.UNKNOWN

    def _by_corrections(self, row: int, vector: Vector, square: float) -> Outcome:
        """Who is nearer to a face that was said not to be the person isn't the person; who is near it may not be."""
        allowed = Outcome.RECOGNIZED
        for denied in self._negatives.get(self.person_ids[row], ()):
            other = float(((denied - vector) ** 2).sum())
            allowed = max(allowed, self._against(denied, other, row, square), key=RANK.__getitem__)
            if other < square:
                return Outcome.UNKNOWN
        return allowed

    def _against(self, rival: Vector, rival_square: float, row: int, square: float) -> Outcome:
        apart = float(np.linalg.norm(rival - self.rows[row]))
        needed = clear_margin(apart, self.prior.noise)
        clear = needed < 0 or rival_square - square > needed
        return Outcome.RECOGNIZED if clear else Outcome.UNCERTAIN

    def _square(self, row: int, vector: Vector) -> float:
        return float(((self.rows[row] - vector) ** 2).sum())


def clear_margin(apart: float, noise: float) -> float:
    """How much farther, squared, a face must be from the second of two people to be surely the first.

    Along the line between two people `apart`, the photos of each lie around DRIFT of the way to the
    other, with the standard deviation `noise` (hub.calibration.PRIORS). So no more than 0.3 % of the
    other's photos are nearer to the first than the margin asks for. Under 0 there is nothing to ask:
    people so far apart aren't mixed up.
    """
    return apart * (2 * CONFUSED * noise - (1 - 2 * DRIFT) * apart)


@dataclass(frozen=True, slots=True, eq=False)
class _People:
    """The ids of the people in order, and the mean of each one's vectors: rows [people, d].

    `vectors` [n, d] are all templates', `person` the row of each; `photos` counts each person's.
    """

    ids: tuple[str, ...]
    rows: Matrix
    vectors: Matrix
    person: npt.NDArray[np.intp]
    photos: npt.NDArray[np.intp]

    @classmethod
    def of(cls, templates: Sequence[Template]) -> "_People":
        if not templates:
            nothing = np.empty((0, 0), np.float32)
            return cls((), nothing, nothing, np.empty(0, np.intp), np.empty(0, np.intp))
        vectors = _stacked(templates)
        ids, person = np.unique([template.person_id for template in templates], return_inverse=True)
        order = np.argsort(person, kind="stable")
        counts = np.bincount(person)
        starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
        rows: Matrix = np.add.reduceat(vectors[order], starts, axis=0)
        rows /= counts[:, None].astype(np.float32)
        photos = Counter(person_id for person_id, _ in {(each.person_id, each.photo_id) for each in templates})
        counted = np.array([photos[person_id] for person_id in ids.tolist()], np.intp)
        return cls(tuple(ids.tolist()), rows, vectors, person.astype(np.intp), counted)


def _stacked(templates: Sequence[Template]) -> Matrix:
    try:
        vectors = np.stack([template.vector for template in templates]).astype(np.float32, copy=False)
    except ValueError:
        raise StoreCorrupt("Templates of different sizes are stored under one engine.") from None
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise StoreCorrupt("A stored template is no vector of finite numbers.")
    return vectors


def _by_person(negatives: Sequence[Negative]) -> dict[str, list[Vector]]:
    found: dict[str, list[Vector]] = {}
    for negative in negatives:
        found.setdefault(negative.person_id, []).append(negative.vector)
    return found
