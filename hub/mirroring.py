"""From the settings to the work that keeps this machine's store and Firestore the same."""

from collections.abc import Callable, Collection
from contextlib import suppress

from hub.cloud.firestore import Firestore
from hub.cloud.pull import Pulled
from hub.cloud.sync import Sync
from hub.erase import erase_person
from hub.errors import NotFound
from hub.settings import Settings
from hub.store.opening import open_uploads
from hub.store.pictures import PictureStore
from hub.store.sqlite import SqliteStore


def open_sync(
    settings: Settings,
    store: SqliteStore,
    pictures: PictureStore,
    on_pulled: Callable[[Pulled], None] = lambda pulled: None,
) -> Sync | None:
    """The work of this process, to be run as a task; None where all is kept on this machine alone."""
    if settings.store != "firestore":
        return None

    def erase(person_id: str) -> None:
        with suppress(NotFound):
            erase_person(store, pictures, person_id)

    def forget_pictures(keys: Collection[str]) -> None:
        for key in keys:
            pictures.delete(key)

    return Sync(
        store,
        settings.data_dir,
        lambda: Firestore(settings, store.outbox.origin()),
        open_uploads(settings),
        erase=erase,
        forget_pictures=forget_pictures,
        keep_events_days=settings.keep_events_days,
        on_pulled=on_pulled,
    )
