"""`presenza sync`: what it says of the outbox, and what it asks of it. No cloud is reached."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hub import mirroring
from hub.cloud.sync import only_one
from hub.model import Device
from hub.settings import load
from hub.store.documents import Kind
from hub.store.mirror import Change
from hub.store.opening import open_store
from hub.store.sqlite import SqliteStore
from tests.fake_firestore import Cloud, FakeFirestore
from tests.unit.command_line import CommandLine, presenza

__all__ = ["presenza"]


@pytest.fixture(autouse=True)
def on_firestore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESENZA_STORE", "firestore")
    monkeypatch.setenv("PRESENZA_FIREBASE_PROJECT", "a-school")


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> FakeFirestore:
    fake = FakeFirestore(Cloud(), "cli")
    monkeypatch.setattr(mirroring, "Firestore", lambda settings, origin: fake)
    return fake


def with_store(work: Callable[[SqliteStore], object]) -> None:
    store = open_store(load())
    work(store)
    store.close()


def add_cameras(store: SqliteStore) -> None:
    store.add_device(Device("door-1", 1))
    store.add_device(Device("door-2", 1))


def test_status_says_what_waits_and_since_when(presenza: CommandLine) -> None:
    with_store(add_cameras)
    ended = presenza("sync", "status", "--json")
    assert (ended.code, ended.json["waiting"], ended.json["running"]) == (0, 2, False)
    assert ended.json["since"].endswith("+01:00")
    told = presenza("sync", "status")
    assert "Documents waiting  2" in told.out
    assert "nothing is sent" in told.err


def test_status_lists_what_is_set_aside_or_skipped_with_the_reason_and_asks_for_somebody(presenza: CommandLine) -> None:
    def trouble(store: SqliteStore) -> None:
        add_cameras(store)
        store.outbox.bury(store.outbox.waiting(1)[0], "Firestore can't take it.")
        store.mirror.apply(Kind.PEOPLE, [Change("p-1", {"person_id": "p-1"})])

    with_store(trouble)
    ended = presenza("sync", "status", "--json")
    assert ended.code == 1
    assert ended.json["rows"] == [
        {"what": "set aside", "kind": "devices", "key": "door-1", "reason": "Firestore can't take it."},
        {"what": "skipped", "kind": "people", "key": "p-1", "reason": "name is missing."},
    ]
    assert "Firestore can't take it." in presenza("sync", "status").out


def test_retry_brings_back_what_was_set_aside(presenza: CommandLine) -> None:
    def bury(store: SqliteStore) -> None:
        add_cameras(store)
        store.outbox.bury(store.outbox.waiting(1)[0], "no")

    with_store(bury)
    assert presenza("sync", "retry").out == "1 documents are tried again\n"
    assert presenza("sync", "status", "--json").json["waiting"] == 2


def test_now_sends_and_pulls_by_itself_where_nobody_else_does(presenza: CommandLine, remote: FakeFirestore) -> None:
    with_store(add_cameras)
    ended = presenza("sync", "now", "--json")
    assert (ended.code, ended.json["waiting"]) == (0, 0)
    assert [stored.name for stored in remote.cloud.of(Kind.DEVICES)] == ["door-1", "door-2"]
    assert remote.rung == [set(Kind)]


def test_now_says_why_it_could_not(presenza: CommandLine, remote: FakeFirestore) -> None:
    with_store(add_cameras)
    remote.always = "away"
    ended = presenza("sync", "now")
    assert ended.code == 6
    assert "can't be reached" in ended.err


def test_now_asks_the_process_that_does_the_work(
    presenza: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("hub.cli.sync.PATIENCE_S", 0.0)
    with_store(add_cameras)
    with only_one(tmp_path / "data") as locked:
        assert locked()
        assert presenza("sync", "status", "--json").json["running"] is True
        ended = presenza("sync", "now")
    assert (ended.code, "2 still wait" in ended.err) == (6, True)
    with_store(lambda store: store.outbox.asked() == 1 or pytest.fail("nobody was asked"))


def test_a_site_that_is_not_mirrored_says_so(presenza: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESENZA_STORE", "sqlite")
    for command in ("status", "retry", "now", "off"):
        ended = presenza("sync", command)
        assert (ended.code, "Nothing is mirrored" in ended.err) == (2, True)


def test_off_forgets_nothing_that_nobody_else_has_unless_it_is_forced(
    presenza: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_store(add_cameras)
    assert presenza("sync", "off").code == 2
    monkeypatch.setenv("PRESENZA_STORE", "sqlite")
    ended = presenza("sync", "off")
    assert (ended.code, "2 changes aren't in Firestore yet" in ended.err) == (2, True)
    assert presenza("sync", "off", "--force").code == 0
    assert "Nothing is mirrored" in presenza("sync", "status").err
