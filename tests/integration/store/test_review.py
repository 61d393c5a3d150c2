"""What people say about unknown faces, in every store."""

import pytest

from hub.errors import NotFound
from hub.model import FacePlace, Outcome
from hub.store import Store
from tests.integration.store.records import a_face, a_frame, a_person, see

STRANGER = a_face(None, Outcome.UNKNOWN, distance=None)


def test_a_face_that_was_named_by_hand_belongs_to_the_person(store: Store) -> None:
    store.add_person(a_person("p-1"))
    event = see(store, a_frame(1), STRANGER, picture="results/2026-11-23/1.jpg").event
    store.name_faces([FacePlace(event.event_id, 0)], "p-1")
    named = store.event(event.event_id)
    assert (named.faces[0].person_id, named.outcome) == ("p-1", Outcome.UNKNOWN)
    assert store.remove_person("p-1").pictures == ("results/2026-11-23/1.jpg",)


def test_naming_a_face_can_be_taken_back(store: Store) -> None:
    store.add_person(a_person("p-1"))
    event = see(store, a_frame(1), STRANGER).event
    for person_id in ("p-1", None):
        store.name_faces([FacePlace(event.event_id, 0)], person_id)
    assert store.event(event.event_id) == event


def test_nobody_who_is_not_there_gets_a_face(store: Store) -> None:
    event = see(store, a_frame(1), STRANGER).event
    with pytest.raises(NotFound):
        store.name_faces([FacePlace(event.event_id, 0)], "p-9")


def test_ignored_faces_stay_ignored_until_they_are_put_back_or_purged(store: Store) -> None:
    faces = [FacePlace(see(store, a_frame(number), STRANGER).event.event_id, 0) for number in (1, 2)]
    store.ignore_faces([*faces, faces[0], FacePlace("no-event", 0)])
    assert store.ignored_faces() == set(faces)
    store.ignore_faces(faces[:1], ignored=False)
    assert store.ignored_faces() == {faces[1]}
    store.purge_events(1 << 60)
    assert store.ignored_faces() == set()
