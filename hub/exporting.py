"""A site's people, attendance, events, cameras and pictures into one file: `hub.store.lines` says how it looks.

The database is copied first, so the file is one moment's, while hub and dashboard go on. Nothing is held
in memory but one page of documents, or one picture.
"""

import gzip
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, cast

from hub.errors import Conflict, NotFound, Unavailable
from hub.sealing import Keyring
from hub.settings import Settings
from hub.store import lines, snapshot
from hub.store.documents import PICTURES, Kind
from hub.store.opening import open_keys, open_pictures
from hub.store.pictures import PictureStore
from hub.store.sqlite import SqliteStore

Show = Callable[[int, int], None]  # lines done, in all
COMPRESS = 1  # nearly all of it are JPEGs in base64, on which a stronger compression is wasted


@dataclass(frozen=True, slots=True)
class Exported:
    """What is in the file; `gone` are pictures that documents name and that aren't there any more."""

    counts: dict[str, int]
    gone: int
    size_bytes: int


def export(settings: Settings, target: Path, show: Show = lambda done, total: None) -> Exported:
    """Write everything to the new file `target`, readable for its owner only; gzip when its name ends in .gz.

    Raises NotFound without a database, Conflict when `target` exists, KeyMissing or StoreCorrupt for what
    can't be opened, Unavailable for a mirror that isn't whole and for pictures that can't be fetched.
    """
    if not settings.database.exists():
        raise NotFound(f"There is no {settings.database}.")
    if target.exists():
        raise Conflict(f"{target} exists already; an export never replaces another.")
    with _copy(settings, target.absolute().parent) as store:
        if settings.store == "firestore" and store.outbox.figures().pulled_ms is None:
            raise Unavailable("This machine hasn't got everything from Firestore yet: see `presenza sync status`.")
        with _new_file(target) as file:
            counts, gone = _write(store, open_pictures(settings), open_keys(settings), file, show)
    return Exported(counts, gone, target.stat().st_size)


def _write(
    store: SqliteStore, pictures: PictureStore, keys: Keyring, file: IO[bytes], show: Show
) -> tuple[dict[str, int], int]:
    named = sorted(key for key in store.pictures_in_use("") if key.startswith(lines.EXPORTED))
    counts = {kind.value: store.documents.count(kind) for kind in Kind} | {PICTURES: len(named)}
    total, gone = sum(counts.values()), 0
    digest, done = hashlib.sha256(), 0

    def put(line: bytes) -> None:
        nonlocal done
        file.write(line)
        digest.update(line)
        done += 1
        show(done - 1, total)

    put(lines.head(counts))
    for kind in Kind:
        for document in store.documents.all(kind):
            put(lines.document(lines.opened(document, keys)))
    for key in named:
        data = _picture(pictures, key)
        gone += data is None
        put(lines.picture(key, data))
    file.write(lines.tail(done, digest.hexdigest()))
    return counts, gone


def _picture(pictures: PictureStore, key: str) -> bytes | None:
    try:
        return pictures.get(key)
    except NotFound:
        return None


@contextmanager
def _copy(settings: Settings, folder: Path) -> Iterator[SqliteStore]:
    """The store as it is at this moment, in a folder that nobody else can read."""
    with TemporaryDirectory(dir=folder, prefix=".presenza-export-") as private:
        path = Path(private) / "presenza.db"
        snapshot.copy(settings.database, path)
        with closing(SqliteStore(path, open_keys(settings))) as store:
            yield store


@contextmanager
def _new_file(target: Path) -> Iterator[IO[bytes]]:
    """A file that is there whole or not at all."""
    unfinished = target.with_name(f".{target.name}.part")
    try:
        fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "wb") as file:
            if target.name.endswith(".gz"):
                # Without name and time, so that the same content gives the same file.
                with gzip.GzipFile("", "wb", COMPRESS, file, mtime=0) as packed:
                    yield cast("IO[bytes]", packed)
            else:
                yield file
            file.flush()
            os.fsync(fd)
        unfinished.replace(target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
