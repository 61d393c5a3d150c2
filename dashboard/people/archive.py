"""The photos of an import: a ZIP that isn't trusted. Nothing is ever unpacked to the disk."""

import zipfile
from collections.abc import Mapping
from typing import IO

from django.utils.translation import gettext as _

from dashboard.people.uploads import MAX_BYTES
from hub.errors import InputError, InvalidImage

MAX_ENTRIES = 50_000
MAX_TOTAL = 4 * 1024**3  # bytes of all photos
MAX_RATIO = 20  # photos don't shrink; what does is no photo
_BROKEN = (zipfile.BadZipFile, NotImplementedError, OSError, RuntimeError, EOFError, ValueError)


class Archive:
    """Photos by the last part of their path, as people name them in the table."""

    def __init__(self, file: IO[bytes]) -> None:
        """Raises InputError for what isn't a ZIP or can't be one of photos."""
        try:
            self._zip = zipfile.ZipFile(file)
        except _BROKEN:
            raise InputError("zip", _("The photos are no ZIP file, or a damaged one.")) from None
        self._entries = self._check(self._zip.infolist())

    @property
    def names(self) -> Mapping[str, zipfile.ZipInfo]:
        return self._entries

    def read(self, name: str) -> bytes:
        """A photo's bytes. Raises InvalidImage with `not_found`, `too_large` or `decode`."""
        entry = self._entries.get(name)
        if entry is None:
            raise InvalidImage("not_found")
        if entry.file_size > MAX_BYTES:
            raise InvalidImage("too_large")
        try:
            with self._zip.open(entry) as file:
                data = file.read(MAX_BYTES + 1)  # the size in the directory may lie
        except _BROKEN:
            raise InvalidImage("decode") from None
        if len(data) > MAX_BYTES:
            raise InvalidImage("too_large")
        return data

    def _check(self, entries: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        if len(entries) > MAX_ENTRIES:
            raise InputError("zip", _("The ZIP has more than %(n)d files.") % {"n": MAX_ENTRIES})
        if sum(entry.file_size for entry in entries) > MAX_TOTAL:
            raise InputError("zip", _("The ZIP unpacks to more than 4 GB."))
        known: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            _refuse(entry)
            if not entry.is_dir():
                known[entry.filename.rpartition("/")[2]] = entry
        return known


def _refuse(entry: zipfile.ZipInfo) -> None:
    """Raise InputError for an entry that is meant to do harm."""
    parts = entry.filename.replace("\\", "/").split("/")
    if entry.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        raise InputError("zip", _("The ZIP has a file whose path leads out of it."))
    if (entry.external_attr >> 16) & 0o170000 == 0o120000:
        raise InputError("zip", _("The ZIP has a link in it; only photos are taken."))
    if entry.file_size > 1024 * 1024 and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
        raise InputError("zip", _("The ZIP has a file that unpacks to far more than a photo."))
