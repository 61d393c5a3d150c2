"""Removing a person, in every store: rows, faces in events, and the order in which pictures go."""

import pytest

from hub.erase import erase_person
from hub.errors import NotFound
from hub.model import Event, Outcome
from hub.store import Store
from hub.store.pictures import MemoryPictures
from tests.integration.store.records import (
    DAY,
    a_correction,
    a_face,
    a_frame,
    a_person,
    a_photo,
    a_template,
    see,
)


@pytest.fixture
def together(store: Store) -> Event:
    """Ada and Bob in one frame, Ada with a photo, a correction, and a frame of her own."""
    for person_id in ("ada", "bob"):
        store.add_person(a_person(person_id))
    store.add_photo(a_photo(person_id="ada"), [a_template(person_id="ada"), a_template(person_id="ada")])
    store.correct(a_correction(person_id="ada"))
    see(store, a_frame(1), a_face("ada", Outcome.UNCERTAIN), picture="results/2026-11-23/1.jpg")
    see(store, a_frame(3), a_face(None, Outcome.UNKNOWN), picture="results/2026-11-23/3.jpg")
    return see(store, a_frame(2), a_face("ada"), a_face("bob"), picture="results/2026-11-23/2.jpg").event


def test_every_row_of_a_removed_person_goes(store: Store, together: Event) -> None:
    removed = store.remove_person("ada")
    # the person, one photo, two templates, one attendance, one correction, two events that are changed
    assert removed.rows == 8
    assert [person.person_id for person in store.people()] == ["bob"]
    assert [seen.person_id for seen in store.attendance(DAY, DAY)] == ["bob"]
    assert store.corrections("ada", DAY) == []
    assert (store.photos("ada"), store.templates("dlib-1"), store.events(person_id="ada")) == ([], [], [])
    with pytest.raises(NotFound):
        store.remove_person("ada")


def test_the_pictures_that_show_a_person_are_named(store: Store, together: Event) -> None:
    shown = ("people/ada/f-1.jpg", "results/2026-11-23/1.jpg", "results/2026-11-23/2.jpg")
    assert store.pictures_of("ada") == shown
    assert store.remove_person("ada").pictures == shown
    assert store.pictures_of("ada") == ()
    assert store.pictures_in_use("") == {"results/2026-11-23/3.jpg"}


def test_events_stay_without_the_face(store: Store, together: Event) -> None:
    store.remove_person("ada")
    event = store.event_of(together.key)
    assert event is not None
    ada, bob = event.faces
    assert (ada.outcome, ada.person_id, ada.distance, ada.margin) == (Outcome.UNKNOWN, None, None, None)
    assert ada.box == together.faces[0].box
    assert bob == together.faces[1]
    assert (event.outcome, event.picture) == (Outcome.RECOGNIZED, None)
    alone = store.event_of(a_frame(1).key)
    assert alone is not None
    assert alone.outcome is Outcome.UNKNOWN
    assert len(store.events()) == 3


def test_all_pictures_of_an_erased_person_are_deleted(store: Store, together: Event) -> None:
    pictures = MemoryPictures()
    for key in (
        *store.pictures_of("ada"),
        "results/2026-11-23/3.jpg",
        "people/ada/left-by-a-crash.jpg",
        "people/bob/f-2.jpg",
        "last/door-1.jpg",
    ):
        pictures.put(key, b"x")
    erased = erase_person(store, pictures, "ada")
    # The last frames of cameras may show anybody; the next frame brings them back.
    assert pictures.keys() == ["people/bob/f-2.jpg", "results/2026-11-23/3.jpg"]
    assert len(erased.pictures) == 5
    assert erased.rows == 8


def test_an_erasure_that_was_interrupted_is_finished_by_the_next(store: Store, together: Event) -> None:
    class FullOfErrors(MemoryPictures):
        broken = True

        def delete(self, key: str) -> bool:
            if self.broken and key.startswith("results"):
                raise OSError("the disk is gone")
            return super().delete(key)

    pictures = FullOfErrors()
    for key in store.pictures_of("ada"):
        pictures.put(key, b"x")
    with pytest.raises(OSError, match="disk is gone"):
        erase_person(store, pictures, "ada")
    assert store.person("ada")
    pictures.broken = False
    erase_person(store, pictures, "ada")
    assert pictures.keys() == []
    with pytest.raises(NotFound):
        store.person("ada")


def test_nobody_can_be_erased(store: Store) -> None:
    pictures = MemoryPictures()
    pictures.put("last/door-1.jpg", b"x")
    with pytest.raises(NotFound):
        erase_person(store, pictures, "p-9")
    assert pictures.keys() == ["last/door-1.jpg"]
