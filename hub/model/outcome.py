"""What becomes of a frame or a face, and why."""

from enum import StrEnum


class Outcome(StrEnum):
    """What became of a frame or a face, in falling order of rank (docs/wire.md)."""

    RECOGNIZED = "recognized"
    ALREADY_MARKED = "already_marked"
    SPOOF = "spoof"
    UNCERTAIN = "uncertain"
    UNKNOWN = "unknown"
    LOW_QUALITY = "low_quality"
    NO_FACE = "no_face"
    BUSY = "busy"
    INVALID = "invalid"
    ERROR = "error"


class Reason(StrEnum):
    """Why a face is of too low a quality to be judged."""

    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    TURNED_AWAY = "turned_away"
    COVERED = "covered"


RANK = {outcome: place for place, outcome in enumerate(Outcome)}
