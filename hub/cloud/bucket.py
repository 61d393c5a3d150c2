"""Pictures in a bucket of Firebase Storage, sealed: objects `{space}/{key}`.

Every call tries once and ends within seconds. With the library's own retries one would last for minutes
(`timeout=` bounds a single try, its default retry goes on for 120 s); who calls knows when to try again.
A call that has to renew the hourly token takes half a minute at worst: the library connects four times for it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hub.cloud import firebase
from hub.cloud.remote import NotAllowed, Refused, Unreachable
from hub.cloud.starting import explain
from hub.errors import KeyMissing, NotFound, SealBroken
from hub.sealing import OVERHEAD, Keyring, key_id_of
from hub.settings import Settings
from hub.store.pictures import check_key, check_prefix
from hub.store.sealed_pictures import opened, picture_context

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Bucket

CONNECT_S = 5.0
ANSWER_S = 10.0  # between two packets of an answer: a picture on a slow line takes longer in all
ONCE: dict[str, Any] = {"retry": None, "timeout": (CONNECT_S, ANSWER_S)}
SEALED = "application/octet-stream"


class BucketPictures:
    """Implements `PictureStore`. Every method also raises Unreachable, NotAllowed, or Refused.

    What `put` replaces is gone, `reseal` makes a picture younger, and `tidy` has nothing to do: an upload
    that was interrupted leaves nothing.
    """

    def __init__(self, settings: Settings, keys: Keyring) -> None:
        """Talks to nobody, and loads Google's library only when it is first needed."""
        self._settings = settings
        self._keys = keys
        self._lock = threading.Lock()
        self._opened: Bucket | None = None

    def put(self, key: str, data: bytes) -> None:
        self.put_sealed(key, self._keys.seal(data, picture_context(check_key(key))))

    def get(self, key: str) -> bytes:
        try:
            return opened(self._keys, key, self.get_sealed(key))
        except (KeyMissing, SealBroken) as error:
            raise NotFound(f"The picture {key} in the bucket can't be opened: {error}") from None

    def put_sealed(self, key: str, sealed: bytes) -> None:
        """Keep bytes as they are; the caller vouches that they are sealed."""
        with self._errors():
            self._blob(key).upload_from_string(sealed, content_type=SEALED, **ONCE)

    def get_sealed(self, key: str) -> bytes:
        """Raises NotFound."""
        with self._errors(key):
            return bytes(self._blob(key).download_as_bytes(single_shot_download=True, **ONCE))

    def exists(self, key: str) -> bool:
        try:
            self.changed_ms(key)
        except NotFound:
            return False
        return True

    def changed_ms(self, key: str) -> int:
        blob = self._blob(key)
        with self._errors(key):
            blob.reload(**ONCE)
        return _ms(blob.updated)

    def delete(self, key: str) -> bool:
        try:
            with self._errors(key):
                self._blob(key).delete(**ONCE)
        except NotFound:
            return False
        return True

    def keys(self, prefix: str = "") -> list[str]:
        return sorted(name for name, _ in self.listed(prefix))

    def listed(self, prefix: str = "") -> list[tuple[str, int]]:
        """The keys that begin with `prefix`, and when each was put."""
        root = f"{self._settings.space}/"
        with self._errors():
            found = list(self._bucket().list_blobs(prefix=root + check_prefix(prefix), **ONCE))
        return [(blob.name.removeprefix(root), _ms(blob.updated)) for blob in found]

    def tidy(self, before_ms: int) -> int:
        return 0

    def sealed_under(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for key in self.keys(""):
            try:
                with self._errors(key):
                    head = bytes(self._blob(key).download_as_bytes(start=0, end=OVERHEAD - 1, checksum=None, **ONCE))
            except NotFound:
                continue
            found.setdefault(key_id_of(head) or "", []).append(key)
        return found

    def reseal(self, key: str) -> bool:
        raw = self.get_sealed(key)
        if key_id_of(raw) == self._keys.current_id():
            return False
        self.put(key, opened(self._keys, key, raw))
        return True

    # -- Google's library -----------------------------------------------------
    def _blob(self, key: str) -> "Blob":
        return self._bucket().blob(f"{self._settings.space}/{check_key(key)}")

    def _bucket(self) -> "Bucket":
        with self._lock:
            if self._opened is None:
                self._opened = firebase.bucket(self._settings)
            return self._opened

    @contextmanager
    def _errors(self, key: str = "") -> Iterator[None]:
        """Google's errors as ours; a missing object is NotFound where a `key` is asked for."""
        from google.api_core import exceptions as api
        from google.auth.exceptions import GoogleAuthError
        from requests import RequestException

        try:
            yield
        except api.NotFound as error:
            if key and "bucket does not exist" not in str(error):
                raise NotFound("There is no such picture.") from None
            raise self._told(error) from None
        except api.BadRequest as error:
            raise Refused(f"The bucket can't take this picture ({type(error).__name__}).") from None
        except (api.GoogleAPIError, GoogleAuthError) as error:
            raise self._told(error) from None
        except (RequestException, ConnectionError, TimeoutError) as error:
            raise Unreachable(f"The bucket can't be reached ({type(error).__name__}).") from None

    def _told(self, error: Exception) -> Exception:
        trouble = explain(error, self._settings, bucket=True)
        if trouble.away:
            return Unreachable(f"The bucket can't be reached ({type(error).__name__}).")
        return NotAllowed(f"{trouble.message} {trouble.todo}")


def _ms(at: datetime | None) -> int:
    return int((at or datetime.fromtimestamp(0, UTC)).timestamp() * 1000)
