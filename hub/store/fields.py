"""Checks of a document's fields: each takes any value and returns it, or raises ValueError.

The message is the end of a sentence that begins with the field's name.
"""

import json
import re
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from math import isfinite

from hub.store.pictures import check_key

Check = Callable[[object], object]

MAX_TEXT = 150_000  # six of them fit a document of Firestore, which holds a megabyte
MAX_NAME_BYTES = 500  # of names that are keys of Firestore, which allows 1500 bytes once they are quoted
MAX_JSON = 200_000
MAX_VECTOR_BYTES = 65_536
MAX_PARTS = 1_000
MAX_NUMBER = 1 << 53  # what every reader of JSON keeps exact
MAX_TIME_MS = 250_000_000_000_000  # in the year 9892: what calendars can show
FIGURES = {"size_px", "sharpness", "brightness", "turn", "score"}  # of a photo's quality; `strength` may lack
_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("is no text")  # noqa: TRY004 - what a document holds, not what a caller passed
    if len(value) > MAX_TEXT:
        raise ValueError(f"is longer than {MAX_TEXT} characters")
    return _encodable(value)


def an_id(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError("is no id")
    return value


def name(value: object) -> str:
    if not 0 < len(text(value).encode()) <= MAX_NAME_BYTES:
        raise ValueError("is empty or too long for a name")
    return text(value)


def whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MAX_NUMBER:
        raise ValueError("is no whole number that fits")
    return value


def count(value: object) -> int:
    if whole(value) < 0:
        raise ValueError("is less than 0")
    return whole(value)


def time_ms(value: object) -> int:
    if count(value) > MAX_TIME_MS:
        raise ValueError("is no time")
    return count(value)


def turn(value: object) -> int:
    if count(value) > MAX_NUMBER >> 10:
        raise ValueError("is too large")
    return count(value)


def real(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value):
        raise ValueError("is no number")
    return float(value)


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("is neither true nor false")  # noqa: TRY004 - as above
    return value


def day(value: object) -> str:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("is no day such as 2026-11-22")
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError("is no day of the calendar") from None


def vector(value: object) -> bytes:
    if not isinstance(value, bytes) or not 0 < len(value) <= MAX_VECTOR_BYTES:
        raise ValueError("is no face vector")
    return value


def picture(folder: str) -> Check:
    """A key of the picture store in one of its folders, so that no document can name what isn't its own kind."""

    def check(value: object) -> str:
        if not check_key(text(value)).startswith(f"{folder}/"):
            raise ValueError(f"is no picture of {folder}")
        return str(value)

    return check


def one_of(enumeration: type[StrEnum]) -> Check:
    def check(value: object) -> str:
        if not isinstance(value, str) or value not in list(enumeration):
            raise ValueError(f"is none of {', '.join(enumeration)}")
        return value

    return check


def or_none(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def json_object(value: object) -> str:
    if not isinstance(_parsed(value), dict):
        raise ValueError("is no JSON object")  # noqa: TRY004 - as above
    return str(value)


def quality(value: object) -> str:
    """The figures of a photo, as JSON."""
    figures = json.loads(json_object(value))
    if set(figures) | {"strength"} != FIGURES | {"strength"}:
        raise ValueError("lacks a figure, or has one that nobody knows")
    strength = figures.pop("strength", None)
    if not all(_is_figure(each) for each in figures.values()) or not (strength is None or _is_figure(strength)):
        raise ValueError("holds what is no number")
    return str(value)


def pairs(value: object) -> str:
    """A camera's errors, as JSON: [[field, message], …]."""
    found = _parsed(value)
    if not isinstance(found, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in found):
        raise ValueError("is no list of fields with their messages")
    return str(value)


def list_of(check: Check) -> Check:
    def check_all(value: object) -> tuple[object, ...]:
        if not isinstance(value, list | tuple) or len(value) > MAX_PARTS:
            raise ValueError("is no list, or too long a one")
        return tuple(check(each) for each in value)

    return check_all


def _parsed(value: object) -> object:
    """JSON stays text in a document: Firestore's maps lose the order of keys, and hold no lists of lists."""
    if not isinstance(value, str) or len(value) > MAX_JSON:
        raise ValueError("is no JSON text, or too much of it")
    try:
        return json.loads(_encodable(value))
    except (ValueError, RecursionError):
        raise ValueError("is no JSON text") from None


def _encodable(value: str) -> str:
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError("is no Unicode text")
    return value


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
