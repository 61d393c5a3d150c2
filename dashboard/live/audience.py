"""Who listens: browsers that are shown the same thing share one rendered message.

An audience has its own sequence of messages. The group of the channel layer that carries them is this
process's own, because each process subscribes at the broker for itself.
"""

import secrets
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from dashboard.rights import Right

# Not the process's number: in containers that share a Redis every process is number 1.
PROCESS = secrets.token_hex(6)


class Page(StrEnum):
    TODAY = "today"
    DEVICES = "devices"


RIGHTS = {Page.TODAY: Right.SEE_PEOPLE, Page.DEVICES: Right.DEVICES}


@dataclass(frozen=True, slots=True)
class Audience:
    """`sees`: the groups of people whose names it may be shown; None: all."""

    page: Page
    language: str
    sees: frozenset[str] | None

    @property
    def channel_group(self) -> str:
        sees = "*" if self.sees is None else "\0".join(sorted(self.sees))
        tag = sha256(f"{self.page}\0{self.language}\0{sees}".encode()).hexdigest()[:16]
        return f"live-{PROCESS}-{tag}"
