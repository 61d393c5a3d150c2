"""Static files: served from the package, under addresses that change with their content."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from django.contrib.staticfiles.finders import find
from django.contrib.staticfiles.storage import StaticFilesStorage


class VersionedStorage(StaticFilesStorage):
    """Adds `?v=HASH`, so that a browser may keep a file for a year and still sees a new version at once."""

    def url(self, name: str, force: bool = False) -> str:
        return f"{super().url(name)}?v={_version(name)}"


@cache
def _version(name: str) -> str:
    path = find(name)
    if path is None:
        raise ValueError(f"There is no static file {name!r}.")
    return sha256(Path(str(path)).read_bytes()).hexdigest()[:12]
