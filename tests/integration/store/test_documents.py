"""Documents: everything that a store keeps, out of one and into another, and nonsense that stays outside."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model import Device, DeviceState, FacePlace, Negative, Outcome, Status
from hub.shadow import ConfigAnswer, ConfigTemplate, WantedConfig
from hub.store.documents import SHAPES, Document, DocumentRefused, Kind, checked
from hub.store.sqlite import SqliteStore
from tests.integration.store.records import (
    DAY,
    ENGINE,
    MINUTE_MS,
    NINE_MS,
    a_correction,
    a_face,
    a_frame,
    a_person,
    a_photo,
    a_template,
    a_vector,
    an_event,
    see,
)


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[tuple[SqliteStore, SqliteStore]]:
    """Two stores with the same keys: what lies in one folder is sealed alike."""
    here, there = SqliteStore(tmp_path / "here.db"), SqliteStore(tmp_path / "there.db")
    yield here, there
    for store in (here, there):
        assert store.problems() == []
        store.close()


def fill(store: SqliteStore) -> None:
    """Something of every kind, in every part of it."""
    store.add_person(a_person("p-1", name="Ada Ödegård", number="0007", group="1A"))
    store.add_person(a_person("p-2", name="Bob"))
    templates = [a_template(seed=1), a_template(seed=2), a_template(engine="sface-1", seed=3)]
    store.add_photo(a_photo(), templates)
    store.add_device(Device("door-1", 1_000, "main entrance", ("1A", "1B")))
    store.put_device_state(DeviceState("door-1", 2_000, "online", {"boot_id": 7}, {"rssi_dbm": -61}, {"a": [[1]]}))
    store.want_config(WantedConfig("door-1", 1, {"led": "off"}, "the office", 3_000, "by hand"))
    store.keep_answers([ConfigAnswer("door-1", 1, "rejected", (("led", "must be on"),), 4_000)])
    store.put_config_template(ConfigTemplate("doors / all", {"led": "off"}, ("door-1", "door-9"), "the office", 5_000))
    see(store, a_frame(1), a_face("p-1"), a_face(None, Outcome.UNKNOWN), picture="results/2026-11-23/1.jpg")
    see(store, a_frame(2, received_ms=NINE_MS + MINUTE_MS), a_face("p-2"), a_face("p-1"))
    event_id = an_event(a_frame(1)).event_id
    store.ignore_faces([FacePlace(event_id, 1)])
    store.deny(Negative(event_id, 0, "p-1", ENGINE, a_vector(9), "the office", 6_000))
    store.correct(a_correction("c-1", Status.LATE))
    store.correct(replace(a_correction("c-2"), at_ms=NINE_MS - MINUTE_MS))
    assert store.documents.put(a_conflict())


def a_conflict() -> Document:
    fields = {
        "person_id": "p-1", "day": DAY, "event_id": "01F", "status": "late", "first_seen_ms": NINE_MS,
        "last_seen_ms": NINE_MS, "device": "gate-1", "clock": "received", "distance": None, "found_ms": NINE_MS,
    }  # fmt: skip
    return checked(Kind.CONFLICTS, f"p-1_{DAY}_01F", fields)


def everything(store: SqliteStore) -> dict[Kind, list[Document]]:
    return {kind: list(store.documents.all(kind)) for kind in Kind}


def copy(source: SqliteStore, target: SqliteStore) -> int:
    """How many documents changed anything."""
    return sum(target.documents.put(each) for kind in Kind for each in source.documents.all(kind))


# -- there and back ---------------------------------------------------------
def test_all_that_a_store_keeps_goes_into_another_as_documents(stores: tuple[SqliteStore, SqliteStore]) -> None:
    here, there = stores
    fill(here)
    assert all(everything(here).values())
    copy(here, there)
    assert everything(there) == everything(here)
    assert there.events() == here.events()
    assert there.attendance(DAY, DAY) == here.attendance(DAY, DAY)
    assert there.corrections("p-1", DAY) == here.corrections("p-1", DAY)
    assert there.config_templates() == here.config_templates()
    assert [each.vector.tobytes() for each in there.templates(ENGINE)] == [
        each.vector.tobytes() for each in here.templates(ENGINE)
    ]


def test_a_document_that_is_there_already_changes_nothing(stores: tuple[SqliteStore, SqliteStore]) -> None:
    here, there = stores
    fill(here)
    copy(here, there)
    revision = there.people_revision()
    assert copy(here, there) == 0
    assert there.people_revision() == revision


def test_what_a_store_says_passes_its_own_check(stores: tuple[SqliteStore, SqliteStore]) -> None:
    fill(stores[0])
    for documents in everything(stores[0]).values():
        for each in documents:
            assert checked(each.kind, each.key, each.fields) == each


def test_a_document_is_found_by_its_key_and_gone_when_removed(stores: tuple[SqliteStore, SqliteStore]) -> None:
    here, _ = stores
    fill(here)
    for kind, documents in reversed(everything(here).items()):
        for each in documents:
            assert here.documents.get(kind, each.key) == each
            assert here.documents.remove(kind, each.key).rows >= 1
            assert here.documents.get(kind, each.key) is None
            assert here.documents.remove(kind, each.key).rows == 0
    assert not any(everything(here).values())


@pytest.mark.parametrize("key", ["", "_", "p-1", f"p-1_{DAY}", "a_b_c", "\x00", "x" * 5000, "1_99999999999999999999"])
def test_a_key_of_nothing_finds_nothing(stores: tuple[SqliteStore, SqliteStore], key: str) -> None:
    assert [stores[0].documents.get(kind, key) for kind in Kind] == [None] * len(Kind)


def test_more_documents_than_fit_a_page_come_in_order_and_once(stores: tuple[SqliteStore, SqliteStore]) -> None:
    here, _ = stores
    for number in range(1100):
        here.documents.put(a_state(f"door-{number}"))
    keys = [each.key for each in here.documents.all(Kind.DEVICE_STATES)]
    assert keys == sorted(f"door-{number}" for number in range(1100))


def a_state(device: str, seen_ms: int = 1) -> Document:
    fields = {"device": device, "seen_ms": seen_ms, "state": "online", "status": "{}", "telemetry": "{}"}
    return checked(Kind.DEVICE_STATES, device, fields | {"config": "{}"})


# -- merging ----------------------------------------------------------------
def seen(first_ms: int, last_ms: int, event_id: str) -> Document:
    fields = {
        "person_id": "p-1", "day": DAY, "status": "present", "first_seen_ms": first_ms, "last_seen_ms": last_ms,
        "device": f"door-{event_id}", "event_id": event_id, "clock": "captured", "distance": 0.5,
    }  # fmt: skip
    return checked(Kind.ATTENDANCE, f"p-1_{DAY}", fields)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_attendances_merge_to_the_same_in_any_order(
    stores: tuple[SqliteStore, SqliteStore], order: tuple[int, ...]
) -> None:
    here, _ = stores
    here.add_person(a_person())
    documents = [seen(2, 9, "b"), seen(2, 3, "a"), seen(4, 11, "c")]
    for place in order:
        here.documents.put(documents[place])
    merged = here.documents.get(Kind.ATTENDANCE, f"p-1_{DAY}")
    assert merged == seen(2, 11, "a")


def test_corrections_that_were_written_at_once_are_in_the_same_order_everywhere(
    stores: tuple[SqliteStore, SqliteStore],
) -> None:
    for number, store in enumerate(stores):
        store.add_person(a_person())
        store.correct(a_correction(f"c-{number}", at_ms=NINE_MS - number))
        store.correct(a_correction(f"d-{number}", at_ms=NINE_MS + number))
    here, there = stores
    copy(here, there)
    copy(there, here)
    assert everything(there) == everything(here)
    assert [each.correction_id for each in here.corrections("p-1", DAY)] == ["c-1", "c-0", "d-0", "d-1"]
    assert there.corrections("p-1", DAY) == here.corrections("p-1", DAY)
    there.correct(a_correction("e", Status.ABSENT, at_ms=1))
    copy(there, here)
    assert here.attendance(DAY, DAY)[0].status is Status.ABSENT


def test_an_older_state_of_a_camera_doesnt_replace_a_newer(stores: tuple[SqliteStore, SqliteStore]) -> None:
    here, _ = stores
    assert here.documents.put(a_state("door-1", 5))
    assert not here.documents.put(a_state("door-1", 4))
    assert here.documents.get(Kind.DEVICE_STATES, "door-1") == a_state("door-1", 5)


# -- refusals ---------------------------------------------------------------
def test_a_document_about_nobody_waits_and_leaves_nothing(stores: tuple[SqliteStore, SqliteStore]) -> None:
    here, there = stores
    fill(here)
    here.name_faces([FacePlace(an_event(a_frame(1)).event_id, 0)], "p-1")
    about = (Kind.PHOTOS, Kind.EVENTS, Kind.ATTENDANCE, Kind.CORRECTIONS, Kind.NEGATIVES, Kind.CONFLICTS)
    for kind in about:
        for each in here.documents.all(kind):
            assert "p-" in str(each.fields)
            with pytest.raises(DocumentRefused, match="who isn't here") as refused:
                there.documents.put(each)
            assert refused.value.reason == "waits"
    assert not any(everything(there).values())


def test_a_number_that_somebody_has_is_refused(stores: tuple[SqliteStore, SqliteStore]) -> None:
    here, there = stores
    here.add_person(a_person("p-1", number="7"))
    there.add_person(a_person("p-2", number="7"))
    with pytest.raises(DocumentRefused, match="Another person has its number") as refused:
        copy(here, there)
    assert refused.value.reason == "taken"


@pytest.mark.parametrize("kind", list(Kind))
@given(data=st.data())
def test_nonsense_is_refused_with_a_sentence(kind: Kind, data: st.DataObject) -> None:
    nonsense = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.just("p-1"), st.just("[]"),
        st.lists(st.one_of(st.integers(), st.dictionaries(st.text(), st.integers()))), st.just("{}"),
    )  # fmt: skip
    names = [*SHAPES[kind].columns, *SHAPES[kind].parts]
    fields = data.draw(st.dictionaries(st.sampled_from([*names, "more"]), nonsense))
    with pytest.raises(DocumentRefused, match=r"^[A-Z].*\.$|^[a-z_]+ .*\.$"):
        checked(kind, "key", {**dict.fromkeys(names), **fields} if data.draw(st.booleans()) else fields)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("day", "2026-02-30", "day is no day of the calendar."),
        ("person_id", "../p", "person_id is no id."),
        ("first_seen_ms", -1, "first_seen_ms is less than 0."),
        ("last_seen_ms", 10**15, "last_seen_ms is no time."),
        ("first_seen_ms", True, "first_seen_ms is no whole number that fits."),
        ("distance", float("nan"), "distance is no number."),
        ("status", "here", "status is none of present, late, absent, excused."),
        ("person_id", "p-2", "Its key isn't made of its person_id and day."),
    ],
)
def test_a_refusal_names_the_field_and_not_its_value(field: str, value: object, sentence: str) -> None:
    good = seen(1, 2, "e")
    with pytest.raises(DocumentRefused) as refused:
        checked(good.kind, good.key, {**good.fields, field: value})
    assert str(refused.value) == sentence
