"""A data folder in one file, and back.

The file is a tar.gz of everything in the folder under `data/`, with `manifest.json` as its last
member: the SHA-256 of each file. Databases are copied by SQLite itself, so the backup is consistent while all runs;
other files are only ever replaced whole by those who write them.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO, NoReturn

from hub import __version__
from hub.errors import Conflict, InputError, NotFound
from hub.store import snapshot

FORMAT = 1
MANIFEST = "manifest.json"
DATA = "data"
MAX_MANIFEST = 256 * 1024 * 1024
# Locks, what SQLite keeps beside a database, and what is being written.
LEFT_OUT = ("-wal", "-shm", "-journal", ".lock", ".part", ".new", ".pid")
BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Summary:
    """What is in a backup."""

    files: int
    size_bytes: int
    created_ms: int
    version: str


@dataclass(frozen=True, slots=True)
class Manifest:
    files: Mapping[str, str]
    created_ms: int
    version: str


def back_up(folder: Path, target: Path) -> Summary:
    """Write everything in `folder` to the new file `target`, readable for its owner only.

    Raises NotFound without a folder, Conflict when `target` exists or lies within the folder.
    """
    if not folder.is_dir():
        raise NotFound(f"There is no data folder {folder}.")
    if target.exists():
        raise Conflict(f"{target} exists already; a backup never replaces another.")
    if target.resolve().is_relative_to(folder.resolve()):
        raise Conflict(f"{target} is in the data folder itself; choose a place outside of it.")
    unfinished = target.with_name(f"{target.name}.part")
    try:
        fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "wb") as file:
            summary = _write_archive(folder, file, target.parent)
            file.flush()
            os.fsync(fd)
        unfinished.replace(target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return summary


def unpack(source: Path, folder: Path) -> Summary:
    """Unpack a backup into the new folder `folder`, and hold each file against the manifest.

    Raises InputError when it is no backup, damaged or incomplete; `folder` is then gone again.
    """
    folder.mkdir(mode=0o700)
    try:
        found, manifest = _extract(source, folder)
        _compare(source, found, manifest)
        for path in folder.rglob("*"):
            if path.is_dir():
                path.chmod(0o700)
            elif snapshot.is_database(path) and not snapshot.is_sound(path):
                _refuse(f"The database {path.name} in this backup is damaged.")
    except BaseException:
        shutil.rmtree(folder)
        raise
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Summary(len(found), size, manifest.created_ms, manifest.version)


def put_in_place(unpacked: Path, folder: Path) -> Path | None:
    """Let an unpacked backup take the place of `folder`, under the same owner; where the old one is now."""
    before = None
    if folder.exists():
        owner = folder.stat()
        for path in (unpacked, *unpacked.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
        before = folder.with_name(f"{folder.name}.before-{time.strftime('%Y%m%dT%H%M%S')}")
        folder.rename(before)
    unpacked.rename(folder)
    return before


def _write_archive(folder: Path, file: IO[bytes], scratch: Path) -> Summary:
    """`scratch` is a folder that may hold a database's copy for a moment: not the data folder, where it
    would outlive the people in it if we were killed."""
    digests: dict[str, str] = {}
    size = 0
    # Most of it are JPEGs, on which a stronger compression is wasted.
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1, format=tarfile.PAX_FORMAT) as archive:
        for name, path in _members(folder):
            with suppress(FileNotFoundError):  # a picture whose time was up
                digests[name], added = _add(archive, name, path, scratch)
                size += added
        created_ms = time.time_ns() // 1_000_000
        manifest = {"format": FORMAT, "version": __version__, "created_ms": created_ms, "files": digests}
        content = json.dumps(manifest).encode()
        archive.addfile(_info(MANIFEST, len(content)), io.BytesIO(content))
    return Summary(len(digests), size, created_ms, __version__)


def _members(folder: Path) -> Iterator[tuple[str, Path]]:
    """Databases first: a picture that is deleted meanwhile is missed less than one without its event."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and not _left_out(path)]
    for path in sorted(files, key=lambda each: (not snapshot.is_database(each), each)):
        yield path.relative_to(folder).as_posix(), path


def _left_out(path: Path) -> bool:
    return path.name.endswith(LEFT_OUT) or path.name == "lock" or path.name.startswith(".")


def _add(archive: tarfile.TarFile, name: str, path: Path, scratch: Path) -> tuple[str, int]:
    if not snapshot.is_database(path):
        with path.open("rb") as file:
            return _add_open(archive, name, file)
    with TemporaryDirectory(dir=scratch, prefix=".presenza-backup-") as private:
        copy = Path(private) / "copy"
        snapshot.copy(path, copy)
        with copy.open("rb") as file:
            return _add_open(archive, name, file)


def _add_open(archive: tarfile.TarFile, name: str, file: IO[bytes]) -> tuple[str, int]:
    size = os.fstat(file.fileno()).st_size
    reader = _Hashing(file)
    archive.addfile(_info(f"{DATA}/{name}", size), reader)
    return reader.digest.hexdigest(), size


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self.digest.update(block)
        return block


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, int(time.time())
    return info


def _extract(source: Path, folder: Path) -> tuple[dict[str, str], Manifest]:
    """Unpack regular files with plain names, and nothing else: (name -> SHA-256, the manifest)."""
    found: dict[str, str] = {}
    try:
        with tarfile.open(source, mode="r|gz") as archive:
            for member in archive:
                if member.name == MANIFEST:
                    return found, _manifest(archive.extractfile(member))
                name = _plain_name(member)
                found[name] = _unpack_one(archive.extractfile(member), folder / name)
    except FileNotFoundError:
        raise NotFound(f"There is no file {source}.") from None
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise InputError("backup_damaged", f"{source} is no whole backup: {type(error).__name__}.") from None
    raise InputError("backup_damaged", f"{source} is no whole backup: it has no manifest.")


def _plain_name(member: tarfile.TarInfo) -> str:
    parts = PurePosixPath(member.name).parts
    if not member.isreg() or len(parts) < 2 or parts[0] != DATA or ".." in parts:
        raise InputError("backup_foreign", f"{member.name!r} doesn't belong into a backup.")
    return "/".join(parts[1:])


def _unpack_one(content: IO[bytes] | None, path: Path) -> str:
    assert content is not None  # of a regular file
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while block := content.read(BLOCK):
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def _manifest(content: IO[bytes] | None) -> Manifest:
    try:
        values = json.loads(content.read(MAX_MANIFEST) if content else b"")
        newer = int(values["format"]) > FORMAT
        manifest = Manifest(dict(values["files"]), int(values["created_ms"]), str(values["version"]))
    except (ValueError, KeyError, TypeError):
        raise InputError("backup_damaged", "This is no whole backup: its manifest can't be read.") from None
    if newer:
        raise InputError("backup_version", f"This backup was written by the newer Presenza {manifest.version}.")
    return manifest


def _compare(source: Path, found: Mapping[str, str], manifest: Manifest) -> None:
    if found == manifest.files:
        return
    names = sorted(set(found.items()) ^ set(manifest.files.items()))
    raise InputError("backup_damaged", f"{source} is damaged: {names[0][0]} is not what the manifest says.")


def _refuse(sentence: str) -> NoReturn:
    raise InputError("backup_damaged", sentence)
