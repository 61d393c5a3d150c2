"""What people say about unknown faces, in every store."""

import pytest

from hub.errors import NotFound
from hub.model import FacePlace, Negative, Outcome
from hub.store import Store
from tests.integration.store.records import a_face, a_frame, a_person, a_vector, see

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


# -- faces that somebody might name ------------------------------------------------
def open_faces(store: Store, **more: int) -> list[tuple[str, int]]:
    return [(event.event_id, place) for event, place in store.open_faces(**more)]


def test_unknown_and_uncertain_faces_with_a_picture_are_open(store: Store) -> None:
    store.add_person(a_person("p-1"))
    uncertain = a_face("p-1", Outcome.UNCERTAIN)
    events = [
        see(store, a_frame(n), face, picture=f"results/{n}.jpg").event
        for n, face in enumerate((STRANGER, uncertain), 1)
    ]
    see(store, a_frame(3), STRANGER)
    see(store, a_frame(4), a_face(None, Outcome.LOW_QUALITY), picture="results/4.jpg")
    see(store, a_frame(5), a_face("p-1"), picture="results/5.jpg")
    assert open_faces(store) == [(events[1].event_id, 0), (events[0].event_id, 0)]


def test_a_stranger_beside_somebody_who_was_recognized_is_open_too(store: Store) -> None:
    store.add_person(a_person("p-1"))
    event = see(store, a_frame(1), a_face("p-1"), STRANGER, STRANGER, picture="results/1.jpg").event
    assert open_faces(store) == [(event.event_id, 1), (event.event_id, 2)]
    assert store.open_faces()[0][0] == event


def test_a_face_whose_name_was_denied_is_open_until_somebody_names_it(store: Store) -> None:
    store.add_person(a_person("p-1"))
    store.add_person(a_person("p-2", name="Bob"))
    event = see(store, a_frame(1), a_face("p-1"), picture="results/1.jpg").event
    store.deny(Negative(event.event_id, 0, "p-1", "an engine", a_vector(), "the office", 5_000))
    assert open_faces(store) == [(event.event_id, 0)]
    store.name_faces([FacePlace(event.event_id, 0)], "p-2")
    assert open_faces(store) == []


def test_what_was_named_or_ignored_is_not_open(store: Store) -> None:
    store.add_person(a_person("p-1"))
    events = [see(store, a_frame(n), STRANGER, picture=f"results/{n}.jpg").event for n in (1, 2, 3)]
    store.name_faces([FacePlace(events[0].event_id, 0)], "p-1")
    store.ignore_faces([FacePlace(events[1].event_id, 0)])
    assert open_faces(store) == [(events[2].event_id, 0)]
    store.ignore_faces([FacePlace(events[1].event_id, 0)], ignored=False)
    assert open_faces(store, limit=1) == [(events[2].event_id, 0)]
    assert len(open_faces(store)) == 2
    store.purge_pictures(1 << 60)
    assert open_faces(store) == []
