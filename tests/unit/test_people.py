"""Who may be enrolled."""

import pytest

from hub import people
from hub.errors import EnrolmentRefused, NotFound
from hub.model import Person
from hub.store.memory import MemoryStore


def ada(**changes: str) -> Person:
    data = {"name": "Ada Example", "number": "7", "group": "5a", "consent": "I agree.", "recorded_by": "office"}
    return people.new_person(**{**data, **changes}, now_ms=1_790_000_000_000)


@pytest.mark.parametrize("consent", ["", "  \n"])
def test_nobody_is_enrolled_without_consent(consent: str):
    with pytest.raises(EnrolmentRefused, match="consent") as refusal:
        ada(consent=consent)
    assert refusal.value.reason == "consent"


def test_the_consent_keeps_text_time_recorder_and_version():
    consent = ada(consent=" I agree. ").consent
    assert (consent.text, consent.recorded_by, consent.at_ms) == ("I agree.", "office", 1_790_000_000_000)
    assert consent.version == people.text_version("I agree.") != people.text_version("I agree!")


def test_a_version_that_is_given_is_kept():
    assert ada(version="2026-11").consent.version == "2026-11"


def test_ids_are_never_the_same():
    assert len({ada().person_id for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("field", "text"),
    [("name", ""), ("name", "x" * 201), ("name", "Ada\x1b[2J"), ("number", "1\n2"), ("group", "a\u202eb")],
)
def test_data_that_could_mislead_is_refused(field: str, text: str):
    with pytest.raises(EnrolmentRefused) as refusal:
        ada(**{field: text})
    assert refusal.value.reason == field


@pytest.mark.parametrize("name", ["Zoë", "علی‌رضا", "李小龍", "O'Brien-Smith"])
def test_names_of_all_scripts_are_kept_as_they_are(name: str):
    assert ada(name=f" {name} ").name == name


def test_people_are_found_by_id_and_by_number():
    store, person = MemoryStore(), ada()
    store.add_person(person)
    assert people.find(store, person.person_id) == people.find(store, "7") == person


@pytest.mark.parametrize("wanted", ["", "8", "p-7", "Ada Example"])
def test_nobody_else_is_found(wanted: str):
    store = MemoryStore()
    store.add_person(ada(number=""))
    with pytest.raises(NotFound):
        people.find(store, wanted)
