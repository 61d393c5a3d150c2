"""The pictures of a site in the cloud: a folder first, and behind it the bucket that all of its machines share.

| keys                  | who brings them to the bucket             | who reads them there                       |
|-----------------------|-------------------------------------------|--------------------------------------------|
| `results/`, `people/` | the outbox, by `upload` and `delete`      | a machine that lacks one, and keeps it     |
| `uploads/`            | `put`, at once: a hub elsewhere waits     | the hub that is asked to enrol it          |
| `last/`               | a thread, every few seconds at most       | a dashboard elsewhere, anew each time      |
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import structlog

from hub.cloud.bucket import BucketPictures
from hub.cloud.last_frames import LastFrames
from hub.cloud.remote import NotAllowed, Refused, Unreachable
from hub.errors import NotFound, PresenzaError
from hub.sealing import key_id_of
from hub.store.pictures import FolderPictures
from hub.store.sealed_pictures import SealedPictures

UPLOADS = "uploads/"
LAST = "last/"
FORGOTTEN_MS = {UPLOADS: 0, LAST: 30 * 86_400_000}  # how much longer than others they may lie in the bucket
REST_S = 15.0  # how long nobody asks a bucket that just wasn't there: a page shows many pictures
ABSENT_S = 60.0  # how long a picture that isn't there isn't asked for again
REMEMBERED = 4096

log = structlog.get_logger()
T = TypeVar("T")


class MirroredPictures:
    """Implements `PictureStore`. What is listed, and how old it is, is what lies in the folder.

    Puts never wait for the bucket, but for `uploads/`; deletes only for those that no outbox sees to. A
    picture that is only in the bucket raises Unavailable while that can't be reached.
    """

    def __init__(
        self,
        folder: FolderPictures,
        here: SealedPictures,
        bucket: BucketPictures,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._here = here
        self._bucket = bucket
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._absent: OrderedDict[str, float] = OrderedDict()
        self._rests_until_s = 0.0
        self._last_frames = LastFrames(bucket, folder.get)

    def put(self, key: str, data: bytes) -> None:
        self._here.put(key, data)
        if key.startswith(LAST):
            self._last_frames.changed(key)
        elif key.startswith(UPLOADS):
            self._quietly(lambda: self._bucket.put_sealed(key, self._folder.get(key)), "photo stays here")

    def get(self, key: str) -> bytes:
        with suppress(NotFound):
            return self._here.get(key)
        if key.startswith(LAST):
            return self._asked(lambda: self._bucket.get(key))
        self._fetch(key)
        return self._here.get(key)

    def exists(self, key: str) -> bool:
        if self._here.exists(key):
            return True
        try:
            if key.startswith(LAST):
                return self._asked(lambda: self._bucket.exists(key))
            self._fetch(key)
        except PresenzaError:
            return False
        return True

    def changed_ms(self, key: str) -> int:
        if key.startswith(LAST) and not self._here.exists(key):
            return self._asked(lambda: self._bucket.changed_ms(key))
        return self._here.changed_ms(key)

    def delete(self, key: str) -> bool:
        there = self._here.delete(key)
        self._last_frames.gone(key)
        if key.startswith((UPLOADS, LAST)):
            self._quietly(lambda: self._bucket.delete(key), "picture stays in the bucket for now")
        return there

    def keys(self, prefix: str = "") -> list[str]:
        return self._here.keys(prefix)

    def tidy(self, before_ms: int) -> int:
        self._quietly(lambda: self._tidy_bucket(before_ms), "photos stay in the bucket")
        return self._here.tidy(before_ms)

    def sealed_under(self) -> dict[str, list[str]]:
        return self._here.sealed_under()

    def reseal(self, key: str) -> bool:
        return self._here.reseal(key)

    def _fetch(self, key: str) -> None:
        """Take a picture from the bucket, sealed as it is. Raises NotFound, or what the bucket raises."""
        self._here.exists(key)  # refuses what is no key
        now_s = self._clock_s()
        with self._lock:
            if self._absent.get(key, -ABSENT_S) > now_s - ABSENT_S:
                raise NotFound("There is no such picture.")
        try:
            sealed = self._asked(lambda: self._bucket.get_sealed(key))
        except NotFound:
            self._remember_absent(key, now_s)
            raise
        self._here.keep_sealed(key, sealed)

    def _asked(self, ask: Callable[[], T]) -> T:
        """What the bucket answers; for a while after it couldn't be reached nobody asks."""
        if self._clock_s() < self._rests_until_s:
            raise Unreachable("The bucket couldn't be reached just now.")
        try:
            return ask()
        except (Unreachable, NotAllowed, Refused):
            self._rests_until_s = self._clock_s() + REST_S
            raise

    def _remember_absent(self, key: str, now_s: float) -> None:
        with self._lock:
            self._absent[key] = now_s
            while len(self._absent) > REMEMBERED:
                self._absent.popitem(last=False)

    def _tidy_bucket(self, before_ms: int) -> None:
        for prefix, longer_ms in FORGOTTEN_MS.items():
            for key, put_ms in self._bucket.listed(prefix):
                if put_ms < before_ms - longer_ms:
                    self._bucket.delete(key)

    def _quietly(self, call: Callable[[], object], otherwise: str) -> None:
        if self._clock_s() < self._rests_until_s:
            return
        try:
            call()
        except NotFound:
            return  # deleted meanwhile
        except (Unreachable, NotAllowed, Refused) as error:
            self._rests_until_s = self._clock_s() + REST_S
            log.warning(otherwise, error=str(error))


class Uploads:
    """What the outbox sends pictures with: the bucket gets the bytes as they lie in the folder, sealed."""

    def __init__(self, folder: FolderPictures, here: SealedPictures, bucket: BucketPictures) -> None:
        self._folder = folder
        self._here = here
        self._bucket = bucket

    def upload(self, key: str) -> None:
        """Copy a picture to the bucket; one that isn't on the disk (any more) is left alone.

        Raises Unreachable, NotAllowed, Refused; and Refused for one that isn't sealed and can't be.
        """
        try:
            sealed = self._folder.get(key)
            if key_id_of(sealed) is None:
                self._here.reseal(key)
                sealed = self._folder.get(key)
        except NotFound:
            return
        if key_id_of(sealed) is None:
            raise Refused(f"{key} isn't sealed.")
        self._bucket.put_sealed(key, sealed)

    def delete(self, key: str) -> None:
        """Delete a picture from the bucket, if it is there."""
        self._bucket.delete(key)
