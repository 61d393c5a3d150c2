"""Pictures that lie sealed in their folder, each to its key, so that none can take another's place."""

from hub.errors import KeyMissing, NotFound, SealBroken
from hub.sealing import OVERHEAD, Keyring, key_id_of
from hub.store.pictures import FolderPictures, check_key


def picture_context(key: str) -> str:
    """What a picture is sealed to, wherever it is kept."""
    return f"picture:{key}"


class SealedPictures:
    """Implements `PictureStore`. JPEGs of older versions are read as they are, until somebody seals them.

    Whoever puts, deletes or seals a picture anew holds the folder alone: else one that is deleted while it
    is sealed anew would come back.
    """

    def __init__(self, folder: FolderPictures, keys: Keyring) -> None:
        self._folder = folder
        self._keys = keys

    def put(self, key: str, data: bytes) -> None:
        check_key(key)
        with self._folder.lock():
            # The current key is looked at while the folder is held: see `sealed_under`.
            self._folder.put(key, self._keys.seal(data, picture_context(key)))

    def keep_sealed(self, key: str, sealed: bytes) -> None:
        """Put what was sealed elsewhere. Raises NotFound for bytes that don't open as this picture."""
        try:
            self._keys.open(sealed, picture_context(check_key(key)))
        except (KeyMissing, SealBroken) as error:
            raise NotFound(f"The picture {key} can't be opened: {error}") from None
        with self._folder.lock():
            self._folder.put(key, sealed)

    def get(self, key: str) -> bytes:
        """Raises NotFound also for a picture that can't be opened."""
        raw = self._folder.get(key)
        try:
            return opened(self._keys, key, raw)
        except KeyMissing as error:
            again = self._folder.get(key)
            if key_id_of(again) == key_id_of(raw):
                raise NotFound(str(error)) from None
            # It was sealed anew, and the key dropped, between our reading of the picture and of the key.
            return opened(self._keys, key, again)
        except SealBroken:
            raise NotFound(f"The picture {key} is damaged.") from None

    def exists(self, key: str) -> bool:
        return self._folder.exists(key)

    def changed_ms(self, key: str) -> int:
        return self._folder.changed_ms(key)

    def delete(self, key: str) -> bool:
        if not self._folder.exists(key):
            return False
        with self._folder.lock():
            return self._folder.delete(key)

    def keys(self, prefix: str = "") -> list[str]:
        return self._folder.keys(prefix)

    def tidy(self, before_ms: int) -> int:
        return self._folder.tidy(before_ms)

    def sealed_under(self) -> dict[str, list[str]]:
        with self._folder.lock():
            pass  # whoever was putting a picture under an older key is done now
        found: dict[str, list[str]] = {}
        for key in self._folder.keys(""):
            try:
                key_id = key_id_of(self._folder.head(key, OVERHEAD)) or ""
            except NotFound:
                continue
            found.setdefault(key_id, []).append(key)
        return found

    def reseal(self, key: str) -> bool:
        with self._folder.lock():
            raw = self._folder.get(key)
            if key_id_of(raw) == self._keys.current_id():
                return False
            self._folder.rewrite(key, self._keys.seal(opened(self._keys, key, raw), picture_context(key)))
            return True


def opened(keys: Keyring, key: str, raw: bytes) -> bytes:
    """A picture's bytes as they were put. Raises KeyMissing, SealBroken."""
    return raw if key_id_of(raw) is None else keys.open(raw, picture_context(key))
