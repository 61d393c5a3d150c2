"""The pictures: JPEG bytes under a key such as `results/2026-11-22/01J….jpg`.

| keys | what | until |
|---|---|---|
| `results/{day}/{event_id}.jpg` | a frame with faces; the day is the site's at receipt | KEEP_PICTURES_DAYS |
| `last/{device}.jpg` | the last frame of each camera, overwritten | KEEP_PICTURES_DAYS |
| `people/{person_id}/{photo_id}.jpg` | an enrolment photo | the person or photo is removed |
| `uploads/{name}` | a photo that waits for its verdict | a day later |
"""

import fcntl
import os
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from hub.errors import InputError, NotFound

MAX_KEY = 200
UNFINISHED = ".part"
RETRIES = 100
# No segment begins with a dot: neither `..` nor a hidden file, which is what unfinished writes are.
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


def check_key(key: str) -> str:
    """The key itself. Raises InputError for anything but plain segments [A-Za-z0-9._-] between slashes."""
    if len(key) > MAX_KEY or not _KEY.fullmatch(key):
        raise InputError("key", "This is no key of the picture store.")
    return key


class PictureStore(Protocol):
    """Bytes by key. Synchronous, safe to call from several threads and processes.

    Every method raises InputError for a key that isn't one, and OSError when the disk refuses.
    """

    def put(self, key: str, data: bytes) -> None:
        """Keep `data`, replacing what was; a reader sees the old or the new bytes, never a part."""

    def get(self, key: str) -> bytes:
        """Raises NotFound."""

    def exists(self, key: str) -> bool: ...

    def changed_ms(self, key: str) -> int:
        """When it was put, by the store's clock. Raises NotFound."""

    def delete(self, key: str) -> bool:
        """Whether there was such a picture."""

    def keys(self, prefix: str = "") -> list[str]:
        """The keys that begin with `prefix`, sorted. The prefix is empty or ends in a slash."""

    def tidy(self, before_ms: int) -> int:
        """Delete what writes left that were interrupted before `before_ms`; how many there were."""

    def sealed_under(self) -> dict[str, list[str]]:
        """The pictures by the id of the site's key that they are sealed under; those that aren't under the empty one.

        A picture that is put after a key became the current one is never under an older key in a later answer.
        """

    def reseal(self, key: str) -> bool:
        """Seal a picture anew unless it is under the current key; whether it was. It stays as old as it was.

        Raises NotFound, KeyMissing, or SealBroken.
        """


class FolderPictures:
    """Pictures as files below a folder, readable only by its owner."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, key: str) -> Path:
        """Where a picture is or would be."""
        return self._root / check_key(key)

    def put(self, key: str, data: bytes) -> None:
        path = self.path(key)
        for _ in range(RETRIES):
            # `delete` in another thread may take a folder away that is empty until the file is in it.
            with suppress(FileNotFoundError, FileExistsError):
                self._make_folder(path.parent)
                self._write(path, data)
                return
        raise OSError(f"the folder of {key} can't be made")

    def get(self, key: str) -> bytes:
        try:
            return self.path(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise NotFound("There is no such picture.") from None

    def exists(self, key: str) -> bool:
        return self.path(key).is_file()

    def changed_ms(self, key: str) -> int:
        try:
            found = self.path(key).stat()
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound("There is no such picture.") from None
        return found.st_mtime_ns // 1_000_000

    def delete(self, key: str) -> bool:
        path = self.path(key)
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return False
        self._remove_empty(path.parent)
        return True

    def keys(self, prefix: str = "") -> list[str]:
        folder = self._root / check_prefix(prefix)
        found: list[str] = []
        for parent, _, names in os.walk(folder):
            below = Path(parent).relative_to(self._root)
            found += [(below / name).as_posix() for name in names]
        return sorted(key for key in found if _KEY.fullmatch(key))

    def tidy(self, before_ms: int) -> int:
        count = 0
        for path in self._root.rglob(f".*{UNFINISHED}"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime * 1000 < before_ms:
                    path.unlink()
                    self._remove_empty(path.parent)
                    count += 1
        return count

    def sealed_under(self) -> dict[str, list[str]]:
        return {}

    def reseal(self, key: str) -> bool:
        return False

    def head(self, key: str, size: int) -> bytes:
        """The first bytes of a picture. Raises NotFound."""
        try:
            with self.path(key).open("rb") as file:
                return file.read(size)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise NotFound("There is no such picture.") from None

    def rewrite(self, key: str, data: bytes) -> None:
        """Put other bytes in a picture's place without making it younger. Raises NotFound."""
        changed_ns = self.changed_ms(key) * 1_000_000
        self._write(self.path(key), data, changed_ns)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder alone, of all threads and processes that ask."""
        self._make_folder(self._root)
        fd = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def _make_folder(self, folder: Path) -> None:
        missing = [folder]
        while not missing[-1].parent.exists():
            missing.append(missing[-1].parent)
        for each in reversed(missing):
            each.mkdir(mode=0o700, exist_ok=True)

    def _write(self, path: Path, data: bytes, changed_ns: int | None = None) -> None:
        unfinished = path.with_name(f".{secrets.token_hex(8)}{UNFINISHED}")
        try:
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
                if path.is_relative_to(self._root / "people"):
                    # Nobody can take an enrolment photo again; frames come by the thousand.
                    file.flush()
                    os.fsync(file.fileno())
            if changed_ns is not None:
                os.utime(unfinished, ns=(changed_ns, changed_ns))
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise

    def _remove_empty(self, folder: Path) -> None:
        with suppress(OSError):  # not empty, or already gone
            while folder != self._root:
                folder.rmdir()
                folder = folder.parent


class MemoryPictures:
    """The fake: pictures in a dict."""

    def __init__(self) -> None:
        self._pictures: dict[str, bytes] = {}
        self._changed_ms: dict[str, int] = {}
        self._lock = threading.Lock()

    def put(self, key: str, data: bytes) -> None:
        with self._lock:
            self._pictures[check_key(key)] = bytes(data)
            self._changed_ms[key] = time.time_ns() // 1_000_000

    def get(self, key: str) -> bytes:
        try:
            return self._pictures[check_key(key)]
        except KeyError:
            raise NotFound("There is no such picture.") from None

    def exists(self, key: str) -> bool:
        return check_key(key) in self._pictures

    def changed_ms(self, key: str) -> int:
        if not self.exists(key):
            raise NotFound("There is no such picture.")
        return self._changed_ms[key]

    def delete(self, key: str) -> bool:
        with self._lock:
            return self._pictures.pop(check_key(key), None) is not None

    def keys(self, prefix: str = "") -> list[str]:
        check_prefix(prefix)
        with self._lock:
            return sorted(key for key in self._pictures if key.startswith(prefix))

    def tidy(self, before_ms: int) -> int:
        return 0

    def sealed_under(self) -> dict[str, list[str]]:
        return {}

    def reseal(self, key: str) -> bool:
        return False


def check_prefix(prefix: str) -> str:
    """The prefix itself. Raises InputError unless it is empty or a key and a slash."""
    if prefix:
        if not prefix.endswith("/"):
            raise InputError("key", "A prefix of picture keys ends in a slash.")
        check_key(prefix[:-1])
    return prefix
