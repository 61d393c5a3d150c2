"""`presenza store migrate`: to Firestore and back, by the command as a person gives it."""

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from hub import settings
from hub.cloud.sync import only_one
from hub.exporting import export
from hub.settings import Settings
from hub.store.opening import open_pictures, open_store
from tests.integration.store.records import a_person
from tests.integration.store.test_documents import fill
from tests.unit.command_line import CommandLine, presenza

__all__ = ["presenza"]

NAMED = ("people/p-1/f-1.jpg", "results/2026-11-23/1.jpg")
TOML = "# ours\nlate_after = 09:30:00\nkeep_events_days = 3650\n"


@pytest.fixture
def site(presenza: CommandLine, cloud: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A site on its own machine, which knows a project and a bucket."""
    monkeypatch.setenv("PRESENZA_FIREBASE_PROJECT", cloud.firebase_project)
    monkeypatch.setenv("PRESENZA_STORAGE_BUCKET", cloud.storage_bucket)
    monkeypatch.setenv("PRESENZA_CLOUD_TEST", "true")
    loaded = settings.load()
    with closing(open_store(loaded)) as store:
        fill(store)
    for key in NAMED:
        open_pictures(loaded).put(key, b"\xff\xd8\xff " + key.encode())
    (loaded.data_dir / settings.TOML_NAME).write_text(TOML)
    return loaded


def chosen(site: Settings) -> str:
    return settings.load(data_dir=site.data_dir).store


def elsewhere(site: Settings, tmp_path: Path) -> Settings:
    """Another machine of the same site, with the key."""
    folder = tmp_path / "elsewhere"
    (folder / "secrets").mkdir(parents=True)
    shutil.copy(site.site_key, folder / "secrets")
    return settings.load(data_dir=folder, store="firestore")


def test_there_and_back_nothing_is_lost_and_what_others_wrote_comes_along(
    presenza: CommandLine, site: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(site, tmp_path / "before.jsonl")
    moved = presenza("store", "migrate", "--to", "firestore", "--json")
    assert (moved.code, moved.json) == (0, {"to": "firestore", "dead": 0, "skipped": 0})
    assert chosen(site) == "firestore"
    other = elsewhere(site, tmp_path)
    monkeypatch.setenv("PRESENZA_STORE", "firestore")
    assert presenza("sync", "now", "--data-dir", other.data_dir).code == 0
    with closing(open_store(other)) as store:
        assert len(store.people()) == 2
        store.add_person(a_person("p-9", name="Zoe"))
    assert presenza("sync", "now", "--data-dir", other.data_dir).code == 0
    monkeypatch.delenv("PRESENZA_STORE")
    open_pictures(site).delete(NAMED[1])  # only in the bucket now
    back = presenza("store", "migrate", "--to", "sqlite", "--json")
    assert back.json == {"to": "sqlite", "pictures_gone": 0}
    assert chosen(site) == "sqlite"
    with closing(open_store(settings.load())) as store:
        assert not store.outbox.figures().mirrored
        assert [person.name for person in store.people()] == ["Ada Ödegård", "Bob", "Zoe"]
        store.remove_person("p-9")
    export(settings.load(), tmp_path / "after.jsonl")
    assert (tmp_path / "after.jsonl").read_bytes() == (tmp_path / "before.jsonl").read_bytes()


def test_the_settings_keep_their_other_lines(presenza: CommandLine, site: Settings) -> None:
    path = site.data_dir / settings.TOML_NAME
    presenza("store", "migrate", "--to", "firestore")
    assert path.read_text() == f'store = "firestore"\n{TOML}'
    presenza("store", "migrate", "--to", "sqlite")
    assert path.read_text() == f'store = "sqlite"\n{TOML}'


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_dry_run_says_what_would_go_and_changes_nothing(
    presenza: CommandLine, site: Settings, as_json: list[str]
) -> None:
    done = presenza("store", "migrate", "--to", "firestore", "--dry-run", *as_json)
    if as_json:
        assert (done.json["counts"]["people"], done.json["counts"]["pictures"]) == (2, 2)
    else:
        assert "people\t2" in done.out
        assert "Nothing was changed" in done.err
    assert chosen(site) == "sqlite"
    with closing(open_store(site)) as store:
        assert not store.outbox.figures().mirrored


def test_while_the_cloud_is_away_nothing_begins(
    presenza: CommandLine, site: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:9")
    refused = presenza("store", "migrate", "--to", "firestore")
    assert refused.code == 6
    assert "can't be reached" in refused.err
    assert chosen(site) == "sqlite"
    with closing(open_store(site)) as store:
        assert not store.outbox.figures().mirrored


def test_without_a_project_it_says_what_is_missing(
    presenza: CommandLine, site: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PRESENZA_FIREBASE_PROJECT")
    refused = presenza("store", "migrate", "--to", "firestore")
    assert refused.code == 2
    assert "PRESENZA_FIREBASE_PROJECT" in refused.err


def test_the_way_back_waits_until_hub_and_dashboard_are_stopped(presenza: CommandLine, site: Settings) -> None:
    presenza("store", "migrate", "--to", "firestore")
    with only_one(site.data_dir) as locked:
        assert locked()
        refused = presenza("store", "migrate", "--to", "sqlite")
    assert refused.code == 5
    assert "Stop it first" in refused.err
    assert chosen(site) == "firestore"


def test_what_is_on_this_machine_alone_has_no_way_back(presenza: CommandLine, site: Settings) -> None:
    refused = presenza("store", "migrate", "--to", "sqlite")
    assert refused.code == 2
    assert "on this machine alone already" in refused.err


def test_an_environment_that_says_otherwise_is_named(
    presenza: CommandLine, site: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRESENZA_STORE", "sqlite")
    moved = presenza("store", "migrate", "--to", "firestore")
    assert "PRESENZA_STORE in the environment says otherwise" in moved.err


def test_a_rotation_reaches_the_bucket_and_keeps_the_old_key(presenza: CommandLine, site: Settings) -> None:
    presenza("store", "migrate", "--to", "firestore")
    rotated = presenza("key", "rotate", "--json")
    assert rotated.json["dropped"] == []
    assert f"Copy {site.site_key}" in rotated.err
    status = json.loads(presenza("sync", "status", "--json").out)
    assert (status["waiting"], status["pictures"]) == (2, 2)  # a photo and a correction, with their pictures
    assert presenza("sync", "now").code == 0
    assert len(json.loads(presenza("key", "show", "--json").out)["keys"]) == 2
