"""What both engines do alike: the steps from bytes to judged faces. How faces are found and encoded is theirs."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter

import numpy as np
import numpy.typing as npt

from hub.faces import EngineOptions, PhotoAnalysis, engine_id, sface
from hub.faces.align import Aligned, Aligner, Found, Judged
from hub.faces.encoding import DLIB_LENGTH, Encoded, scaled, spare
from hub.faces.pictures import JpegFrame, decode_photo, encode_upright
from hub.faces.quality import Limits, is_weak, judge, measure
from hub.faces.sface import SFace
from hub.model import Analysis, Box, Face, Quality, Reason, Skip, Vector

Pixels = npt.NDArray[np.uint8]

MAX_FACES = 64  # judged in one frame, the largest: a crowd of tiny faces must not hold a worker for long


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
        self._encoder = options.encoder
        self._limits = Limits(options.min_face_px)
        self._aligner = Aligner()
        self._sface = SFace(options.cache_dir) if "sface" in options.encoder else None

    @abstractmethod
    def find(self, frame: JpegFrame, watch: Stopwatch) -> tuple[list[Found], Pixels | None]:
        """The faces of a frame, largest first, and the whole frame's pixels (None only without faces)."""

    @abstractmethod
    def find_in_photo(self, rgb: Pixels) -> list[Found]:
        """The faces of a photo, largest first."""

    @abstractmethod
    def encode_dlib(self, rgb: Pixels, faces: Sequence[Judged]) -> Sequence[Vector]:
        """dlib's encodings of faces that were aligned in `rgb`, as they are."""

    def encode(self, rgb: Pixels, faces: Sequence[Judged], skip: Skip | None = None) -> list[Encoded]:
        """The encodings of faces that were aligned in `rgb`, by the encoders that are in use."""
        if not faces:
            return []
        if self._encoder == "sface":
            return [self._encode_sface(rgb, face) for face in faces]
        parts = scaled(np.stack(self.encode_dlib(rgb, faces)), DLIB_LENGTH)
        if self._sface is None:
            return [Encoded(part) for part in parts]
        spared = spare([face.box for face in faces], parts, skip) if skip else {}
        return [
            Encoded(part=part, settled=spared[place])
            if place in spared
            else self._encode_sface(rgb, faces[place], part)
            for place, part in enumerate(parts)
        ]

    def align(self, rgb: Pixels, found: Sequence[Found]) -> list[Judged]:
        """Align, measure and judge faces."""
        aligned = self._aligner.align(rgb, [face.box for face in found])
        return [self._judged(face, at) for face, at in zip(found, aligned, strict=True)]

    def encode_mirrored(self, rgb: Pixels, found: Found) -> Encoded:
        """The encoding of a face's mirror image, found and aligned as if the photo had been taken so."""
        mirrored = np.ascontiguousarray(rgb[:, ::-1])
        return self.encode(mirrored, self.align(mirrored, [found.mirrored(rgb.shape[1])]))[0]

    def analyze(self, jpeg: bytes, skip: Skip | None = None) -> Analysis:
        """Every face of a camera's frame, largest first. Raises InvalidImage."""
        watch = Stopwatch()
        frame = JpegFrame.read(jpeg)
        found, rgb = self.find(frame, watch)
        if not found or rgb is None:
            return Analysis(frame.width, frame.height, (), watch.ms)
        with watch("encode"):
            judged = self.align(rgb, found[:MAX_FACES])
            fit = [face for face in judged if face.reason is None]
            encoded = iter(self.encode(rgb, fit, skip))
            faces = [self._face(face, next(encoded) if face.reason is None else Encoded(), frame) for face in judged]
        return Analysis(frame.width, frame.height, tuple(faces), watch.ms)

    def analyze_photo(self, photo: bytes, *, accepted: bool = False) -> PhotoAnalysis:
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
            if face.reason is not None and not accepted:
                return PhotoAnalysis(upright, 1, face.quality, face.reason, ms=watch.ms)
            encoded = self.encode(rgb, [face])[0]
            quality = replace(face.quality, strength=encoded.strength)
            if is_weak(quality, self._limits) and not accepted:
                return PhotoAnalysis(upright, 1, quality, Reason.COVERED, ms=watch.ms)
            vectors = [each.vector for each in (encoded, self.encode_mirrored(rgb, found[0]))]
        return PhotoAnalysis(upright, 1, quality, None, tuple(v for v in vectors if v is not None), watch.ms)

    def judge(self, quality: Quality) -> Reason | None:
        """Why a face can't be judged, if so."""
        return judge(quality, self._limits)

    def _encode_sface(self, rgb: Pixels, face: Judged, part: Vector | None = None) -> Encoded:
        """The second encoder's part alone, or behind dlib's."""
        assert self._sface is not None
        ours, theirs = face.aligned.points, face.found.points
        if theirs is None:
            chip = sface.align(rgb, ours, sface.DLIB_PLACES)
        else:
            chip = sface.align(rgb, np.concatenate((theirs, ours)))
        vectors, strengths = self._sface.encode_with_strength(chip[None])
        vector = vectors[0] if part is None else np.concatenate((part, vectors[0]))
        return Encoded(vector, float(strengths[0]))

    def _face(self, face: Judged, encoded: Encoded, frame: JpegFrame) -> Face:
        quality = replace(face.quality, strength=encoded.strength)
        weak = Reason.COVERED if is_weak(quality, self._limits) else None
        box = _inside(face.box, frame)
        return Face(box, quality, face.reason or weak, encoded.vector, encoded.part, encoded.settled)

    def _judged(self, found: Found, aligned: Aligned) -> Judged:
        quality = measure(aligned.chip, aligned.points, found.box.height, found.score)
        return Judged(found, aligned, quality, self.judge(quality))


def _inside(box: Box, frame: JpegFrame) -> Box:
    """The part of a box that is in the frame."""
    return Box(max(0, box.top), min(frame.width, box.right), min(frame.height, box.bottom), max(0, box.left))
