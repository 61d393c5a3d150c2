"""What both engines do alike: the steps from bytes to judged faces. How faces are found and encoded is theirs."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import numpy.typing as npt

from hub.faces import EngineOptions, PhotoAnalysis, engine_id
from hub.faces.align import Aligned, Aligner
from hub.faces.pictures import JpegFrame, decode_photo, encode_upright
from hub.faces.quality import Limits, judge, measure
from hub.model import Analysis, Box, Face, Quality, Reason, Vector

Pixels = npt.NDArray[np.uint8]

MAX_FACES = 64  # judged in one frame, the largest: a crowd of tiny faces must not hold a worker for long


@dataclass(frozen=True, slots=True)
class Found:
    """A face that the detector found: its square box (it may reach over the border) and confidence 0…1."""

    box: Box
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A found face, aligned, measured and held against the limits."""

    box: Box
    aligned: Aligned
    quality: Quality
    reason: Reason | None


class Stopwatch:
    """Adds up the milliseconds of named stages."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = perf_counter()
        yield
        self.ms[stage] = self.ms.get(stage, 0.0) + (perf_counter() - start) * 1e3


class Engine(ABC):
    """A loaded face engine; not for several threads at once."""

    def __init__(self, options: EngineOptions) -> None:
        self.engine_id = engine_id(options)
        self._limits = Limits(options.min_face_px)
        self._aligner = Aligner()

    @abstractmethod
    def find(self, frame: JpegFrame, watch: Stopwatch) -> tuple[list[Found], Pixels | None]:
        """The faces of a frame, largest first, and the whole frame's pixels (None only without faces)."""

    @abstractmethod
    def find_in_photo(self, rgb: Pixels) -> list[Found]:
        """The faces of a photo, largest first."""

    @abstractmethod
    def encode(self, rgb: Pixels, faces: Sequence[Judged]) -> list[Vector]:
        """The encodings of faces that were aligned in `rgb`."""

    def align(self, rgb: Pixels, found: Sequence[Found]) -> list[Judged]:
        """Align, measure and judge faces."""
        aligned = self._aligner.align(rgb, [face.box for face in found])
        return [self._judged(face, at) for face, at in zip(found, aligned, strict=True)]

    def encode_mirrored(self, rgb: Pixels, found: Found) -> list[Vector]:
        """The encoding of a face's mirror image, found and aligned as if the photo had been taken so."""
        width, box = rgb.shape[1], found.box
        flipped = Found(Box(box.top, width - box.left, box.bottom, width - box.right), found.score)
        mirrored = np.ascontiguousarray(rgb[:, ::-1])
        return self.encode(mirrored, self.align(mirrored, [flipped]))

    def analyze(self, jpeg: bytes) -> Analysis:
        """Every face of a camera's frame, largest first. Raises InvalidImage."""
        watch = Stopwatch()
        frame = JpegFrame.read(jpeg)
        found, rgb = self.find(frame, watch)
        if not found or rgb is None:
            return Analysis(frame.width, frame.height, (), watch.ms)
        with watch("encode"):
            judged = self.align(rgb, found[:MAX_FACES])
            fit = [face for face in judged if face.reason is None]
            vectors = iter(self.encode(rgb, fit))
            faces = [
                Face(_inside(face.box, frame), face.quality, face.reason, None if face.reason else next(vectors))
                for face in judged
            ]
        return Analysis(frame.width, frame.height, tuple(faces), watch.ms)

    def analyze_photo(self, photo: bytes) -> PhotoAnalysis:
        """The one face of an enrolment photo (JPEG, PNG or WebP). Raises InvalidImage."""
        watch = Stopwatch()
        with watch("decode"):
            rgb = decode_photo(photo)
            upright = encode_upright(rgb)
        with watch("detect"):
            found = self.find_in_photo(rgb)
        if len(found) != 1:
            return PhotoAnalysis(upright, len(found), ms=watch.ms)
        with watch("encode"):
            face = self.align(rgb, found)[0]
            vectors = () if face.reason else (*self.encode(rgb, [face]), *self.encode_mirrored(rgb, found[0]))
        return PhotoAnalysis(upright, 1, face.quality, face.reason, vectors, watch.ms)

    def judge(self, quality: Quality) -> Reason | None:
        """Why a face can't be judged, if so."""
        return judge(quality, self._limits)

    def _judged(self, found: Found, aligned: Aligned) -> Judged:
        quality = measure(aligned.chip, aligned.points, found.box.height, found.score)
        return Judged(found.box, aligned, quality, self.judge(quality))


def _inside(box: Box, frame: JpegFrame) -> Box:
    """The part of a box that is in the frame."""
    return Box(max(0, box.top), min(frame.width, box.right), min(frame.height, box.bottom), max(0, box.left))
