"""What `prepare` makes: files that only their readers can read, secrets that are nowhere else."""

import json
import os
import socket
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

import broker
from broker.provision import security_file
from hub import settings as hub_settings
from hub.errors import Busy, StoreCorrupt, Unavailable
from tests.broker.clients import camera, service
from tests.integration.brokers import free_port


@pytest.fixture
def settings(tmp_path: Path):
    return hub_settings.load({}, data_dir=tmp_path / "own", mqtt_local_port=free_port(), mqtt_port=free_port())


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_secrets_are_readable_for_their_owner_only(settings):
    broker.prepare(settings)
    files = list(settings.secrets_dir.glob("*.password"))
    assert {each.name for each in files} == {"admin.password", "hub.password", "dashboard.password"}
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}
    assert stat.S_IMODE(settings.secrets_dir.stat().st_mode) == 0o700


def test_others_can_read_nothing_of_the_brokers_folder(settings):
    broker.prepare(settings)
    for path in settings.broker_dir.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0, path


def test_secrets_are_long_and_all_different(settings):
    broker.prepare(settings)
    passwords = {broker.credentials(settings, role)[1] for role in ("admin", "hub", "dashboard")}
    assert len(passwords) == 3
    assert min(len(each) for each in passwords) >= 40


def test_no_secret_is_in_the_brokers_files_or_on_its_command_line(settings):
    broker.prepare(settings)
    everything = b"".join(contents(settings.broker_dir).values()) + " ".join(broker.command(settings)).encode()
    for role in ("admin", "hub", "dashboard"):
        assert broker.credentials(settings, role)[1].encode() not in everything


def test_preparing_twice_changes_no_secret_and_no_identity(settings):
    broker.prepare(settings)
    before = contents(settings.secrets_dir)
    known = json.loads(security_file(settings).read_bytes())["roles"]
    broker.prepare(settings)
    assert contents(settings.secrets_dir) == before
    assert json.loads(security_file(settings).read_bytes())["roles"] == known


def test_a_service_whose_secret_was_replaced_gets_in_after_a_restart(broker_site):
    (broker_site.settings.secrets_dir / "dashboard.password").unlink()
    credentials = broker_site.add_camera("cam-a")
    broker_site.restart()
    service(broker_site.settings, "dashboard").close()
    camera(credentials).close()


def test_a_damaged_security_file_stops_the_start_and_is_kept(settings):
    broker.prepare(settings)
    security_file(settings).write_text("{")
    with pytest.raises(StoreCorrupt, match="dynamic-security"):
        broker.prepare(settings)
    assert security_file(settings).read_text() == "{"


def test_credentials_before_the_first_start_say_what_to_do(settings):
    with pytest.raises(Unavailable, match="presenza up"):
        broker.credentials(settings, "hub")


def test_the_hubs_password_may_come_from_the_settings(settings):
    given = settings.model_copy(update={"mqtt_username": "hub-2", "mqtt_password": SecretStr("s3cret")})
    assert broker.credentials(given, "hub") == ("hub-2", "s3cret")


def test_a_taken_port_is_named(settings):
    expected = pytest.raises(Busy, match=f"{settings.mqtt_local_port}.*PRESENZA_MQTT_LOCAL_PORT")
    with socket.create_server(("127.0.0.1", settings.mqtt_local_port)), expected:
        broker.check_port(settings)
    broker.check_port(settings)


def test_a_data_folder_has_one_broker(settings):
    with broker.locked(settings), pytest.raises(Busy, match=str(settings.data_dir)), broker.locked(settings):
        pass
    with broker.locked(settings):
        pass


def test_a_missing_mosquitto_says_what_to_install(settings, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("broker.mosquitto.SEARCH", ())
    with pytest.raises(Unavailable, match="apt install mosquitto"):
        broker.command(settings)


def test_it_is_ready_only_for_the_hub_of_its_own_data_folder(broker_site, settings):
    broker.prepare(settings)
    stranger = settings.model_copy(update={"mqtt_local_port": broker_site.settings.mqtt_local_port})
    with pytest.raises(Unavailable, match="another data folder"):
        broker.ready(stranger, 5.0)


def test_waiting_for_a_broker_that_never_comes_ends(settings):
    broker.prepare(settings)
    with pytest.raises(Unavailable, match="No broker answers"):
        broker.ready(settings, 0.3)


@pytest.mark.skipif(os.geteuid() != 0, reason="mosquitto changes its user only when started as root")
def test_started_as_root_it_runs_as_another_user(broker_site):
    status = Path(f"/proc/{broker_site.process.pid}/status").read_text()
    uid = next(line.split()[2] for line in status.splitlines() if line.startswith("Uid:"))
    assert uid != "0"
