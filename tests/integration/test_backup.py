"""A backup is whole, taken while all runs, and comes back only when every checksum is right."""

import io
import json
import os
import stat
import tarfile
import threading
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

import broker
from hub import backup
from hub import settings as hub_settings
from hub.errors import Conflict, InputError, NotFound
from hub.model import Device
from hub.store.opening import open_pictures, open_store
from tests.broker.clients import camera
from tests.integration.brokers import Site, free_port
from tests.integration.test_broker_command import presenza


def fill(folder: Path) -> None:
    """A data folder with a database, a picture and a secret."""
    settings = hub_settings.load({}, data_dir=folder)
    folder.mkdir(exist_ok=True)
    with closing(open_store(settings)) as store:
        store.add_device(Device("door-1", created_ms=1))
    open_pictures(settings).put("last/door-1.jpg", b"\xff\xd8 picture \xff\xd9")
    (folder / "secrets/hub.password").write_text("secret")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fill(tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def saved(folder: Path, tmp_path: Path) -> Path:
    backup.back_up(folder, tmp_path / "saved.tar.gz")
    return tmp_path / "saved.tar.gz"


def devices(folder: Path) -> list[str]:
    with closing(open_store(hub_settings.load({}, data_dir=folder))) as store:
        return [each.device for each in store.devices()]


def rewritten(saved: Path, change: dict[str, bytes | None], extra: dict[str, bytes] | None = None) -> Path:
    """The backup with members replaced, left out (None) or added before its manifest."""
    target = saved.with_name("changed.tar.gz")
    with tarfile.open(saved) as source, tarfile.open(target, "w:gz") as changed:
        for name, content in (extra or {}).items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            changed.addfile(info, io.BytesIO(content))
        for member in source:
            file = source.extractfile(member)
            assert file is not None
            content = change.get(member.name, file.read())
            if content is not None:
                member.size = len(content)
                changed.addfile(member, io.BytesIO(content))
    return target


def test_what_was_saved_comes_back_whole(folder, saved, tmp_path):
    summary = backup.unpack(saved, tmp_path / "back")
    assert summary.files == 4
    assert devices(tmp_path / "back") == ["door-1"]
    restored = open_pictures(hub_settings.load({}, data_dir=tmp_path / "back"))
    assert restored.get("last/door-1.jpg") == b"\xff\xd8 picture \xff\xd9"
    assert (tmp_path / "back/secrets/hub.password").read_text() == "secret"


def test_a_backup_and_what_comes_of_it_are_for_their_owner_only(saved, tmp_path):
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    backup.unpack(saved, tmp_path / "back")
    for path in (tmp_path / "back").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_backup_that_is_taken_while_the_store_is_written_is_consistent(folder, tmp_path):
    stop, written = threading.Event(), []

    def write() -> None:
        with closing(open_store(hub_settings.load({}, data_dir=folder))) as store:
            while not stop.is_set():
                name = f"cam-{len(written)}"
                store.add_device(Device(name, created_ms=1))
                written.append(name)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for number in range(3):
            before = len(written)
            backup.back_up(folder, tmp_path / f"{number}.tar.gz")
            backup.unpack(tmp_path / f"{number}.tar.gz", tmp_path / f"back-{number}")
            found = set(devices(tmp_path / f"back-{number}")) - {"door-1"}
            assert found >= set(written[:before])
            assert found == {f"cam-{n}" for n in range(len(found))}  # no gap: a moment of the past, whole
    finally:
        stop.set()
        thread.join()


def test_files_that_are_being_written_and_locks_are_left_out(folder, tmp_path):
    for name in ("up.lock", "pictures/.x.part", "broker.new", "presenza.db-wal.part", "lock"):
        (folder / name).write_text("x")
    (folder / "elsewhere").symlink_to("/etc/passwd")
    assert backup.back_up(folder, tmp_path / "saved.tar.gz").files == 4


def test_a_backup_replaces_nothing_and_lies_outside(folder, saved):
    with pytest.raises(Conflict, match="exists already"):
        backup.back_up(folder, saved)
    with pytest.raises(Conflict, match="outside"):
        backup.back_up(folder, folder / "saved.tar.gz")
    with pytest.raises(NotFound):
        backup.back_up(folder / "nowhere", saved.with_name("other"))


def test_an_interrupted_backup_leaves_nothing(folder, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "_add", full)
    with pytest.raises(OSError, match="No space"):
        backup.back_up(folder, tmp_path / "saved.tar.gz")
    assert [each.name for each in tmp_path.iterdir()] == ["data"]


def test_a_changed_file_is_found(saved, tmp_path):
    changed = rewritten(saved, {"data/secrets/hub.password": b"secreT"})
    with pytest.raises(InputError, match=r"damaged.*hub\.password"):
        backup.unpack(changed, tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_missing_or_added_file_is_found(saved, tmp_path):
    without = rewritten(saved, {"data/secrets/hub.password": None})
    with pytest.raises(InputError, match="damaged"):
        backup.unpack(without, tmp_path / "back")
    more = rewritten(saved, {}, {"data/secrets/other.password": b"x"})
    with pytest.raises(InputError, match=r"damaged.*other\.password"):
        backup.unpack(more, tmp_path / "back")


@pytest.mark.parametrize("name", ["/etc/cron.d/x", "data/../../x", "../x", "x", "data"])
def test_a_file_for_another_place_is_refused(saved, tmp_path, name):
    with pytest.raises(InputError, match="doesn't belong"):
        backup.unpack(rewritten(saved, {}, {name: b"x"}), tmp_path / "back")
    assert {each.name for each in tmp_path.iterdir()} == {"data", "saved.tar.gz", "changed.tar.gz"}


def test_a_link_in_a_backup_is_refused(saved, tmp_path):
    hostile = tmp_path / "hostile.tar.gz"
    with tarfile.open(hostile, "w:gz") as archive:
        info = tarfile.TarInfo("data/secrets")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc"
        archive.addfile(info)
    with pytest.raises(InputError, match="doesn't belong"):
        backup.unpack(hostile, tmp_path / "back")


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_a_file_that_was_cut_off_is_refused(saved, tmp_path, keep):
    short = tmp_path / "short.tar.gz"
    content = saved.read_bytes()
    short.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(InputError, match="no whole backup"):
        backup.unpack(short, tmp_path / "back")
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{}", b'{"format":1,"files":1,"created_ms":1,"version":"1"}'])
def test_a_manifest_that_is_none_is_refused(saved, tmp_path, manifest):
    with pytest.raises(InputError, match="manifest"):
        backup.unpack(rewritten(saved, {"manifest.json": manifest}), tmp_path / "back")


def test_a_damaged_database_is_not_restored(folder, tmp_path):
    content = (folder / "presenza.db").read_bytes()
    broken = content[:100] + bytes(len(content) - 100)
    archive = tmp_path / "broken.tar.gz"
    manifest = {"format": 1, "version": "1", "created_ms": 1, "files": {"presenza.db": sha256(broken).hexdigest()}}
    with tarfile.open(archive, "w:gz") as file:
        for name, data in (("data/presenza.db", broken), ("manifest.json", json.dumps(manifest).encode())):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    with pytest.raises(InputError, match=r"presenza\.db in this backup is damaged"):
        backup.unpack(archive, tmp_path / "back")


def test_a_backup_of_a_newer_version_is_refused(saved, tmp_path):
    newer = json.dumps({"format": 2, "files": {}, "created_ms": 1, "version": "9.0"}).encode()
    with pytest.raises(InputError, match=r"newer Presenza 9\.0"):
        backup.unpack(rewritten(saved, {"manifest.json": newer}), tmp_path / "back")


def test_a_broker_and_its_cameras_come_back_from_a_backup(broker_site, tmp_path):
    credentials = broker_site.add_camera("door-1")
    saved = presenza(broker_site, "backup", str(tmp_path / "saved.tar.gz"), "--json")
    assert saved.returncode == 0, saved.stderr
    broker_site.stop()
    settings = broker_site.settings.model_copy(update={"data_dir": tmp_path / "new machine" / "data"})
    settings.data_dir.parent.mkdir()
    other = Site(settings)
    restored = presenza(other, "restore", str(tmp_path / "saved.tar.gz"), "--json")
    assert restored.returncode == 0, restored.stderr
    assert json.loads(restored.stdout)["files"] == json.loads(saved.stdout)["files"]
    other.start()
    try:
        camera(credentials).close()
        with broker.Admin(other.settings) as admin:
            assert [each.device for each in admin.list()] == ["door-1"]
    finally:
        other.kill()


def test_a_restore_replaces_nothing_unasked_and_keeps_what_was_there(folder, saved):
    ports = {"mqtt_local_port": free_port(), "mqtt_port": free_port()}
    site = Site(hub_settings.load({}, data_dir=folder, **ports))
    (folder / "newer").write_text("x")
    refused = presenza(site, "restore", str(saved))
    assert refused.returncode == 4
    assert "--replace" in refused.stderr
    assert presenza(site, "restore", str(saved), "--replace").returncode == 0
    assert not (folder / "newer").exists()
    (before,) = folder.parent.glob("data.before-*")
    assert (before / "newer").exists()


def test_nothing_is_restored_under_a_running_broker(folder, saved):
    site = Site(hub_settings.load({}, data_dir=folder))
    with broker.locked(site.settings):
        refused = presenza(site, "restore", str(saved), "--replace")
    assert refused.returncode == 5
    assert "already runs" in refused.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_what_is_restored_belongs_to_the_owner_of_the_folder(folder, saved):
    os.chown(folder, 4242, 4242)
    site = Site(hub_settings.load({}, data_dir=folder))
    assert presenza(site, "restore", str(saved), "--replace").returncode == 0
    assert {path.stat().st_uid for path in (folder, *folder.rglob("*"))} == {4242}


def test_a_backup_holds_the_key_to_the_faces_in_it(folder: Path, saved: Path, tmp_path: Path):
    backup.unpack(saved, tmp_path / "restored")
    restored = hub_settings.load({}, data_dir=tmp_path / "restored")
    assert stat.S_IMODE(restored.site_key.stat().st_mode) == 0o600
    assert open_pictures(restored).get("last/door-1.jpg") == b"\xff\xd8 picture \xff\xd9"
    assert b"\xff\xd8" not in (restored.pictures_dir / "last/door-1.jpg").read_bytes()[:2]
