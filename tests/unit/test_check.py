"""`presenza check`, but for what needs a broker."""

import os
import shutil
import sqlite3
import time
from collections import namedtuple
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub import faces, figures, people, settings
from hub.cli import check_cloud, check_machine, check_people, check_site
from hub.cli.check import run
from hub.cli.finding import Check, Finding, Level
from hub.errors import Unavailable
from hub.model import Device, DeviceState, Photo, Template
from hub.store.opening import open_store
from tests.unit.command_line import QUALITY

Usage = namedtuple("Usage", ("total", "used", "free"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def look(check: Check, folder: Path, **values: Any) -> list[Finding]:
    return list(run(check, settings.load({}, data_dir=folder, cache_dir=folder.parent / "cache", **values)))


def levels(check: Check, folder: Path, **values: Any) -> list[str]:
    return [finding.level.value for finding in look(check, folder, **values)]


def enrol(folder: Path, photos: int, engine: str | None = None) -> str:
    loaded = settings.load({}, data_dir=folder)
    engine = engine or faces.engine_id(faces.options(loaded))
    person = people.new_person("Ada", consent="yes", recorded_by="office", now_ms=1)
    with closing(open_store(loaded)) as store:
        store.add_person(person)
        for number in range(photos):
            photo = Photo(f"{person.person_id}-{number}", person.person_id, f"people/{number}.jpg", QUALITY, 1)
            vector = np.full(128, 0.1, np.float32)
            template = Template(person.person_id, photo.photo_id, engine, vector)
            store.add_photo(photo, [template, template])  # the photo and its mirror image
    return person.person_id


def test_this_machine_has_the_packages(folder: Path):
    assert levels(check_machine.packages, folder) == ["ok"]


def test_missing_and_other_versions_are_named(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def version(name: str) -> str:
        if name == "simplejpeg":
            raise metadata.PackageNotFoundError
        return "0.1"

    monkeypatch.setattr(metadata, "version", version)
    (finding,) = look(check_machine.packages, folder)
    assert finding.level is Level.FAIL
    assert "simplejpeg is missing" in finding.message
    assert "click is 0.1 instead of" in finding.message
    assert "./presenza setup" in finding.todo


def test_missing_samples_are_only_a_warning(folder: Path):
    assert levels(check_machine.sample_photos, folder) == ["warn"]


@pytest.mark.parametrize(("free_mb", "expected"), [(100, "fail"), (1000, "warn"), (100_000, "ok")])
def test_a_full_disk_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch, free_mb: int, expected: str):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, free_mb * 2**20))
    assert levels(check_machine.disk, folder)[0] == expected


@pytest.mark.parametrize(("workers", "expected"), [(1, "ok"), (256, "warn")])
def test_more_workers_than_memory_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch, workers: int, expected: str):
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2**20}.__getitem__)  # 4 GB
    assert levels(check_machine.memory, folder, workers=workers) == [expected]


def test_a_clock_that_was_never_set_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(time, "time", lambda: 86_400.0)
    assert levels(check_machine.clock, folder) == ["fail"]


@pytest.mark.parametrize(("known", "expected"), [(True, "ok"), (None, "ok"), (False, "warn")])
def test_a_clock_that_nothing_keeps_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, known: bool | None, expected: str
):
    monkeypatch.setattr(check_machine, "_is_synchronized", lambda: known)
    assert levels(check_machine.clock, folder) == [expected]


def test_a_time_zone_that_nobody_chose_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "UTC")
    assert levels(check_machine.time_zone, folder) == ["warn"]
    assert levels(check_machine.time_zone, folder, time_zone="UTC") == ["ok"]


def test_a_new_folder_is_fine_and_not_made(folder: Path):
    for check in (check_site.data_folder, check_site.store_files, check_site.cameras, check_people.enrolled):
        assert set(levels(check, folder)) <= {"ok"}
    assert not folder.exists()


def test_a_folder_open_to_everybody_is_told(folder: Path):
    enrol(folder, 0)
    folder.chmod(0o755)
    assert levels(check_site.data_folder, folder) == ["warn"]
    folder.chmod(0o700)
    assert levels(check_site.data_folder, folder) == ["ok"]


