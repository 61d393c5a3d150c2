"""Files of the cache folder: made once, shared by processes that may make them at the same moment."""

import os
import tempfile
from pathlib import Path

from hub.errors import PresenzaError


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, readable by everybody, so that it is there whole or not at all. Raises PresenzaError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
            unfinished = Path(file.name)
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                os.fchmod(file.fileno(), 0o644)
                unfinished.replace(path)
            except BaseException:
                unfinished.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise PresenzaError(f"{path} can't be written: {error.strerror}.") from error
