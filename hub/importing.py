"""What `presenza export` wrote, back into a site: into an empty one, or merged with what is there.

The file is read twice, a line at a time. First every line, the counts and the SHA-256 are checked, and
nothing is written. Then it is written in one transaction, the pictures before its end: an import that is
interrupted leaves the site as empty as it was. Merging writes a transaction for some lines each; whoever
interrupts it repeats it, because what is there already changes nothing.
"""

import gzip
import hashlib
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from hub.errors import Conflict, InputError, NotFound
from hub.sealing import Keyring
from hub.store import lines
from hub.store.documents import PICTURES, Document, DocumentRefused, Kind
from hub.store.lines import Head, LineRefused, Picture, Tail
from hub.store.pictures import PictureStore
from hub.store.sqlite import SqliteStore

Show = Callable[[int, int], None]  # bytes done, in all: the file is read twice
GZIP = b"\x1f\x8b"
BATCH = 200  # documents of one transaction, where there are several


@dataclass(slots=True)
class Imported:
    """What the file held, and how much of it changed something here."""

    counts: dict[str, int]
    changed: int = 0
    pictures: int = 0


def import_file(
    source: Path,
    store: SqliteStore,
    pictures: PictureStore,
    keys: Keyring,
    *,
    merge: bool = False,
    show: Show = lambda done, total: None,
) -> Imported:
    """Raises NotFound, Conflict for a store that isn't empty unless `merge`, InputError for a bad file or line."""
    with _opened(source) as (file, progress):
        imported = Imported(dict(_check(file, lambda: show(progress(), 2 * source.stat().st_size))))
    if not merge:
        _refuse_full(store)
    with _opened(source) as (file, progress):
        size = source.stat().st_size
        writing = _Writing(store, pictures, keys, imported)
        (writing.merge if merge else writing.run)(file, lambda: show(size + progress(), 2 * size))
    return imported


def _refuse_full(store: SqliteStore) -> None:
    kind = next((kind for kind in Kind if store.documents.count(kind)), None)
    if kind is not None:
        raise Conflict(
            f"This site isn't empty: it has {store.documents.count(kind)} {kind.value.replace('_', ' ')}. "
            "--merge adds the file to it; or choose another data folder."
        )


# -- reading ------------------------------------------------------------------------------------------
def _check(file: IO[bytes], show: Callable[[], None]) -> dict[str, int]:
    """Read every line and hold the counts and the digest against them; the counts."""
    counts: Counter[str] = Counter()
    head: Head | None = None
    for number, found in _lines(file):
        if isinstance(found, Head) is not (number == 1):
            raise LineRefused(number, "An export begins with one line that says what it is.")
        if isinstance(found, Head):
            head = found
        else:
            counts[_kind(found)] += 1
        show()
    assert head is not None  # `_lines` raises for an empty file
    wrong = [kind for kind in {*head.counts, *counts} if head.counts.get(kind, 0) != counts[kind]]
    if wrong:
        raise InputError("counts", f"The file holds {counts[wrong[0]]} {wrong[0]}, and says that it holds others.")
    return dict(head.counts)


def _kind(found: Document | Picture | Head) -> str:
    return found.kind.value if isinstance(found, Document) else PICTURES


def _lines(file: IO[bytes]) -> Iterator[tuple[int, Document | Picture | Head]]:
    """The lines but the last, which is held against them. Raises LineRefused, or InputError for a file cut short."""
    digest, number = hashlib.sha256(), 0
    while line := _read(file):
        number += 1
        found = lines.parse(line, number)
        if isinstance(found, Tail):
            if (found.lines, found.sha256) != (number - 1, digest.hexdigest()):
                raise InputError("damaged", "The file is damaged: its lines aren't those that its last line says.")
            if _read(file):
                raise LineRefused(number + 1, "There is something after the last line.")
            return
        digest.update(line)
        yield number, found
    raise InputError("cut_short", "The file is cut short: its last line is missing.")


def _read(file: IO[bytes]) -> bytes:
    try:
        return file.readline(lines.MAX_LINE)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError("cut_short", f"The file is cut short or damaged: {type(error).__name__}.") from None


@contextmanager
def _opened(source: Path) -> Iterator[tuple[IO[bytes], Callable[[], int]]]:
    """The file's lines, unpacked if it is packed, and how many bytes of it were read. Raises NotFound."""
    try:
        raw = source.open("rb")
    except OSError as error:
        raise NotFound(f"{source} can't be read: {error.strerror}.") from None
    with raw:
        packed = raw.read(len(GZIP)) == GZIP
        raw.seek(0)
        if not packed:
            yield raw, raw.tell
            return
        with gzip.GzipFile(fileobj=raw) as file:
            yield cast("IO[bytes]", file), raw.tell


# -- writing ------------------------------------------------------------------------------------------
class _Writing:
    def __init__(self, store: SqliteStore, pictures: PictureStore, keys: Keyring, imported: Imported) -> None:
        self._store = store
        self._pictures = pictures
        self._keys = keys
        self._imported = imported
        self._here = {key for prefix in lines.EXPORTED for key in pictures.keys(prefix)}
        self._put: list[str] = []
        self._number = 0  # of the line that is being written

    def run(self, file: IO[bytes], show: Callable[[], None]) -> None:
        """All in one transaction, with the pictures before its end: whatever is named is there."""
        try:
            self._imported.changed = self._store.documents.put_all(self._stream(file, show))
        except DocumentRefused as refusal:
            self._forget_pictures()
            raise self._told(refusal) from None
        except BaseException:
            self._forget_pictures()
            raise

    def merge(self, file: IO[bytes], show: Callable[[], None]) -> None:
        """In small transactions, so that a hub can write between them."""
        waiting: list[tuple[int, Document]] = []
        for number, found in _lines(file):
            if isinstance(found, Document) and not self._is_here(found):
                waiting.append((number, found))
            elif isinstance(found, Picture):
                self._put_picture(found)
            if len(waiting) == BATCH:
                self._flush(waiting)
            show()
        self._flush(waiting)
        # Their rows may have been sent before they were put.
        self._store.send_pictures(self._put)

    def _stream(self, file: IO[bytes], show: Callable[[], None]) -> Iterator[Document]:
        for self._number, found in _lines(file):
            if isinstance(found, Picture):
                self._put_picture(found)
            elif isinstance(found, Document):
                yield lines.sealed(found, self._keys)
            show()

    def _is_here(self, found: Document) -> bool:
        """Whether a document is here just so. Sealed anew, its vectors would look like others."""
        here = self._store.documents.get(found.kind, found.key)
        return here is not None and lines.opened(here, self._keys) == found

    def _flush(self, waiting: list[tuple[int, Document]]) -> None:
        def one_by_one() -> Iterator[Document]:
            for self._number, document in waiting:
                yield lines.sealed(document, self._keys)

        try:
            self._imported.changed += self._store.documents.put_all(one_by_one())
        except DocumentRefused as refusal:
            raise self._told(refusal) from None
        waiting.clear()

    def _put_picture(self, picture: Picture) -> None:
        if picture.data is not None and picture.key not in self._here:
            self._put.append(picture.key)
            self._pictures.put(picture.key, picture.data)
            self._imported.pictures += 1

    def _forget_pictures(self) -> None:
        for key in self._put:
            self._pictures.delete(key)

    def _told(self, refusal: DocumentRefused) -> LineRefused:
        return LineRefused(self._number, str(refusal))