def test_a_store_that_is_no_database_fails_with_a_sentence(folder: Path):
    folder.mkdir()
    (folder / "presenza.db").write_bytes(b"no database" * 1000)
    (finding,) = look(check_site.store_files, folder)
    assert finding.level is Level.FAIL
    assert finding.message


def test_a_damaged_store_is_told(folder: Path):
    enrol(folder, 1)
    with closing(sqlite3.connect(folder / "presenza.db")) as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (folder / "presenza.db").open("r+b") as file:
        file.seek(size)
        file.write(b"\xff" * size * (pages - 1))
    assert "fail" in levels(check_site.store_files, folder)


def test_cameras_that_are_away_are_named(folder: Path):
    with closing(open_store(settings.load({}, data_dir=folder))) as store:
        store.add_device(Device("door-1", 1))
        store.add_device(Device("door-2", 1))
        store.put_device_state(DeviceState("door-1", 1, "online"))
    (finding,) = look(check_site.cameras, folder)
    assert (finding.level, finding.message) == (Level.WARN, "not online: door-2.")


def test_nobody_enrolled_is_told(folder: Path):
    open_store(settings.load({}, data_dir=folder)).close()
    assert levels(check_people.enrolled, folder) == ["warn"]


def test_enough_photos_are_fine(folder: Path):
    enrol(folder, 3)
    assert levels(check_people.enrolled, folder) == ["ok"]


def test_who_cannot_be_recognized_is_named(folder: Path):
    without, few = enrol(folder, 0), enrol(folder, 2)
    first, second = look(check_people.enrolled, folder)
    assert without in first.message
    assert "never" in first.message
    assert few in second.message
    assert "often" in second.message


def test_photos_of_another_engine_do_not_count(folder: Path):
    person_id = enrol(folder, 3, engine="another")
    finding, waiting = look(check_people.enrolled, folder)
    assert person_id in finding.message
    assert waiting.todo == "presenza people encode"


def test_a_gallery_too_large_for_its_photos_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(figures, "ENOUGH_FOR", {1: 1})
    for _ in range(2):
        enrol(folder, 1)
    assert any("2 people are many" in finding.message for finding in look(check_people.limits, folder))


def test_people_who_look_alike_are_named(folder: Path):
    one, other = enrol(folder, 1), enrol(folder, 1)  # with the same made-up face
    found = [finding for finding in look(check_people.limits, folder) if finding.level is Level.WARN]
    assert one in found[0].message
    assert other in found[0].message


def test_the_limit_and_the_errors_to_expect_are_told(folder: Path):
    assert levels(check_people.limits, folder) == []
    enrol(folder, 1)
    (finding,) = look(check_people.limits, folder)
    assert finding.level is Level.OK
    assert "0.30%" in finding.message


def test_a_limit_that_does_not_follow_the_gallery_is_told(folder: Path):
    assert levels(check_people.limits, folder, max_distance=0.6) == ["warn"]


def test_a_check_that_cannot_be_made_is_a_finding(folder: Path):
    def some_check(_: settings.Settings) -> Any:
        raise Unavailable("It isn't there.")

    (finding,) = look(some_check, folder)
    assert (finding.level, finding.subject, finding.message) == (Level.FAIL, "Some check", "It isn't there.")


def test_a_mirror_that_the_settings_forgot_is_named_until_it_is_switched_off(folder: Path):
    assert look(check_cloud.mirror, folder) == []  # there is nothing yet
    mirrored = settings.load({}, data_dir=folder, store="firestore", firebase_project="a-school")
    with closing(open_store(mirrored)) as store:
        store.add_device(Device("door-1", 1))
    assert list(run(check_cloud.mirror, mirrored)) == []
    (finding,) = look(check_cloud.mirror, folder)
    assert finding.level is Level.WARN
    assert "what waits grows (1 now)" in finding.message
    assert "presenza sync off" in finding.todo
    with closing(open_store(settings.load({}, data_dir=folder))) as store:
        store.outbox.switch_off()
    assert look(check_cloud.mirror, folder) == []
