"""Faces that were taken for somebody and aren't, in every store."""

from dataclasses import replace

import numpy as np
import pytest

from hub.errors import NotFound
from hub.model import Denied, FacePlace, Negative, Outcome
from hub.store import Store
from tests.integration.store.records import ENGINE, a_face, a_frame, a_person, a_vector, see


@pytest.fixture
def negative(store: Store) -> Negative:
    """A face of an event that shows Bob and was taken for Ada."""
    store.add_person(a_person("p-1"))
    store.add_person(a_person("p-2", name="Bob"))
    event = see(store, a_frame(1), a_face("p-1"), picture="results/2026-11-23/1.jpg").event
    return Negative(event.event_id, 0, "p-1", ENGINE, a_vector(3), "the office", 5_000)


def place(negative: Negative) -> FacePlace:
    return FacePlace(negative.event_id, negative.place)


def test_a_denied_face_loses_the_name_and_is_kept_as_an_example(store: Store, negative: Negative) -> None:
    store.deny(negative)
    (kept,) = store.negatives(ENGINE)
    assert (kept.event_id, kept.place, kept.person_id, kept.by, kept.at_ms) == (
        negative.event_id,
        0,
        "p-1",
        "the office",
        5_000,
    )
    np.testing.assert_array_equal(kept.vector, negative.vector)
    face = store.event(negative.event_id).faces[0]
    assert (face.person_id, face.outcome) == (None, Outcome.RECOGNIZED)
    assert store.negatives("another") == []


def test_a_denial_is_undone_as_if_it_had_never_been(store: Store, negative: Negative) -> None:
    before = store.event(negative.event_id)
    store.deny(negative)
    assert store.undo_denial(place(negative)) == "p-1"
    assert (store.event(negative.event_id), store.negatives(ENGINE)) == (before, [])
    with pytest.raises(NotFound):
        store.undo_denial(place(negative))


def test_who_was_named_in_the_meantime_keeps_the_face(store: Store, negative: Negative) -> None:
    store.deny(negative)
    store.name_faces([place(negative)], "p-2")
    store.undo_denial(place(negative))
    assert store.event(negative.event_id).faces[0].person_id == "p-2"


def test_a_face_that_shows_somebody_else_already_keeps_that_name(store: Store, negative: Negative) -> None:
    store.name_faces([place(negative)], "p-2")
    store.deny(negative)
    assert store.event(negative.event_id).faces[0].person_id == "p-2"


def test_only_faces_and_people_that_are_there_can_be_denied(store: Store, negative: Negative) -> None:
    for wrong in (replace(negative, place=1), replace(negative, event_id="e"), replace(negative, person_id="p-9")):
        with pytest.raises(NotFound):
            store.deny(wrong)
    assert store.negatives(ENGINE) == []


def test_a_second_denial_replaces_the_first(store: Store, negative: Negative) -> None:
    store.deny(negative)
    store.deny(replace(negative, person_id="p-2"))
    assert [kept.person_id for kept in store.negatives(ENGINE)] == ["p-2"]


def test_other_processes_notice_denials(store: Store, negative: Negative) -> None:
    revisions = [store.people_revision()]
    store.deny(negative)
    revisions.append(store.people_revision())
    store.undo_denial(place(negative))
    revisions.append(store.people_revision())
    assert len(set(revisions)) == 3


def test_a_denial_goes_with_its_event(store: Store, negative: Negative) -> None:
    store.deny(negative)
    store.purge_pictures(1 << 60)
    assert len(store.negatives(ENGINE)) == 1
    store.purge_events(1 << 60)
    assert store.negatives(ENGINE) == []


def test_a_denial_goes_with_the_person_whose_name_was_denied(store: Store, negative: Negative) -> None:
    store.deny(negative)
    store.remove_person("p-1")
    assert store.negatives(ENGINE) == []


def test_a_denial_goes_with_the_person_whose_face_it_is(store: Store, negative: Negative) -> None:
    store.deny(negative)
    store.name_faces([place(negative)], "p-2")
    store.remove_person("p-2")
    assert store.negatives(ENGINE) == []


def test_corrections_are_listed_by_person_and_by_event(store: Store, negative: Negative) -> None:
    other = see(store, a_frame(2), a_face("p-1"), a_face("p-2")).event
    store.deny(negative)
    store.deny(Negative(other.event_id, 1, "p-2", "another engine", a_vector(4), "a teacher", 6_000))
    assert [denied.place for denied in store.denials()] == [1, 0]
    assert store.denials(person_id="p-1") == [Denied(negative.event_id, 0, "p-1", "the office", 5_000)]
    assert store.denials(event_id=other.event_id) == [Denied(other.event_id, 1, "p-2", "a teacher", 6_000)]
    assert store.denials(person_id="p-2", event_id=negative.event_id) == []


def test_the_score_is_kept_with_the_face(store: Store) -> None:
    store.add_person(a_person("p-1"))
    event = see(store, a_frame(1), replace(a_face("p-1"), score=0.0002)).event
    assert store.event(event.event_id).faces[0].score == 0.0002
