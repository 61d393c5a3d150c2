"""Templates made anew by another engine, in every store."""

import numpy as np
import pytest

from hub.store import Store
from tests.integration.store.records import a_person, a_photo, a_template

OLD, NEW = "old", "new"


@pytest.fixture
def enrolled(store: Store) -> Store:
    """Ada with three photos, encoded by the old engine."""
    store.add_person(a_person("ada"))
    for number in (2, 1, 3):
        photo_id = f"f-{number}"
        templates = [a_template(photo_id, "ada", engine=OLD, seed=seed) for seed in (number, 10 + number)]
        store.add_photo(a_photo(photo_id, "ada", created_ms=number), templates)
    return store


def anew(*photo_ids: str, seed: int = 5) -> list:
    return [a_template(photo_id, "ada", engine=NEW, seed=seed + n) for photo_id in photo_ids for n in (0, 1)]


def test_engines_are_counted_by_their_photos(enrolled: Store) -> None:
    enrolled.add_templates(anew("f-1"))
    assert enrolled.templated() == {OLD: 3, NEW: 1}


def test_an_empty_store_knows_no_engine(store: Store) -> None:
    assert store.templated() == {}
    assert store.photos_without(NEW) == []


def test_the_photos_that_an_engine_has_not_encoded_are_told_the_oldest_first(enrolled: Store) -> None:
    assert enrolled.photos_without(OLD) == []
    enrolled.add_templates(anew("f-2"))
    assert [photo.photo_id for photo in enrolled.photos_without(NEW)] == ["f-1", "f-3"]


def test_templates_of_two_engines_stand_side_by_side(enrolled: Store) -> None:
    before = enrolled.people_revision()
    enrolled.add_templates(anew("f-1", "f-3"))
    assert [t.photo_id for t in enrolled.templates(NEW)] == ["f-1", "f-1", "f-3", "f-3"]
    assert {t.person_id for t in enrolled.templates(NEW)} == {"ada"}
    assert len(enrolled.templates(OLD)) == 6
    assert enrolled.people_revision() > before


def test_encoding_a_photo_twice_leaves_the_last_templates(enrolled: Store) -> None:
    enrolled.add_templates(anew("f-1", seed=5))
    enrolled.add_templates(anew("f-1", seed=7)[:1])
    (template,) = enrolled.templates(NEW)
    assert np.array_equal(template.vector, a_template(seed=7).vector)


def test_templates_of_a_photo_that_is_gone_are_left_out(enrolled: Store) -> None:
    enrolled.remove_photo("f-2")
    enrolled.add_templates(anew("f-1", "f-2"))
    assert {t.photo_id for t in enrolled.templates(NEW)} == {"f-1"}


def test_old_templates_are_forgotten_where_there_are_new_ones(enrolled: Store) -> None:
    enrolled.add_templates(anew("f-1", "f-2"))
    before = enrolled.people_revision()
    assert enrolled.forget_templates(NEW) == 4
    assert [t.photo_id for t in enrolled.templates(OLD)] == ["f-3", "f-3"]
    assert enrolled.templated() == {OLD: 1, NEW: 2}
    assert enrolled.people_revision() > before
    assert enrolled.forget_templates(NEW) == 0
