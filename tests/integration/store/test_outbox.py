"""Every change is noted for Firestore in its own transaction, whoever makes it; and only where that is switched on."""

import inspect
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.errors import Conflict, InputError
from hub.model import Device, DeviceState, FacePlace, Negative, Outcome
from hub.shadow import ConfigAnswer, ConfigTemplate, WantedConfig
from hub.store import Store
from hub.store.documents import Kind
from hub.store.mirror import Change
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
from tests.integration.store.relay import READING

LATER = a_frame(9, received_ms=NINE_MS + MINUTE_MS)
E1, E2 = an_event(a_frame(1)).event_id, an_event(a_frame(2)).event_id
P1, P2 = f"results/{DAY}/1.jpg", f"results/{DAY}/2.jpg"
PHOTO = a_photo().key
NEGATIVE = Negative(E1, 0, "p-1", ENGINE, a_vector(9), "office", NINE_MS)
# What stays on this machine, or changes nothing that is kept.
STAYS = {"close", "tidy", "problems", "people_revision", "sealed_under", "keep_readings", "purge_readings", "readings"}
# Each way of writing, and what has to be sent after it.
WRITING: dict[str, tuple[Callable[[SqliteStore], object], set[tuple[str, str]]]] = {
    "add_person": (lambda store: store.add_person(a_person("p-9")), {("people", "p-9")}),
    "update_person": (lambda store: store.update_person(a_person("p-1", name="New")), {("people", "p-1")}),
    "regroup": (lambda store: store.regroup("1A", "2A"), {("people", "p-1"), ("devices", "door-1")}),
    "remove_person": (
        lambda store: store.remove_person("p-1"),
        {
            ("people", "p-1"), ("photos", "f-1"), ("pictures", PHOTO), ("attendance", f"p-1_{DAY}"),
            ("corrections", "c-1"), ("events", E1), ("pictures", P1), ("negatives", f"{E2}_0"),
        },
    ),
    "add_photo": (
        lambda store: store.add_photo(a_photo("f-9"), [a_template("f-9")]),
        {("photos", "f-9"), ("pictures", a_photo("f-9").key)},
    ),
    "remove_photo": (lambda store: store.remove_photo("f-1"), {("photos", "f-1"), ("pictures", PHOTO)}),
    "add_templates": (lambda store: store.add_templates([a_template(engine="new")]), {("photos", "f-1")}),
    "forget_templates": (lambda store: store.forget_templates(ENGINE), {("photos", "f-1")}),
    "record": (
        lambda store: see(store, LATER, a_face("p-2"), picture=f"results/{DAY}/9.jpg"),
        {
            ("events", an_event(LATER).event_id), ("attendance", f"p-2_{DAY}"),
            ("pictures", f"results/{DAY}/9.jpg"),
        },
    ),
    "name_faces": (lambda store: store.name_faces([FacePlace(E1, 1)], "p-2"), {("events", E1)}),
    "ignore_faces": (lambda store: store.ignore_faces([FacePlace(E1, 1)]), {("events", E1)}),
    "deny": (lambda store: store.deny(NEGATIVE), {("events", E1), ("negatives", f"{E1}_0")}),
    "undo_denial": (
        lambda store: store.undo_denial(FacePlace(E2, 0)), {("events", E2), ("negatives", f"{E2}_0")},
    ),
    "correct": (lambda store: store.correct(a_correction("c-9", person_id="p-2")), {("corrections", "c-9")}),
    "add_device": (lambda store: store.add_device(Device("door-9", 1)), {("devices", "door-9")}),
    "set_groups": (lambda store: store.set_groups("door-1", ["3C"]), {("devices", "door-1")}),
    "remove_device": (
        lambda store: store.remove_device("door-1"),
        {
            ("devices", "door-1"), ("device_states", "door-1"), ("wanted_configs", "door-1_1"),
            ("config_templates", "doors"),
        },
    ),
    "want_config": (
        lambda store: store.want_config(WantedConfig("door-1", 2, {}, "office", 1)), {("wanted_configs", "door-1_2")},
    ),
    "withdraw_config": (lambda store: store.withdraw_config("door-1", 1), {("wanted_configs", "door-1_1")}),
    "keep_answers": (
        lambda store: store.keep_answers([ConfigAnswer("door-1", 1, "applied", (), 1)]),
        {("wanted_configs", "door-1_1")},
    ),
    "put_config_template": (
        lambda store: store.put_config_template(ConfigTemplate("gates", {}, ("door-1",), "office", 1)),
        {("config_templates", "gates"), ("config_templates", "doors")},
    ),
    "remove_config_template": (lambda store: store.remove_config_template("doors"), {("config_templates", "doors")}),
    "put_device_state": (
        lambda store: store.put_device_state(DeviceState("door-1", 9)), {("device_states", "door-1")},
    ),
    "purge_events": (
        lambda store: store.purge_events(NINE_MS + 10),
        {("events", E1), ("events", E2), ("pictures", P1), ("pictures", P2), ("negatives", f"{E2}_0")},
    ),
    "purge_pictures": (
        lambda store: store.purge_pictures(NINE_MS + 10),
        {("events", E1), ("events", E2), ("pictures", P1), ("pictures", P2)},
    ),
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "presenza.db")
    store.add_person(a_person("p-1", group="1A"))
    store.add_person(a_person("p-2"))
    store.add_photo(a_photo(), [a_template(), a_template(engine="old")])
    store.add_device(Device("door-1", 1_000, "", ("1A",)))
    store.put_device_state(DeviceState("door-1", 1))
    store.want_config(WantedConfig("door-1", 1, {}, "office", 1))
    store.put_config_template(ConfigTemplate("doors", {}, ("door-1",), "office", 1))
    see(store, a_frame(1), a_face("p-1"), a_face(None, Outcome.UNKNOWN), picture=P1)
    see(store, a_frame(2), a_face("p-2"), picture=P2)
    store.deny(Negative(E2, 0, "p-2", ENGINE, a_vector(9), "office", NINE_MS))
    store.name_faces([FacePlace(E2, 0)], "p-1")
    store.deny(Negative(E2, 0, "p-1", ENGINE, a_vector(9), "office", NINE_MS))
    store.correct(a_correction("c-1"))
    yield store
    store.close()


