"""Erasing a person: pictures first, then rows, so that an interruption leaves somebody to erase again."""

from hub.store import Removed, Store
from hub.store.pictures import PictureStore


def erase_person(store: Store, pictures: PictureStore, person_id: str) -> Removed:
    """Delete everything that is kept of a person: rows, enrolment photos, frames that show them.

    The last frames of all cameras go too: they may show anybody, and the next frame brings them back.
    The answer names the pictures that are gone. Raises NotFound; after any other error the person is
    still there, and the call can be repeated.
    """
    store.person(person_id)
    gone = [key for key in _pictures_of(store, pictures, person_id) if pictures.delete(key)]
    removed = store.remove_person(person_id)
    # Frames that were recorded in between, and photos that were just added.
    late = {*removed.pictures, *_own(pictures, person_id), *pictures.keys("last/")}
    gone += [key for key in sorted(late) if pictures.delete(key)]
    return Removed(removed.rows, tuple(gone))


def _pictures_of(store: Store, pictures: PictureStore, person_id: str) -> list[str]:
    keys = {*store.pictures_of(person_id), *pictures.keys("last/"), *_own(pictures, person_id)}
    return sorted(keys)


def _own(pictures: PictureStore, person_id: str) -> list[str]:
    """Enrolment photos, and those that wait to be judged: uploads/{day}/{person_id}/{photo}."""
    waiting = (key for key in pictures.keys("uploads/") if key.split("/")[2:3] == [person_id])
    return [*pictures.keys(f"people/{person_id}/"), *waiting]
