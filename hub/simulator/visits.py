"""Who stands before a simulated camera, and when: a seeded, endless sequence of visits. Pure."""

import bisect
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

APPROACH_MS = 4000.0
STAY_MS = 2000.0
LEAVE_MS = 1500.0
VISIT_MS = APPROACH_MS + STAY_MS + LEAVE_MS
FAR_PX, NEAR_PX = 60.0, 200.0  # width of the face in a picture of 640 × 480


@dataclass(frozen=True, slots=True)
class Place:
    """Where a face is: its middle as a share of width and height, its width as pixels of a VGA picture."""

    x: float
    y: float
    face_px: float


@dataclass(frozen=True, slots=True)
class Walker:
    """One person of a visit: `person` numbers the people of the scene, `side` is -1 (left) to 1 (right)."""

    person: int
    side: float
    delay_ms: float = 0.0
    near_px: float = NEAR_PX


@dataclass(frozen=True, slots=True)
class Visit:
    """Something that moves before the camera. Without walkers only the light changes."""

    start_ms: float
    end_ms: float
    walkers: tuple[Walker, ...]

    def places(self, at_ms: float) -> list[tuple[Walker, Place]]:
        """Who is where, the farthest first."""
        placed = [(walker, place_of(walker, at_ms - self.start_ms - walker.delay_ms)) for walker in self.walkers]
        there = [(walker, place) for walker, place in placed if place is not None]
        return sorted(there, key=lambda pair: pair[1].face_px)


def place_of(walker: Walker, since_ms: float) -> Place | None:
    """A walker's place so long after coming into view: growing, standing, then off to the side."""
    if not 0 <= since_ms < VISIT_MS:
        return None
    coming = min(1.0, since_ms / APPROACH_MS)
    leaving = max(0.0, (since_ms - APPROACH_MS - STAY_MS) / LEAVE_MS)
    sway = 0.015 * math.sin(since_ms / 260)
    x = 0.5 + walker.side * (0.32 - 0.14 * coming + 0.6 * leaving**2) + sway
    face_px = FAR_PX * (walker.near_px / FAR_PX) ** coming * (1 - 0.4 * leaving)
    y = 0.36 + 0.08 * coming + 0.008 * math.sin(since_ms / 130)
    return Place(x, y, face_px)


class Visits:
    """The visits to one scene. Everybody comes once before anybody comes again."""

    def __init__(self, people: int, *, seed: int, pairs: float = 0.0) -> None:
        """`pairs` is the share of visits by two people at once."""
        self._endless = _visits(people, random.Random(seed), pairs)  # noqa: S311  a simulation, no secret
        self._known: list[Visit] = []

    def at(self, at_ms: float) -> Visit | None:
        """The visit that is going on, if any."""
        while not self._known or self._known[-1].start_ms <= at_ms:
            self._known.append(next(self._endless))
        index = bisect.bisect_right(self._known, at_ms, key=lambda visit: visit.start_ms) - 1
        if index < 0 or at_ms >= self._known[index].end_ms:
            return None
        return self._known[index]


def _visits(people: int, rng: random.Random, pairs: float) -> Iterator[Visit]:
    start_ms = rng.uniform(200, 1500)
    turns = _turns(people, rng)
    while True:
        walkers: tuple[Walker, ...] = ()
        if people:
            side = rng.choice((-1, 1)) * rng.uniform(0.2, 0.8)
            walkers = (Walker(next(turns), side, near_px=NEAR_PX * rng.uniform(0.85, 1.0)),)
            if people > 1 and rng.random() < pairs:
                walkers = _beside(walkers[0], next(turns), rng)
        end_ms = start_ms + VISIT_MS + max((walker.delay_ms for walker in walkers), default=0.0)
        yield Visit(start_ms, end_ms, walkers)
        start_ms = end_ms + rng.uniform(1000, 3000)


def _beside(first: Walker, person: int, rng: random.Random) -> tuple[Walker, ...]:
    """Two people keep apart, and neither comes so near that one hides the other."""
    side = math.copysign(1.0, first.side)
    near_px = NEAR_PX * rng.uniform(0.55, 0.65)
    second = Walker(person, -side, delay_ms=rng.uniform(0, 800), near_px=near_px)
    return Walker(first.person, side, near_px=near_px), second


def _turns(people: int, rng: random.Random) -> Iterator[int]:
    """Everybody's number, shuffled anew each round, nobody twice in a row."""
    order, last = list(range(people)), -1
    while True:
        rng.shuffle(order)
        if people > 1 and order[0] == last:
            order.append(order.pop(0))
        yield from order
        last = order[-1]