def switch_on(store: SqliteStore) -> None:
    """From here on; what was there before counts as sent."""
    store.outbox.switch_on("a-project/main")
    store.outbox.done(store.outbox.waiting(10_000))
    store.outbox.done(store.outbox.waiting(10_000, pictures=True))
    assert noted(store) == set()


def noted(store: SqliteStore) -> set[tuple[str, str]]:
    found = [*store.outbox.waiting(10_000), *store.outbox.waiting(10_000, pictures=True)]
    return {(entry.kind, entry.key) for entry in found}


@pytest.mark.parametrize("name", WRITING)
def test_a_change_is_noted(store: SqliteStore, name: str) -> None:
    call, expected = WRITING[name]
    switch_on(store)
    call(store)
    assert noted(store) == expected


@pytest.mark.parametrize("name", WRITING)
def test_where_nothing_is_mirrored_nothing_is_noted(store: SqliteStore, name: str) -> None:
    WRITING[name][0](store)
    assert noted(store) == set()


def test_no_way_of_writing_is_forgotten_here() -> None:
    methods = {name for name, _ in inspect.getmembers(Store, inspect.isfunction) if not name.startswith("_")}
    known = {*WRITING, *READING, *STAYS}
    assert methods - known == {"reseal", "forget_sealed_under", "send_pictures"} & methods


def test_vectors_that_are_sealed_anew_are_noted(store: SqliteStore) -> None:
    store._keys.add()
    switch_on(store)
    store.reseal()
    assert noted(store) == {("photos", "f-1"), ("negatives", f"{E2}_0")}


def test_a_change_that_is_undone_notes_nothing(store: SqliteStore) -> None:
    switch_on(store)
    with pytest.raises(Conflict):
        store.record(an_event(a_frame(9), a_face("p-2"), event_id=E1), [])
    with pytest.raises(InputError):
        store.add_person(a_person("p-8", name="\ud800"))
    assert noted(store) == set()


