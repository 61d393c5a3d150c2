"""The limit on the distance that names a wanted share of strangers (FPIR), from the gallery's own people.

Everybody who is enrolled is a stranger to all the others: how near their photos come to the nearest other
person shows how near a stranger comes to the nearest of the gallery. A gallery is too small to count so
rare an event as one stranger in 300, so that a law is fitted: over galleries of 5 to 800 people with 1 to
5 photos, and for every encoding, the squared distance of a stranger to the nearest person followed the
smallest of ten normal draws. The law's median and spread come from the gallery, drawn towards what was
measured elsewhere while the gallery is small (docs/accuracy.md). Pure; squared distances inside.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, expm1, inf, log, log1p, sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

FPIR = 0.003  # wanted unless a site says otherwise
SAMPLED = 4000  # vectors that a law is read from
ROUNDS = 200  # of the bootstrap
INTERVAL = (0.025, 0.975)

_DRAWS = 10
_NORMAL = NormalDist()
# The spread is read from the lower half of the sample, but not from its end: twins and people enrolled
# twice under two names lie there.
_TAIL = np.array([0.05, 0.10, 0.15, 0.20, 0.25, 0.30])
# What was measured elsewhere counts as much as so many people of the gallery's own.
_MEDIAN_PEOPLE = 5
_SPREAD_PEOPLE = 100
_FEWEST_PEOPLE = 3  # with fewer there is nothing to read from the gallery
_BLOCK_FLOATS = 1 << 24


def _quantile(share: float) -> float:
    """Of the smallest of ten standard normal draws."""
    return _NORMAL.inv_cdf(-expm1(log1p(-share) / _DRAWS))


_MEDIAN = _quantile(0.5)
_UNIT = _MEDIAN - _quantile(0.1)


@dataclass(frozen=True, slots=True)
class Law:
    """How near strangers come, squared: `median`, and `spread` from there to what one in ten comes nearer than."""

    median: float
    spread: float

    def limit(self, fpir: float) -> float:
        """The distance that this share of strangers comes nearer than. 0 where no distance is safe enough."""
        return sqrt(max(0.0, self.median - self.spread * (_MEDIAN - _quantile(fpir)) / _UNIT))

    def fpir(self, distance: float) -> float:
        """The share of strangers who come nearer than this."""
        z = _MEDIAN - (self.median - distance**2) / self.spread * _UNIT
        return -expm1(_DRAWS * log1p(-_NORMAL.cdf(z))) if _NORMAL.cdf(z) < 1 else 1.0


@dataclass(frozen=True, slots=True)
class Prior:
    """An encoding's law as measured elsewhere, for ten people with one photo each, and how it changes.

    `median_log_people` and `median_photos` are added for each factor e in people and for 1 - 1/photos;
    the spread goes with a power of the people and falls by `spread_photos` towards many photos. `noise`
    is how far photos of one person scatter along the line to the nearest other (standard deviation).
    """

    median: float
    median_log_people: float
    median_photos: float
    spread: float
    spread_power: float
    noise: float
    spread_photos: float = 0.16

    @property
    def reach(self) -> float:
        """The distance that one in a hundred pairs of strangers comes nearer than, two photos apart."""
        return self.law(1, 0.0).limit(0.01)

    def law(self, people: int, averaged: float) -> Law:
        """For so many people; `averaged` is the mean of 1 - 1/photos over them."""
        size = log(max(people, 1) / 10)
        return Law(
            self.median + self.median_log_people * size + self.median_photos * averaged,
            self.spread * exp(self.spread_power * size) * (1 - self.spread_photos * averaged),
        )


# Fitted on 2,879 people of Labeled Faces in the Wild; a template was the mean of photos and their mirror images.
PRIORS = {
    "dlib": Prior(0.465, -0.037, -0.073, 0.0895, -0.072, noise=0.058),
    "sface": Prior(1.533, -0.0625, -0.28, 0.142, -0.070, noise=0.088),
    "dlib+sface": Prior(2.085, -0.097, -0.375, 0.220, -0.105, noise=0.099),
}


def prior_of(engine_id: str) -> Prior:
    """The prior of the encoding that an engine makes, by the encoders that its id names."""
    encoders = [encoder for encoder in ("dlib", "sface") if encoder in engine_id]
    return PRIORS.get("+".join(encoders), PRIORS["dlib"])


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What the enrolled photos show. All arrays are of length n, one entry a vector.

    `other`: squared distance to the nearest other person, `nearest`: who that is (inf and -1 without
    others); `own`: to the person's own other photos (nan for the only one). `order` sorts by `other`;
    `weight` lets everybody count the same, however many photos they have. `averaged`: see Prior.law.
    """

    person: Places
    other: Floats
    nearest: Places
    own: Floats
    order: Places
    weight: Floats
    people: int
    averaged: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the bounds that it lies between with 95 % confidence."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """A limit for the wanted FPIR, and what is to be expected of it.

    `fpir`: strangers who would be named, by the law. `fnir`: enrolled people who would be missed, by
    their own photos when each in turn is left out; None where nobody has two photos.
    """

    law: Law
    max_distance: float
    fpir: Estimate
    fnir: Estimate | None
    people: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people, one of whose photos comes so near to the other that it would be taken for them."""

    first: int
    second: int
    distance: float


