"""What a check finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from hub.settings import Settings


class Level(StrEnum):
    """`warn`: it works, but worse than it could, or not yet; `fail`: it doesn't."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, what is the case, and unless that is well what to do about it."""

    level: Level
    subject: str
    message: str
    todo: str = ""


Check = Callable[[Settings], Iterator[Finding]]


def ok(subject: str, message: str) -> Finding:
    return Finding(Level.OK, subject, message)


def warn(subject: str, message: str, todo: str) -> Finding:
    return Finding(Level.WARN, subject, message, todo)


def fail(subject: str, message: str, todo: str) -> Finding:
    return Finding(Level.FAIL, subject, message, todo)
