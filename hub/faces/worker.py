"""The functions that the hub sends to its worker processes (spawned, one engine each)."""

import os
import signal

from hub import faces
from hub.faces import EngineOptions, FaceEngine, PhotoAnalysis
from hub.model import Analysis, Skip

# One thread a worker: set these in the parent before it spawns, since a library reads them when it is loaded.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

_engine: FaceEngine | None = None


def start(options: EngineOptions) -> None:
    """The pool's initializer: loads the engine and runs it once, so that the first frame isn't slow.

    Ctrl-C goes to the whole process group; the parent decides when a worker ends.
    """
    global _engine  # noqa: PLW0603  a worker process has one engine
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(ENVIRONMENT)
    _engine = faces.load(options)


def start_aside(options: EngineOptions) -> None:
    """As `start`, for work that may wait: whatever else wants the core goes first."""
    os.nice(10)
    start(options)


def analyze(jpeg: bytes, skip: Skip | None = None) -> Analysis:
    """Every face of a camera's frame. Raises InvalidImage."""
    return _loaded().analyze(jpeg, skip)


def analyze_photo(photo: bytes) -> PhotoAnalysis:
    """The one face of an enrolment photo. Raises InvalidImage."""
    return _loaded().analyze_photo(photo)


def encode_photo(photo: bytes) -> PhotoAnalysis:
    """An enrolment photo that was accepted before, encoded anew. Raises InvalidImage."""
    return _loaded().analyze_photo(photo, accepted=True)


def _loaded() -> FaceEngine:
    if _engine is None:
        raise RuntimeError("the worker's initializer didn't run")
    return _engine


def prepare(options: EngineOptions) -> bool:
    """Convert the models at set-up, in the caller's process; True if anything was to be done. Raises ModelMissing."""
    from hub.faces import conversions

    missing = [model for model in conversions.needed(options.encoder) if not model.path(options.cache_dir).is_file()]
    for model in missing:
        model.ensure(options.cache_dir)
    return bool(missing)
