"""From the settings to the store, the pictures and the keys that they name."""

from hub.cloud.bucket import BucketPictures
from hub.cloud.mirrored_pictures import MirroredPictures, Uploads
from hub.sealing import Keyring
from hub.settings import Settings
from hub.store.pictures import FolderPictures, PictureStore
from hub.store.sealed_pictures import SealedPictures
from hub.store.sqlite import SqliteStore


def open_store(settings: Settings) -> SqliteStore:
    """Open the store, or make it; where the cloud has it too, every change of it is noted from now on.

    Raises StoreCorrupt, KeyMissing, Unavailable or Busy; whoever opens it closes it.
    """
    store = SqliteStore(settings.database, open_keys(settings))
    if settings.store == "firestore":
        store.outbox.switch_on(f"{settings.firebase_project}/{settings.space}")
    return store


def open_pictures(settings: Settings) -> PictureStore:
    """The picture store beside it; with a bucket of the cloud behind it where the settings name one."""
    folder, keys = FolderPictures(settings.pictures_dir), open_keys(settings)
    here = SealedPictures(folder, keys)
    if settings.store == "firestore" and settings.storage_bucket:
        return MirroredPictures(folder, here, BucketPictures(settings, keys))
    return here


def open_uploads(settings: Settings) -> Uploads | None:
    """What brings pictures to the cloud; None where they stay on this machine."""
    if settings.store != "firestore" or not settings.storage_bucket:
        return None
    folder, keys = FolderPictures(settings.pictures_dir), open_keys(settings)
    return Uploads(folder, SealedPictures(folder, keys), BucketPictures(settings, keys))


def open_keys(settings: Settings) -> Keyring:
    """The keys that both are sealed under; the file is made when it is first needed."""
    return Keyring(settings.site_key)
