"""The last frame of each camera on its way to the bucket, for dashboards on other machines.

Cameras send many frames, and each takes the place of the one before: a camera's is sent at once, and then
again after some seconds if there was another. Nobody waits for that, and while the bucket is away nothing
gathers but the names of the cameras.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import structlog

from hub.cloud.bucket import BucketPictures
from hub.errors import NotFound, PresenzaError

EACH_S = 5.0  # between two frames of one camera; whoever asks for a snapshot waits 8
AWAY_S = 15.0  # after the bucket could not be reached
IDLE_S = 30.0  # after which the thread ends, until the next frame

log = structlog.get_logger()


class LastFrames:
    """`read` gives a frame as it lies in the folder, sealed."""

    def __init__(self, bucket: BucketPictures, read: Callable[[str], bytes]) -> None:
        self._bucket = bucket
        self._read = read
        self._changed = threading.Condition()
        self._waiting: dict[str, float] = {}  # key → when it is due
        self._sent: dict[str, float] = {}
        self._thread: threading.Thread | None = None

    def changed(self, key: str) -> None:
        """A camera has a new last frame. Returns at once."""
        with self._changed:
            self._waiting.setdefault(key, max(time.monotonic(), self._sent.get(key, -EACH_S) + EACH_S))
            if self._thread is None:
                self._thread = threading.Thread(target=self._send_all, name="last frames", daemon=True)
                self._thread.start()
            self._changed.notify()

    def gone(self, key: str) -> None:
        """It is not to be sent any more."""
        with self._changed:
            self._waiting.pop(key, None)
            self._sent.pop(key, None)

    def _send_all(self) -> None:
        away = False
        while (key := self._next()) is not None:
            try:
                self._send(key)
                away = False
            except (PresenzaError, OSError) as error:
                if not away:
                    log.warning("last frames stay here", error=str(error))
                away = True
                self._again(key)

    def _send(self, key: str) -> None:
        with suppress(NotFound):
            self._bucket.put_sealed(key, self._read(key))
            try:
                self._read(key)
            except NotFound:  # deleted while it was on its way: it must not stay there
                self._bucket.delete(key)

    def _next(self) -> str | None:
        """The key that is due, once one is; None when there was none for a while."""
        with self._changed:
            while True:
                now_s = time.monotonic()
                key = min(self._waiting, key=self._waiting.__getitem__, default=None)
                if key is not None and self._waiting[key] <= now_s:
                    del self._waiting[key]
                    self._sent[key] = now_s
                    return key
                left_s = IDLE_S if key is None else self._waiting[key] - now_s
                if not self._changed.wait(left_s) and key is None:
                    self._thread = None
                    return None

    def _again(self, key: str) -> None:
        with self._changed:
            now_s = time.monotonic()
            for each in {key, *self._waiting}:
                self._waiting[each] = now_s + AWAY_S
