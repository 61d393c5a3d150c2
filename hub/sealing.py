"""What is kept sealed: AES-256-GCM under the site's keys.

Face vectors and pictures lie sealed in the database, in the pictures' folder and in the cloud. The keys
lie in one file of their own, so that whoever has a copy of the database or of the bucket has no faces.
Whoever loses that file enrols everybody again (docs/data.md).

A nonce is 96 random bits. One key may then seal 2^32 times at most (NIST SP 800-38D, section 8.3): the
chance that two nonces meet stays under 2^-32. That is 6.8 years of ten cameras that send a frame a
second, day and night (each frame is sealed twice); `presenza key rotate` begins anew.
"""

import fcntl
import json
import os
import re
import secrets
import stat
import time
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import KeyMissing, SealBroken, StoreCorrupt, Unavailable

FORMAT = 1
# No JPEG begins so (FF D8), and no vector's bytes are as long: those are a multiple of 4, and what is
# added is 4 + 1 + 4 + 12 + 16 = 37.
MAGIC = b"\x93PZS"
VERSION = b"\x01"
ID_BYTES = 4
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
UNFINISHED = r"[0-9a-f]{16}\.new"  # what stands behind the name of the key file, and a dot
HEADER_BYTES = len(MAGIC) + len(VERSION) + ID_BYTES
OVERHEAD = HEADER_BYTES + NONCE_BYTES + TAG_BYTES


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `key_id` stands in the head of all that it sealed: 8 hex digits."""

    key_id: str
    created_ms: int
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Ring:
    """The file's content, and what tells it from the content of another time."""

    keys: Mapping[str, Key]
    ciphers: Mapping[str, AESGCM]
    current: str
    stamp: tuple[int, int, int]


def key_id_of(data: bytes) -> str | None:
    """The id of the key that sealed `data`; None for what isn't sealed."""
    if len(data) < OVERHEAD or not data.startswith(MAGIC):
        return None
    return data[HEADER_BYTES - ID_BYTES : HEADER_BYTES].hex()


