"""One-time codes: each lets one camera that has no identity yet get that of one device, for ten minutes.

They are kept as hashes in secrets/claims.json, which the commands write and the claim desk reads. The
first who shows a code takes it, and is known by the nonce that came with it: the answer to that one may
be lost on its way, so it may ask again for a while.
"""

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from broker.files import write
from hub.errors import Conflict
from hub.settings import Settings

LIFETIME_S = 600
AGAIN_S = 120  # in which who took a code may ask again: a camera that loses power needs a minute
MAX_OPEN = 100
# Crockford's alphabet: nothing that is mistaken for another when it is read out. 8 of 32 are 40 bits.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})

Codes = dict[str, "Open"]


@dataclass(frozen=True, slots=True)
class Open:
    """A code that may be redeemed: by anybody, or by whom took it (the hash of the nonce) once more."""

    device: str
    ends_s: float
    taken_by: str = ""
    note: str = ""  # what is put down for the camera when it comes


def invite(settings: Settings, device: str, now_s: float, note: str = "") -> str:
    """Make a code for a camera that will be called `device`; an older one for it is void."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    with _codes(settings, now_s) as codes:
        for key in [key for key, each in codes.items() if each.device == device]:
            del codes[key]
        if len(codes) >= MAX_OPEN:
            raise Conflict(f"{MAX_OPEN} codes are open already; wait until they are used or end.")
        codes[_hash(code)] = Open(device, now_s + LIFETIME_S, note=note)
    return f"{code[:4]}-{code[4:]}"


def redeem(settings: Settings, code: str, now_s: float, nonce: str = "") -> str | None:
    """The device that a code stands for; None for a code that is wrong, over, or was taken under another nonce."""
    key, asker = _hash(code), hashlib.sha256(nonce.encode()).hexdigest()
    with _codes(settings, now_s) as codes:
        found = codes.get(key)
        if found is None or found.taken_by not in ("", asker):
            return None
        if not found.taken_by:
            codes[key] = replace(found, ends_s=now_s + AGAIN_S, taken_by=asker)
    return found.device


def open_until(settings: Settings, device: str, now_s: float) -> float | None:
    """When the code for a camera ends; None when there is none that still waits for it."""
    waiting = [each for each in _read(settings).values() if each.device == device and not each.taken_by]
    return next((each.ends_s for each in waiting if each.ends_s > now_s), None)


def note_of(settings: Settings, device: str) -> str:
    """What was noted with the code of a camera that waits for it, or has just used it."""
    return next((each.note for each in _read(settings).values() if each.device == device), "")


def any_open(settings: Settings, now_s: float) -> bool:
    """Whether a camera may come now."""
    return any(each.ends_s > now_s for each in _read(settings).values())


def _hash(code: str) -> str:
    return hashlib.sha256(code.upper().translate(MISREAD).encode()).hexdigest()


@contextmanager
def _codes(settings: Settings, now_s: float) -> Iterator[Codes]:
    """The codes that are open, for change: whoever comes second waits, and finds what the first left."""
    fd = os.open(settings.secrets_dir / "claims.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        before = _read(settings)
        codes = {key: each for key, each in before.items() if each.ends_s > now_s}
        yield codes
        if codes != before:
            content = {key: [each.device, each.ends_s, each.taken_by, each.note] for key, each in codes.items()}
            write(settings.secrets_dir / "claims.json", json.dumps(content).encode(), 0o600)
    finally:
        os.close(fd)


def _read(settings: Settings) -> Codes:
    try:
        content = json.loads((settings.secrets_dir / "claims.json").read_bytes())
        return {key: Open(str(device), float(ends_s), *taken) for key, (device, ends_s, *taken) in content.items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return {}  # none, or damaged: codes live for minutes, new ones are made at once
