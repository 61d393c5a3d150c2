"""People, photos and templates, in every store."""

from dataclasses import replace

import numpy as np
import pytest

from hub.errors import Conflict, InputError, NotFound
from hub.model import Consent
from hub.store import Store
from tests.integration.store.records import ENGINE, a_person, a_photo, a_template, a_vector

HOSTILE = [
    "Robert'); DROP TABLE person;--",
    "%_\\\"'`",
    "nul\x00 in the middle",
    "new\nline\ttab\r",
    "Ünïcödé \u202eright to left",
    "👩‍🏫" * 50,
    "x" * 100_000,
    "{{ 7*7 }}<script>alert(1)</script>",
]


def test_a_person_is_read_as_written(store: Store) -> None:
    person = a_person(name="Ada Example", number="0007", group="1A")
    store.add_person(person)
    assert store.person("p-1") == person
    assert store.people() == [person]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_kept_as_text(store: Store, text: str) -> None:
    person = replace(a_person(name=text, number=text, group=text), consent=Consent(text, text, 1, text))
    store.add_person(person)
    store.add_person(a_person("p-2"))
    assert store.person("p-1") == person
    assert store.people(group=text) == [person]


def test_text_that_is_no_unicode_is_refused(store: Store) -> None:
    with pytest.raises(InputError) as refusal:
        store.add_person(a_person(name="\ud800"))
    assert refusal.value.reason == "encoding"
    assert store.people() == []


def test_people_are_listed_by_name_whatever_the_capitals(store: Store) -> None:
    for number, name in enumerate(["Zoë", "ada", "Émile", "Bob", "Ada"]):
        store.add_person(a_person(f"p-{number}", name=name))
    assert [person.name for person in store.people()] == ["Ada", "ada", "Bob", "Zoë", "Émile"]


def test_people_can_be_listed_by_group(store: Store) -> None:
    store.add_person(a_person("p-1", group="1A"))
    store.add_person(a_person("p-2", group="1B"))
    store.add_person(a_person("p-3"))
    assert [person.person_id for person in store.people(group="1B")] == ["p-2"]
    assert [person.person_id for person in store.people(group="")] == ["p-3"]


def test_an_id_can_be_taken_once(store: Store) -> None:
    store.add_person(a_person())
    with pytest.raises(Conflict, match="exists already"):
        store.add_person(a_person(name="Eve"))
    assert store.person("p-1").name == "Ada"


def test_a_number_can_be_taken_once_but_many_have_none(store: Store) -> None:
    store.add_person(a_person("p-1", number="7"))
    store.add_person(a_person("p-2"))
    store.add_person(a_person("p-3"))
    with pytest.raises(Conflict, match="number"):
        store.add_person(a_person("p-4", number="7"))
    with pytest.raises(Conflict, match="number"):
        store.update_person(a_person("p-2", number="7"))
    assert store.person("p-2").number == ""


def test_a_person_can_be_changed(store: Store) -> None:
    store.add_person(a_person(number="7"))
    changed = a_person(name="Ada Lovelace", number="7", group="2A")
    store.update_person(changed)
    assert store.people() == [changed]


def test_nobody_can_be_changed_read_or_removed(store: Store) -> None:
    for call in (store.person, store.remove_person, store.remove_photo):
        with pytest.raises(NotFound):
            call("p-1")
    with pytest.raises(NotFound):
        store.update_person(a_person())
    assert store.pictures_of("p-1") == ()
    assert store.photos("p-1") == []


def test_a_photo_is_kept_with_its_templates(store: Store) -> None:
    store.add_person(a_person())
    photo = a_photo()
    store.add_photo(photo, [a_template(seed=1), a_template(seed=2)])
    assert store.photos("p-1") == [photo]
    first, second = store.templates(ENGINE)
    assert (first.person_id, first.photo_id, first.engine) == ("p-1", "f-1", ENGINE)
    assert first.vector.dtype == np.float32
    np.testing.assert_array_equal(first.vector, a_vector(1))
    np.testing.assert_array_equal(second.vector, a_vector(2))


def test_templates_of_other_engines_are_not_mixed_in(store: Store) -> None:
    store.add_person(a_person())
    store.add_photo(a_photo(), [a_template(engine="other"), a_template()])
    assert [template.engine for template in store.templates(ENGINE)] == [ENGINE]
    assert store.templates("neither") == []


def test_photos_are_listed_oldest_first(store: Store) -> None:
    store.add_person(a_person())
    for photo_id, created_ms in (("f-b", 20), ("f-c", 10), ("f-a", 20)):
        store.add_photo(a_photo(photo_id, created_ms=created_ms), [])
    assert [photo.photo_id for photo in store.photos("p-1")] == ["f-c", "f-a", "f-b"]


def test_a_photo_needs_a_person_and_an_id_of_its_own(store: Store) -> None:
    with pytest.raises(NotFound):
        store.add_photo(a_photo(), [a_template()])
    assert store.templates(ENGINE) == []
    store.add_person(a_person())
    store.add_photo(a_photo(), [a_template()])
    with pytest.raises(Conflict):
        store.add_photo(a_photo(), [a_template()])
    assert len(store.templates(ENGINE)) == 1


def test_a_removed_photo_takes_its_templates_along(store: Store) -> None:
    store.add_person(a_person())
    store.add_photo(a_photo("f-1"), [a_template("f-1"), a_template("f-1")])
    store.add_photo(a_photo("f-2"), [a_template("f-2")])
    removed = store.remove_photo("f-1")
    assert (removed.rows, removed.pictures) == (3, ("people/p-1/f-1.jpg",))
    assert [template.photo_id for template in store.templates(ENGINE)] == ["f-2"]
    assert [photo.photo_id for photo in store.photos("p-1")] == ["f-2"]


def test_every_change_of_people_changes_the_revision(store: Store) -> None:
    changes = [
        lambda: store.add_person(a_person()),
        lambda: store.update_person(a_person(name="Eve")),
        lambda: store.add_photo(a_photo(), [a_template()]),
        lambda: store.remove_photo("f-1"),
        lambda: store.remove_person("p-1"),
    ]
    revisions = [store.people_revision()]
    for change in changes:
        change()
        revisions.append(store.people_revision())
    assert len(set(revisions)) == len(changes) + 1
    assert store.people_revision() == revisions[-1]


def test_a_refused_change_leaves_the_revision_alone(store: Store) -> None:
    store.add_person(a_person())
    before = store.people_revision()
    with pytest.raises(Conflict):
        store.add_person(a_person())
    with pytest.raises(NotFound):
        store.remove_photo("f-1")
    assert store.people_revision() == before


def test_groups_are_counted_and_renamed(store: Store) -> None:
    for number, group in enumerate(["1B", "1A", "1B", ""]):
        store.add_person(a_person(f"p-{number}", group=group))
    assert store.groups() == {"": 1, "1A": 1, "1B": 2}
    assert list(store.groups()) == ["", "1A", "1B"]
    before = store.people_revision()
    assert store.regroup("1B", "2B") == 2
    assert store.groups() == {"": 1, "1A": 1, "2B": 2}
    assert store.people_revision() != before


def test_a_group_joins_another(store: Store) -> None:
    store.add_person(a_person("p-1", group="1A"))
    store.add_person(a_person("p-2", group="1B"))
    assert store.regroup("1A", "1B") == 1
    assert store.groups() == {"1B": 2}
    assert store.regroup("1A", "1B") == 0