def measure(vectors: Matrix, people: Sequence[int] | Places, photos: Sequence[int] | Places) -> Sample:
    """Hold every enrolled vector [n, d] against the gallery without its photo.

    `people` number the persons from 0, `photos` the photos in any way; a photo's vectors (itself and
    its mirror image) share its number.
    """
    person, photo = np.asarray(people, np.intp), np.unique(np.asarray(photos), return_inverse=True)[1]
    count = int(person.max(initial=-1)) + 1
    other, nearest = _nearest_others(vectors, person, _means(vectors, person))
    one_of_each = np.unique(photo, return_index=True)[1]
    kept = np.bincount(person[one_of_each], minlength=count)
    averaged = float(np.mean(1 - 1 / np.maximum(kept, 1))) if count else 0.0
    own = _own_squares(vectors, person, photo)
    weight = 1 / np.bincount(person, minlength=count)[person]
    return Sample(person, other, nearest, own, np.argsort(other), weight, count, averaged)


def fit(sample: Sample, prior: Prior) -> Law:
    """The law of strangers to this gallery."""
    return _fit(sample, sample.weight, prior.law(sample.people, sample.averaged))


def law_of(vectors: Matrix, person: Places, rows: Matrix, prior: Prior, averaged: float) -> Law:
    """The law of strangers to people whose mean encodings are `rows`, as `fit` has it but quickly.

    Holds `vectors` [n, d], whose persons are `person`, against all rows: of a large gallery at most
    SAMPLED of them, evenly spread, which the law doesn't notice. `averaged`: see Prior.law.
    """
    chosen = np.arange(len(person)) if len(person) <= SAMPLED else np.linspace(0, len(person) - 1, SAMPLED).astype(int)
    owner = person[chosen]
    other, nearest = _nearest_others(vectors[chosen], owner, rows)
    weight = 1 / np.maximum(np.bincount(owner, minlength=max(1, len(rows))), 1)[owner]
    nothing = np.full(len(owner), np.nan)
    sample = Sample(owner, other, nearest, nothing, np.argsort(other), weight, len(rows), averaged)
    return fit(sample, prior)


def calibrate(
    sample: Sample, prior: Prior, fpir: float, *, max_distance: float | None = None, seed: int = 0
) -> Calibration:
    """The limit for the wanted FPIR, or a fixed one, with intervals from a bootstrap over people."""
    law = fit(sample, prior)
    limit = law.limit(fpir) if max_distance is None else max_distance
    rounds = np.array([_round(sample, prior, limit, random) for random in np.random.default_rng(seed).spawn(ROUNDS)])
    missed = _missed(sample, sample.weight, limit)
    fnir = None if np.isnan(missed) else _estimate(missed, rounds[:, 1])
    if fnir is not None and fnir.high == 0:  # nobody was missed, in no round: what so few people can't rule out
        seen = len(np.unique(sample.person[~np.isnan(sample.own)]))
        fnir = Estimate(0.0, 0.0, float(1 - 0.05 ** (1 / seen)))
    named = fpir if max_distance is None else law.fpir(limit)
    return Calibration(law, limit, _estimate(named, rounds[:, 0]), fnir, sample.people)


def look_alikes(sample: Sample, max_distance: float) -> list[Pair]:
    """The pairs of people of whom a photo of one is nearer to the other than `max_distance`, nearest first."""
    return _pairs(sample.person, sample.other, sample.nearest, max_distance)


def look_alikes_of(vectors: Matrix, person: Places, rows: Matrix, max_distance: float) -> list[Pair]:
    """The same for vectors [n, d] of `person`, held against the mean encodings `rows` of all."""
    return _pairs(person, *_nearest_others(vectors, person, rows), max_distance)


def _pairs(person: Places, other: Floats, nearest: Places, max_distance: float) -> list[Pair]:
    best: dict[tuple[int, int], float] = {}
    for at in np.flatnonzero(other <= max_distance**2):
        first, second = sorted((int(person[at]), int(nearest[at])))
        best[first, second] = min(best.get((first, second), inf), float(other[at]))
    return sorted((Pair(*pair, sqrt(square)) for pair, square in best.items()), key=lambda pair: pair.distance)


