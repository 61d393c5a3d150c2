"""Picture → faces: the only folder that imports the face engine, and only inside worker processes.

`load` gives an engine; `worker` holds the functions that the hub sends to its worker processes.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from hub.errors import SettingsError
from hub.faces.sources import ENCODER, INSTALL_HINT, LANDMARKS, ModelMissing
from hub.model import Analysis, Quality, Reason, Vector


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What a worker needs to load an engine; pickled to it."""

    engine: str
    cache_dir: Path
    min_face_px: int


@dataclass(frozen=True, slots=True, eq=False)
class PhotoAnalysis:
    """What was seen in an enrolment photo.

    `upright` is the photo re-encoded as JPEG with its EXIF rotation applied and all metadata gone.
    `faces` counts the faces found; `quality`, `reason` and `vectors` (of the photo and of its mirror
    image, each float32 [128]) describe the one face and are empty unless there is exactly one.
    """

    upright: bytes
    faces: int
    quality: Quality | None = None
    reason: Reason | None = None
    vectors: tuple[Vector, ...] = ()
    ms: Mapping[str, float] = field(default_factory=dict)


class FaceEngine(Protocol):
    """Finds and encodes faces. `engine_id` names the models by their hash: only equal ids compare."""

    engine_id: str

    def analyze(self, jpeg: bytes) -> Analysis:
        """Every face of a camera's frame, largest first. Raises InvalidImage."""

    def analyze_photo(self, photo: bytes) -> PhotoAnalysis:
        """The one face of an enrolment photo (JPEG, PNG or WebP). Raises InvalidImage."""


def engine_id(options: EngineOptions) -> str:
    """The id of the engine that `options` name, without loading it.

    `fast` and `reference` share one: they align and encode with the same weights, so that a gallery
    made with the one serves the other (how well is in docs/accuracy.md).
    """
    _known(options.engine)
    models = hashlib.sha256((ENCODER.sha256 + LANDMARKS.sha256).encode()).hexdigest()
    return f"dlib-resnet-{models[:12]}"


def load(options: EngineOptions) -> FaceEngine:
    """Load and warm up an engine: a second and 250 MB, so only in worker processes. Raises ModelMissing."""
    name = _known(options.engine)
    try:
        if name == "reference":
            from hub.faces.reference import ReferenceEngine

            return ReferenceEngine(options)
        from hub.faces.fast import FastEngine

        return FastEngine(options)
    except ModuleNotFoundError as error:
        raise ModelMissing(f"The Python package {error.name} is not installed. {INSTALL_HINT}") from error


def _known(name: str) -> str:
    if name not in ("fast", "reference"):
        raise SettingsError(f"There is no face engine {name!r}; there are `fast` and `reference`.")
    return name
