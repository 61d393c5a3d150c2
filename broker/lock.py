"""One broker a data folder, held by a file lock that ends with its process however that ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from hub.errors import Busy
from hub.settings import Settings


@contextmanager
def locked(settings: Settings) -> Iterator[int]:
    """Hold the data folder's broker lock. Raises Busy when another process has it.

    Yields the lock's file descriptor: pass it on to mosquitto (`pass_fds`), then the lock also
    holds while a mosquitto lives on whose parent was killed.
    """
    settings.broker_dir.mkdir(parents=True, exist_ok=True)
    fd = os.open(settings.broker_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(fd, 20, 0).decode(errors="replace").strip()
            raise Busy(
                f"A broker already runs on the data folder {settings.data_dir}"
                f"{f' (process {holder})' if holder.isdigit() else ''}. "
                "Stop it first, or choose another folder with --data-dir."
            ) from None
        os.ftruncate(fd, 0)
        yield fd
    finally:
        os.close(fd)


def write_holder(lock: int, pid: int) -> None:
    """Say in the lock file which process is the broker."""
    os.pwrite(lock, f"{pid}\n".encode(), 0)