def test_what_was_there_before_the_switch_is_noted_once(store: SqliteStore) -> None:
    store.outbox.switch_on("a-project/main")
    expected = {(kind.value, each.key) for kind in Kind for each in store.documents.all(kind)}
    assert noted(store) == expected | {("pictures", key) for key in (PHOTO, P1, P2)}
    order = [entry.kind for entry in store.outbox.waiting(100)]
    assert order == sorted(order, key=[kind.value for kind in Kind].index)
    first = store.outbox.origin()
    store.outbox.done(store.outbox.waiting(10_000))
    store.outbox.switch_on("a-project/main")
    assert (store.outbox.waiting(1), store.outbox.origin()) == ([], first)


def test_another_target_begins_anew_and_switching_off_forgets(store: SqliteStore) -> None:
    switch_on(store)
    store.outbox.switch_on("another-project/main")
    assert len(noted(store)) > 10
    assert store.outbox.switch_off()
    assert (noted(store), store.outbox.figures().mirrored) == (set(), False)
    store.add_device(Device("door-9", 1))
    assert noted(store) == set()
    assert not store.outbox.switch_off()


def test_writing_down_what_came_from_firestore_is_not_noted_and_the_next_change_is(store: SqliteStore) -> None:
    switch_on(store)
    person = store.documents.get(Kind.PEOPLE, "p-2")
    assert person is not None
    applied = store.mirror.apply(Kind.PEOPLE, [Change("p-2", {**person.fields, "name": "Zoe"})], 5)
    assert (applied.changed, noted(store)) == (1, set())
    assert store.mirror.cursor_us(Kind.PEOPLE) == 5
    store.update_person(a_person("p-2", name="Eve"))
    assert noted(store) == {("people", "p-2")}


def test_the_outbox_holds_nothing_of_a_person_but_the_id(store: SqliteStore, tmp_path: Path) -> None:
    switch_on(store)
    store.add_person(a_person("p-7", name="Zaphod Beeblebrox", number="90210"))
    store.remove_person("p-7")
    store.outbox.failed(store.outbox.waiting(1), "Firestore can't be reached.")
    with closing(sqlite3.connect(tmp_path / "presenza.db")) as db:
        rows = [row for table in ("outbox", "sync", "sync_skipped") for row in db.execute(f"SELECT * FROM {table}")]
    assert "p-7" in str(rows)
    assert not any(secret in str(rows) for secret in ("Zaphod", "90210"))


def test_two_processes_note_their_changes_side_by_side(store: SqliteStore, tmp_path: Path) -> None:
    switch_on(store)
    other = SqliteStore(tmp_path / "presenza.db")
    other.add_device(Device("door-8", 1))
    store.add_device(Device("door-9", 1))
    assert [entry.key for entry in other.outbox.waiting(9)] == ["door-8", "door-9"]
    other.outbox.done(other.outbox.waiting(1))
    assert [entry.key for entry in store.outbox.waiting(9)] == ["door-9"]
    other.close()


def test_what_waits_is_found_without_reading_all_that_waits(store: SqliteStore) -> None:
    switch_on(store)
    statements: list[str] = []
    with store._db.read() as db:
        db.set_trace_callback(statements.append)
    store.outbox.waiting(8)
    with store._db.read() as db:
        db.set_trace_callback(None)
        (query,) = [statement for statement in statements if "outbox" in statement]
        plan = [str(row["detail"]) for row in db.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert any("outbox_order" in line for line in plan)
    assert not any("TEMP B-TREE" in line for line in plan)


def test_a_copy_of_a_data_folder_is_another_mirror(store: SqliteStore, tmp_path: Path) -> None:
    switch_on(store)
    store.close()
    (tmp_path / "copy").mkdir()
    for file in ("presenza.db", "secrets"):
        move = shutil.copytree if (tmp_path / file).is_dir() else shutil.copy
        move(tmp_path / file, tmp_path / "copy" / file)
    again, other = SqliteStore(tmp_path / "presenza.db"), SqliteStore(tmp_path / "copy" / "presenza.db")
    assert again.outbox.origin() != other.outbox.origin()
    assert again.outbox.origin() == SqliteStore(tmp_path / "presenza.db").outbox.origin()
    again.close()
    other.close()
