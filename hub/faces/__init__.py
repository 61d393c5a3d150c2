"""Picture → faces: the only folder that imports the face engine, and only inside worker processes.

Two encoders make the encodings: the ResNet of dlib, which is face_recognition's, and SFace. `load` gives
an engine; `worker` holds the functions that the hub sends to its worker processes.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from hub.errors import SettingsError
from hub.faces.encoding import BOTH, DLIB_LENGTH, ENCODERS
from hub.faces.sources import DETECTOR, ENCODER, INSTALL_HINT, LANDMARKS, SFACE, ModelMissing
from hub.model import Analysis, Quality, Reason, Skip, Vector

if TYPE_CHECKING:
    from hub.settings import Settings


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What a worker needs to load an engine; pickled to it."""

    engine: str
    cache_dir: Path
    min_face_px: int
    encoder: str = BOTH


def options(settings: "Settings") -> EngineOptions:
    """The engine that the settings ask for."""
    return EngineOptions(settings.engine, settings.cache_dir, settings.min_face_px, settings.encoder)


@dataclass(frozen=True, slots=True, eq=False)
class PhotoAnalysis:
    """What was seen in an enrolment photo.

    `upright` is the photo re-encoded as JPEG with its EXIF rotation applied and all metadata gone.
    `faces` counts the faces found; `quality`, `reason` and `vectors` (of the photo and of its mirror
    image, see FaceEngine) describe the one face and are empty unless there is exactly one.
    """

    upright: bytes
    faces: int
    quality: Quality | None = None
    reason: Reason | None = None
    vectors: tuple[Vector, ...] = ()
    ms: Mapping[str, float] = field(default_factory=dict)


class FaceEngine(Protocol):
    """Finds and encodes faces. `engine_id` names the models by their hash: only equal ids compare.

    Encodings are float32: dlib's [128], brought to the length 1.42, SFace's [128], brought to 1, or one
    behind the other [256]. They need no further scaling.
    """

    engine_id: str

    def analyze(self, jpeg: bytes, skip: Skip | None = None) -> Analysis:
        """Every face of a camera's frame, largest first. Raises InvalidImage."""

    def analyze_photo(self, photo: bytes, *, accepted: bool = False) -> PhotoAnalysis:
        """The one face of an enrolment photo (JPEG, PNG or WebP). Raises InvalidImage.

        `accepted`: the photo was accepted before, and is encoded however good it is.
        """


def engine_id(options: EngineOptions) -> str:
    """The id of the engine that `options` name, without loading it.

    `fast` and `reference` share one: they align and encode with the same weights, so that a gallery
    made with the one serves the other (how well is in docs/accuracy.md).
    """
    _known(options)
    models = [LANDMARKS.sha256]
    if "dlib" in options.encoder:
        models += [ENCODER.sha256, f"length {DLIB_LENGTH}"]
    if "sface" in options.encoder:
        models += [SFACE.sha256, DETECTOR.sha256]
    return f"{options.encoder}-{hashlib.sha256(' '.join(models).encode()).hexdigest()[:12]}"


def load(options: EngineOptions) -> FaceEngine:
    """Load and warm up an engine: a second and 250 MB, so only in worker processes. Raises ModelMissing."""
    _known(options)
    try:
        if options.engine == "reference":
            from hub.faces.reference import ReferenceEngine

            return ReferenceEngine(options)
        from hub.faces.fast import FastEngine

        return FastEngine(options)
    except ModuleNotFoundError as error:
        raise ModelMissing(f"The Python package {error.name} is not installed. {INSTALL_HINT}") from error


def _known(options: EngineOptions) -> None:
    if options.engine not in ("fast", "reference"):
        raise SettingsError(f"There is no face engine {options.engine!r}; there are `fast` and `reference`.")
    if options.encoder not in ENCODERS:
        raise SettingsError(f"There is no encoder {options.encoder!r}; there are {', '.join(ENCODERS)}.")
