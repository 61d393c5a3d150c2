"""The engine in force: how pictures are looked at, and what belongs to its encodings."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hub.faces import PhotoAnalysis
from hub.model import Analysis, Skip
from hub.tracks import Tracks

Look = Callable[[bytes, Skip], Awaitable[Analysis]]
LookAtPhoto = Callable[[bytes], Awaitable[PhotoAnalysis]]


@dataclass(frozen=True, slots=True, eq=False)
class Recognizer:
    """Both looks run in worker processes; `tracks` holds encodings of the motions under way.

    Replaced as a whole when the hub changes to another engine, so that encodings of two engines never meet.
    """

    engine_id: str
    tracks: Tracks
    look: Look
    look_at_photo: LookAtPhoto