def _sums(vectors: Matrix, place: Places) -> tuple[Floats, Floats]:
    """Sum and number of the vectors at each place."""
    sizes = np.bincount(place)
    sums = np.zeros((len(sizes), vectors.shape[1]))
    np.add.at(sums, place, vectors)
    return sums, sizes.astype(np.float64)


def _own_squares(vectors: Matrix, person: Places, photo: Places) -> Floats:
    """Squared distances to the mean of the person's other photos."""
    (sums, sizes), (photo_sums, photo_sizes) = _sums(vectors, person), _sums(vectors, photo)
    squares = np.empty(len(vectors))
    for block in _blocks(len(vectors), vectors.shape[1]):
        rest = sizes[person[block]] - photo_sizes[photo[block]]
        rest[rest == 0] = np.nan
        means = (sums[person[block]] - photo_sums[photo[block]]) / rest[:, None]
        squares[block] = ((means - vectors[block]) ** 2).sum(1)
    return squares


def _means(vectors: Matrix, person: Places) -> Matrix:
    sums, sizes = _sums(vectors, person)
    means: Matrix = (sums / sizes[:, None]).astype(np.float32)
    return means


def _nearest_others(vectors: Matrix, person: Places, rows: Matrix) -> tuple[Floats, Places]:
    other, nearest = np.full(len(vectors), inf), np.full(len(vectors), -1, np.intp)
    if len(rows) < 2:
        return other, nearest
    half_squares = np.einsum("pi,pi->p", rows, rows) / 2
    for block in _blocks(len(vectors), max(rows.shape)):
        scores = half_squares - vectors[block] @ rows.T
        scores[np.arange(len(scores)), person[block]] = inf
        nearest[block] = scores.argmin(1)
        other[block] = ((rows[nearest[block]] - vectors[block]).astype(np.float64) ** 2).sum(1)
    return other, nearest


def _blocks(count: int, width: int) -> list[slice]:
    step = max(1, _BLOCK_FLOATS // max(width, 1))
    return [slice(start, start + step) for start in range(0, count, step)]


def _fit(sample: Sample, weights: Floats, expected: Law) -> Law:
    """Median and spread of the sample, drawn towards what is expected."""
    if sample.people < _FEWEST_PEOPLE:
        return expected
    sorted_weights = weights[sample.order]
    places = (np.cumsum(sorted_weights) - sorted_weights / 2) / weights.sum()
    median, *tail = np.interp([0.5, *_TAIL], places, sample.other[sample.order])
    spread = np.mean([(median - mark) / (_MEDIAN - _quantile(q)) for mark, q in zip(tail, _TAIL, strict=True)]) * _UNIT
    known = sample.people / (sample.people + _MEDIAN_PEOPLE)
    steady = sample.people / (sample.people + _SPREAD_PEOPLE)
    return Law(
        float(known * median + (1 - known) * expected.median),
        sqrt(steady * spread**2 + (1 - steady) * expected.spread**2),
    )


def _round(sample: Sample, prior: Prior, limit: float, random: np.random.Generator) -> tuple[float, float]:
    """FPIR and FNIR at the limit, had other people been enrolled: one round of the bootstrap."""
    drawn = np.bincount(random.integers(0, max(sample.people, 1), sample.people), minlength=sample.people)
    weights = sample.weight * drawn[sample.person]
    law = _fit(sample, weights, _shaken(prior.law(sample.people, sample.averaged), random))
    return law.fpir(limit), _missed(sample, weights, limit)


def _shaken(law: Law, random: np.random.Generator) -> Law:
    """An expected law as uncertain as the number of people that it counts for."""
    median = law.median + random.normal() * 1.3 * law.spread / sqrt(_MEDIAN_PEOPLE)
    return Law(median, law.spread * exp(random.normal() / sqrt(2 * _SPREAD_PEOPLE)))


def _missed(sample: Sample, weights: Floats, limit: float) -> float:
    """The share of photos, of people with at least two, that would not be given their own person's name."""
    known = ~np.isnan(sample.own)
    total = weights[known].sum()
    if total == 0:
        return float("nan")
    missed = (sample.own > limit**2) | (sample.other < sample.own)
    return float(weights[known & missed].sum() / total)


def _estimate(value: float, rounds: Floats) -> Estimate:
    low, high = np.nanquantile(rounds, INTERVAL)
    return Estimate(value, min(value, float(low)), max(value, float(high)))
