"""Faces followed through the frames of one motion: what all looks at a face say together. Pure.

One look may be unlucky (a blink, a turn of the head); the mean of several encodings is nearer to who it
is. With three different photos of a person against 400 people with one photo each, 2.3 % of the people
were missed by the first look, 1.9 % by the strongest, 0.7 % by two of three votes, 0.34 % by the mean,
and 0.30 % by the mean weighted with the square of each look's strength, which is what is done here.

The mean has a trap: it lies nearer to *everybody*, since what is particular to each look averages out.
At the limit of single photos it names 16 % of strangers with two looks and 57 % with four, instead of
1 %. How far the looks lie apart (`Evidence.scatter`) says how much that is; with 0.8 of it added to the
squared distance (`hub.identity.SCATTER`) the share of strangers stays where it was asked for, within a
factor of two or so, for two to four looks and one to three enrolled photos (docs/accuracy.md).

A face belongs to a track that is near in place and in likeness; one that fits none begins a new one.
Losing a track costs evidence; joining two people would give one of them the other's name. So in doubt a
face stays alone.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import hypot, log

import numpy as np
import numpy.typing as npt

from hub.model import Box, Evidence, Face, FaceResult, Frame, Outcome, Settled

MAX_MOTIONS = 512  # in all; about 30 KB each when many faces are seen
MAX_MOTIONS_DEVICE = 4  # so that one camera can't push out the others' motions
MAX_TRACKS = 16  # in one motion; more faces are judged alone
MAX_FRAMES = 64  # of one motion; a burst has 30 at most
MAX_AGE_MS = 180_000  # a burst of 30 frames at 0.2 frames/s lasts 150 s

PACE = 3.0  # widths of a face that it may move from one frame to the next: a quick walk at 2 frames/s
GROWTH = 2.0  # how many times larger or smaller it may have become
SCATTER = 0.8  # how much of the looks' scatter counts as distance

Floats = npt.NDArray[np.float64]
MotionKey = tuple[str, int, int]


class Tracks:
    """All cameras' motions that are under way."""

    def __init__(self, reach: float) -> None:
        """`reach`: the greatest distance between looks at one person, in the scale of the faces' vectors."""
        self._reach = reach
        self._motions: OrderedDict[MotionKey, _Motion] = OrderedDict()

    def __len__(self) -> int:
        return len(self._motions)

    def add(self, frame: Frame, faces: Sequence[Face]) -> list[Evidence | None]:
        """What is known of each face of a frame, in their order; None for a face without an encoding.

        Frames may come in any order. One that comes again adds nothing; a frame without a motion is
        evidence by itself.
        """
        if not frame.motion_id:
            return [None if face.vector is None else Evidence(face.vector) for face in faces]
        motion = self._motion(frame)
        joined = motion.join(frame.frame_id, faces, self._reach)
        fresh = frame.frame_id not in motion.frames
        motion.frames.add(frame.frame_id)
        return [
            motion.evidence(frame.frame_id, face, track, fresh=fresh) for face, track in zip(faces, joined, strict=True)
        ]

    def settle(self, frame: Frame, results: Sequence[FaceResult]) -> None:
        """Take in what became of a frame's faces: whoever is recognized needn't be encoded again."""
        motion = self._motions.get(_key(frame))
        if motion is None:
            return
        named = [face.box for face in results if face.outcome in (Outcome.RECOGNIZED, Outcome.ALREADY_MARKED)]
        for track in motion.tracks:
            track.settled = track.settled or track.boxes.get(frame.frame_id) in named

    def settled(self, frame: Frame) -> tuple[Settled, ...]:
        """Who is recognized already in a frame's motion, with the place where they were seen next to it."""
        motion = self._motions.get(_key(frame))
        if motion is None:
            return ()
        return tuple(
            Settled(track.near(frame.frame_id)[1], track.evidence().vector)
            for track in motion.tracks
            if track.settled and track.looks
        )

    def _motion(self, frame: Frame) -> "_Motion":
        key, now_ms = _key(frame), frame.received_ms
        motion = self._motions.get(key)
        if motion is None or motion.over(now_ms):
            self._motions.pop(key, None)
            self._make_room(frame.device, now_ms)
            motion = self._motions[key] = _Motion(now_ms)
        return motion

    def _make_room(self, device: str, now_ms: int) -> None:
        for key in [key for key, motion in self._motions.items() if motion.over(now_ms)]:
            del self._motions[key]
        own = [key for key in self._motions if key[0] == device]
        for key in own[: max(0, len(own) - MAX_MOTIONS_DEVICE + 1)]:
            del self._motions[key]
        while len(self._motions) >= MAX_MOTIONS:
            self._motions.popitem(last=False)


