"""From the settings to the store and the pictures that they name."""

from hub.settings import Settings
from hub.store import Store
from hub.store.pictures import FolderPictures, PictureStore
from hub.store.sqlite import SqliteStore


def open_store(settings: Settings) -> Store:
    """Open the store, or make it. Raises StoreCorrupt, Unavailable or Busy; whoever opens it closes it."""
    return SqliteStore(settings.database)


def open_pictures(settings: Settings) -> PictureStore:
    """The picture store beside it."""
    return FolderPictures(settings.pictures_dir)
