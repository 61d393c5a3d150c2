"""What the enrolled people say of a site's recognition: its limit, the errors to expect, who looks alike."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from hub import calibration
from hub.calibration import Calibration, Pair, Sample, prior_of
from hub.identity import Limits
from hub.model import Template

# How many people can be told apart with so many photos of each: over that more than one in a hundred is missed
# with both encoders at an FPIR of 0.3 % (docs/accuracy.md). With three photos no such size was found.
ENOUGH_FOR = {1: 50, 2: 400}


@dataclass(frozen=True, slots=True)
class Alike:
    """Two people who are too near to each other, by their ids."""

    first: str
    second: str
    distance: float


@dataclass(frozen=True, slots=True)
class Figures:
    """`photos` is the median of photos a person; `too_large` says that the gallery is too large for them."""

    people: int
    photos: float
    calibration: Calibration
    alike: tuple[Alike, ...]

    @property
    def too_large(self) -> bool:
        return self.people > ENOUGH_FOR.get(int(self.photos), self.people)


def figures_of(templates: Sequence[Template], engine_id: str, limits: Limits) -> Figures | None:
    """The site's figures by its own templates, all of one engine; None without people."""
    if not templates:
        return None
    ids, sample = _sample(templates)
    found = calibration.calibrate(sample, prior_of(engine_id), limits.fpir, max_distance=limits.max_distance)
    photos = Counter(person_id for person_id, _ in {(each.person_id, each.photo_id) for each in templates})
    alike = tuple(_named(pair, ids) for pair in calibration.look_alikes(sample, found.max_distance))
    return Figures(len(ids), median(photos.values()), found, alike)


def _sample(templates: Sequence[Template]) -> tuple[list[str], Sample]:
    vectors = np.stack([template.vector for template in templates])
    ids, people = np.unique([template.person_id for template in templates], return_inverse=True)
    _, photos = np.unique([f"{each.person_id}/{each.photo_id}" for each in templates], return_inverse=True)
    return ids.tolist(), calibration.measure(vectors, people, photos)


def _named(pair: Pair, ids: Sequence[str]) -> Alike:
    return Alike(ids[pair.first], ids[pair.second], pair.distance)