def _key(frame: Frame) -> MotionKey:
    return frame.device, frame.boot_id, frame.motion_id


@dataclass(slots=True, eq=False)
class _Motion:
    """The tracks of one motion, and which of its frames were taken in."""

    since_ms: int
    tracks: list["_Track"] = field(default_factory=list)
    frames: set[int] = field(default_factory=set)

    def over(self, now_ms: int) -> bool:
        return abs(now_ms - self.since_ms) > MAX_AGE_MS or len(self.frames) >= MAX_FRAMES

    def join(self, frame_id: int, faces: Sequence[Face], reach: float) -> "list[_Track | None]":
        """The track of each face; no two faces of a frame have the same. The best fits are taken first."""
        fits = [
            (cost, number, place)
            for number, track in enumerate(self.tracks)
            for place, face in enumerate(faces)
            if (cost := track.cost(frame_id, face, reach)) is not None
        ]
        joined: list[_Track | None] = [None] * len(faces)
        taken: set[int] = set()
        for _, number, place in sorted(fits):
            if number not in taken and joined[place] is None:
                joined[place] = self.tracks[number]
                taken.add(number)
        return joined

    def evidence(self, frame_id: int, face: Face, track: "_Track | None", *, fresh: bool) -> Evidence | None:
        """What is known of a face once it is added to its track, or has begun one."""
        if track is None and face.vector is None:
            return None
        if track is None:
            track = _Track(np.zeros(len(face.vector), np.float64))  # type: ignore[arg-type]
            if fresh and len(self.tracks) < MAX_TRACKS:
                self.tracks.append(track)
            fresh = True  # a track of its own has no other look
        if fresh:
            track.add(frame_id, face)
        return track.evidence()


@dataclass(slots=True, eq=False)
class _Track:
    """One face: the weighted sum of its encodings and of their squares, and where it was in each frame."""

    total: Floats
    squares: float = 0.0
    weight: float = 0.0
    looks: int = 0
    boxes: dict[int, Box] = field(default_factory=dict)
    settled: bool = False

    def add(self, frame_id: int, face: Face) -> None:
        self.boxes[frame_id] = face.box
        if face.vector is None:
            return
        weight, vector = (face.quality.strength or 1.0) ** 2, face.vector.astype(np.float64)
        self.total = self.total + weight * vector
        self.squares += weight * float(vector @ vector)
        self.weight += weight
        self.looks += 1

    def evidence(self) -> Evidence:
        mean = self.total / self.weight
        return Evidence(mean.astype(np.float32), self._scatter(mean), self.looks, burst=True)

    def _scatter(self, mean: Floats) -> float:
        return max(0.0, self.squares / self.weight - float(mean @ mean))

    def cost(self, frame_id: int, face: Face, reach: float) -> float | None:
        """How badly a face fits, 0…2; None where it doesn't."""
        gap, box = self.near(frame_id)
        moved = _moved(box, face.box) / (PACE * gap)
        if not moved <= 1:
            return None
        if face.vector is None:  # the engine saw that this is a settled face again, or made no encoding
            return moved if face.settled is not None and self.settled else None
        mean = self.total / self.weight
        apart = float(((face.vector - mean) ** 2).sum()) + SCATTER * self._scatter(mean)
        return apart / reach**2 + moved if apart <= reach**2 else None

    def near(self, frame_id: int) -> tuple[int, Box]:
        """Where the face was in the nearest frame, and how many frames away that is."""
        nearest = min(self.boxes, key=lambda other: (abs(other - frame_id), other))
        return max(1, abs(nearest - frame_id)), self.boxes[nearest]


def _moved(one: Box, other: Box) -> float:
    """How far two boxes lie apart, in their width; infinite where one is much the larger."""
    size, other_size = max(1, one.width, one.height), max(1, other.width, other.height)
    if abs(log(size / other_size)) > log(GROWTH):
        return float("inf")
    down = (one.top + one.bottom - other.top - other.bottom) / 2
    across = (one.left + one.right - other.left - other.right) / 2
    return hypot(down, across) / ((size + other_size) / 2)