class Keyring:
    """The site's keys: several that open, one of them, the current one, that seals.

    Other processes may add and drop keys meanwhile: the file is looked at before each sealing, and
    whenever an unknown key is met. Safe to call from several threads. It is made at the first sealing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ring: _Ring | None = None

    def exists(self) -> bool:
        return self.path.exists()

    def all(self) -> list[Key]:
        """All keys as the file has them now, the oldest first; none without a file. Raises StoreCorrupt."""
        ring = self._fresh()
        return sorted(ring.keys.values(), key=lambda key: (key.created_ms, key.key_id)) if ring else []

    def current_id(self) -> str:
        """The key that seals; made if there is none. Raises StoreCorrupt, Unavailable."""
        return self._current().current

    def seal(self, data: bytes, context: str) -> bytes:
        """`data` for nobody but who has the key. It only opens again under the same `context`: what it belongs to.

        Raises StoreCorrupt for a key file that can't be understood, Unavailable when it can't be read or made.
        """
        ring = self._current()
        head = MAGIC + VERSION + bytes.fromhex(ring.current)
        nonce = secrets.token_bytes(NONCE_BYTES)
        return head + nonce + ring.ciphers[ring.current].encrypt(nonce, data, head + context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed. Raises KeyMissing, and SealBroken for damaged bytes or those of something else."""
        key_id = key_id_of(sealed)
        if key_id is None or sealed[len(MAGIC) : len(MAGIC) + 1] != VERSION:
            raise SealBroken
        head, nonce = sealed[:HEADER_BYTES], sealed[HEADER_BYTES : HEADER_BYTES + NONCE_BYTES]
        try:
            return self._cipher(key_id).decrypt(nonce, sealed[HEADER_BYTES + NONCE_BYTES :], head + context.encode())
        except InvalidTag:
            raise SealBroken from None

    def add(self) -> Key:
        """Make a new key the current one. Raises StoreCorrupt, Unavailable."""
        key = _new_key()
        with self._changing():
            if not self.exists() and self._make(key):
                return key
            ring = self._made()
            self._write({**ring.keys, key.key_id: key}, key.key_id)
        return key

    def drop(self, key_ids: Collection[str]) -> None:
        """Forget keys, for good; never the current one."""
        with self._changing():
            ring = self._made()
            left = {name: key for name, key in ring.keys.items() if name not in key_ids or name == ring.current}
            self._write(left, ring.current)

    # -- the file -----------------------------------------------------------
    def _cipher(self, key_id: str) -> AESGCM:
        ring = self._ring
        if ring is None or key_id not in ring.ciphers:
            ring = self._fresh()
        if ring is None or key_id not in ring.ciphers:
            raise KeyMissing(
                f"{self.path} lacks the key {key_id}, under which this is sealed. Put that file back from a backup;"
                " if it is lost, `presenza key forget` makes room to enrol everybody again."
            )
        return ring.ciphers[key_id]

    def _current(self) -> _Ring:
        ring = self._fresh()
        if ring is None:
            with self._changing():
                ring = self._made()
        return ring

    def _made(self) -> _Ring:
        """The ring, which is made if there is none. Only under the lock."""
        ring = self._fresh()
        if ring is None:
            self._make(_new_key())
            ring = self._fresh()
        if ring is None:
            raise Unavailable(f"{self.path} was made and is gone again.")
        return ring

    def _fresh(self) -> _Ring | None:
        """The ring as the file says now; None without a file.

        Once it was read, a file that is gone or spoilt stops nobody: a door goes on with the keys it has.
        """
        try:
            self._ring = self._read()
        except (Unavailable, StoreCorrupt):
            if self._ring is None:
                raise
        return self._ring

    def _read(self) -> _Ring | None:
        try:
            found = self.path.stat()
            stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
            ring = self._ring
            if ring is not None and ring.stamp == stamp:
                return ring
            return _parse(self.path, self.path.read_bytes(), stamp)
        except FileNotFoundError:
            return self._ring
        except OSError as error:
            raise Unavailable(f"{self.path}, the site's key, can't be read: {error.strerror}.") from None

    def _make(self, key: Key) -> bool:
        """Make the file with its first key; False where one is there, put back from a backup just now."""
        unfinished = self._unfinished({key.key_id: key}, key.key_id)
        try:
            os.link(unfinished, self.path)
        except FileExistsError:
            return False
        finally:
            unfinished.unlink()
        _sync_folder(self.path.parent)
        return True

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the lock, under which alone the file is made and changed. Not twice in one thread."""
        with self._own_errors():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(self.path.with_name(f"{self.path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                self._sweep()
                yield
            finally:
                os.close(fd)

    def _sweep(self) -> None:
        """Remove what a process that was killed left half done: keys are in it. Whoever still writes has the lock."""
        for left in self.path.parent.iterdir():
            if re.fullmatch(re.escape(f".{self.path.name}.") + UNFINISHED, left.name):
                left.unlink(missing_ok=True)

    def _write(self, keys: Mapping[str, Key], current: str) -> None:
        self._unfinished(keys, current).replace(self.path)
        _sync_folder(self.path.parent)

    def _unfinished(self, keys: Mapping[str, Key], current: str) -> Path:
        """A whole file beside the real one, on the disk."""
        path = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}.new")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(_encoded(keys, current))
            file.flush()
            os.fsync(file.fileno())
        return path

    @contextmanager
    def _own_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Unavailable(f"{self.path}, the site's key, can't be written: {error.strerror}.") from None


def is_private(path: Path) -> bool:
    """Whether nobody but its owner can read a file."""
    return not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def _new_key() -> Key:
    return Key(secrets.token_hex(ID_BYTES), time.time_ns() // 1_000_000, secrets.token_bytes(KEY_BYTES))


def _encoded(keys: Mapping[str, Key], current: str) -> bytes:
    listed = {
        key.key_id: {"created_ms": key.created_ms, "secret": b64encode(key.secret).decode()} for key in keys.values()
    }
    return json.dumps({"format": FORMAT, "current": current, "keys": listed}, indent=1).encode()


def _parse(path: Path, content: bytes, stamp: tuple[int, int, int]) -> _Ring:
    try:
        values = json.loads(content)
        newer = int(values["format"]) > FORMAT
        keys = {name: _parse_key(name, entry) for name, entry in values["keys"].items()}
        current = keys[str(values["current"])].key_id
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreCorrupt(
            f"{path} is no key file of Presenza ({type(error).__name__}). Put it back from a backup."
        ) from None
    if newer:
        raise StoreCorrupt(f"{path} was written by a newer version of Presenza. Update Presenza.")
    return _Ring(keys, {name: AESGCM(key.secret) for name, key in keys.items()}, current, stamp)


def _parse_key(name: str, entry: Mapping[str, object]) -> Key:
    secret = b64decode(str(entry["secret"]), validate=True)
    if len(secret) != KEY_BYTES or len(bytes.fromhex(name)) != ID_BYTES or name != name.lower():
        raise ValueError("not of a key's size")
    return Key(name, int(str(entry["created_ms"])), secret)


def _sync_folder(folder: Path) -> None:
    """So that a name that was just made outlives a power cut: what is sealed under a lost key is lost."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # some file systems of networks can't
            os.fsync(fd)
    finally:
        os.close(fd)
