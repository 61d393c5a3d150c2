"""`presenza broker` and `presenza device` as processes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import broker
from hub import settings as hub_settings
from tests.broker.clients import Refused, camera, claimant
from tests.integration.brokers import Site, free_port, make_site


def presenza(site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "hub", *arguments]
    return subprocess.run(argv, env=site.environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A data folder whose broker does not run yet."""
    ports = {"mqtt_local_port": free_port(), "mqtt_port": free_port(), "mqtt_bind": "127.0.0.1"}
    return Site(hub_settings.load({}, data_dir=tmp_path / "data", time_zone="UTC", **ports))


@contextmanager
def running(site: Site) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", "broker"], env=site.environ, stderr=subprocess.PIPE, text=True
    )
    try:
        broker.ready(site.settings, 20)
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=10)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_broker_ends_in_order_when_it_is_told_to(site, number):
    with running(site) as process:
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
        assert process.returncode == 0
        assert "The broker has stopped." in errors
        broker.check_port(site.settings)


def test_a_second_broker_on_the_same_data_folder_is_refused(site):
    with running(site):
        second = presenza(site, "broker")
        assert second.returncode == 5
        assert "already runs on the data folder" in second.stderr


def test_a_mosquitto_whose_parent_was_killed_still_holds_the_data_folder(site):
    with running(site) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.kill()
        process.wait(10)
        try:
            refused = presenza(site, "broker")
            assert refused.returncode == 5
            assert f"(process {children[0]})" in refused.stderr
        finally:
            for child in children:
                os.kill(int(child), signal.SIGTERM)
            process.communicate(timeout=10)  # ends when the last holder of its output has gone


def test_a_certificate_that_was_replaced_is_shown_without_a_restart(site):
    with running(site) as process:
        with broker.Admin(site.settings) as admin:
            password = admin.add_device("door-1")
        with camera(broker.camera_credentials(site.settings, "door-1", password)) as cam:
            (site.settings.broker_dir / "tls/server.pem").unlink()
            broker.renew(site.settings)
            assert process.stderr is not None
            assert any("reads its certificates again" in line for line in process.stderr)
            assert cam.subscribe("presenza/v1/main/door-1/down/#")


def test_a_device_can_have_a_certificate_instead_of_a_password(tmp_path):
    with make_site(tmp_path / "data", mqtt_certificate_port=free_port()) as site:
        added = presenza(site, "device", "add", "door-1", "--certificate", "--json")
        credentials = json.loads(added.stdout)
        assert credentials["password"] is None
        camera(credentials).close()


def test_a_device_gets_no_certificate_that_it_cannot_use(broker_site):
    refused = presenza(broker_site, "device", "add", "door-1", "--certificate")
    assert refused.returncode == 2
    assert "PRESENZA_MQTT_CERTIFICATE_PORT" in refused.stderr


def test_a_taken_port_is_named_and_nothing_is_started(broker_site, tmp_path):
    settings = broker_site.settings.model_copy(update={"data_dir": tmp_path / "other"})
    second = presenza(Site(settings), "broker")
    assert second.returncode == 5
    assert f"Port {settings.mqtt_local_port} is taken" in second.stderr


def test_a_device_that_is_added_can_connect_with_what_is_printed(broker_site):
    added = presenza(broker_site, "device", "add", "door-1", "--note", "main entrance", "--json")
    assert added.returncode == 0, added.stderr
    credentials = json.loads(added.stdout)
    assert list(credentials) == ["device", "site", "username", "password", "host", "port", "tls", "ca"]
    camera(credentials).close()


def test_devices_are_listed_with_their_identity_and_without_passwords(broker_site):
    password = json.loads(presenza(broker_site, "device", "add", "door-1", "--json").stdout)["password"]
    listed = presenza(broker_site, "device", "list", "--json")
    (row,) = json.loads(listed.stdout)
    assert (row["device"], row["state"], row["identity"]) == ("door-1", "never seen", "active")
    assert password not in listed.stdout + broker_site.log


def test_devices_are_listed_while_the_broker_is_down(broker_site):
    presenza(broker_site, "device", "add", "door-1")
    broker_site.stop()
    listed = presenza(broker_site, "device", "list", "--json")
    assert json.loads(listed.stdout)[0]["identity"] is None
    assert "No broker answers" in listed.stderr


def test_a_removed_device_is_gone_everywhere(broker_site):
    credentials = json.loads(presenza(broker_site, "device", "add", "door-1", "--json").stdout)
    assert presenza(broker_site, "device", "remove", "door-1").returncode == 0
    assert json.loads(presenza(broker_site, "device", "list", "--json").stdout) == []
    with pytest.raises(Refused):
        camera(credentials)
    again = presenza(broker_site, "device", "remove", "door-1")
    assert again.returncode == 3
    assert "no camera door-1" in again.stderr


def test_a_rotated_device_connects_with_its_new_password_only(broker_site):
    old = json.loads(presenza(broker_site, "device", "add", "door-1", "--json").stdout)
    new = json.loads(presenza(broker_site, "device", "rotate", "door-1", "--json").stdout)
    assert list(new) == list(old)
    camera(new).close()
    with pytest.raises(Refused):
        camera(old)


def test_a_disabled_device_is_shown_as_such_and_can_be_enabled(broker_site):
    credentials = json.loads(presenza(broker_site, "device", "add", "door-1", "--json").stdout)
    assert presenza(broker_site, "device", "disable", "door-1").returncode == 0
    shown = json.loads(presenza(broker_site, "device", "show", "door-1", "--json").stdout)
    assert (shown["identity"], shown["status"]) == ("disabled", None)
    with pytest.raises(Refused):
        camera(credentials)
    assert presenza(broker_site, "device", "enable", "door-1").returncode == 0
    camera(credentials).close()


def test_a_revoked_device_stays_in_the_list_without_an_identity(broker_site):
    presenza(broker_site, "device", "add", "door-1", "--note", "main entrance")
    assert presenza(broker_site, "device", "revoke", "door-1").returncode == 0
    (row,) = json.loads(presenza(broker_site, "device", "list", "--json").stdout)
    assert (row["identity"], row["note"]) == ("none", "main entrance")
    assert presenza(broker_site, "device", "add", "door-1").returncode == 0


def test_an_invited_camera_claims_its_identity_and_is_listed(site):
    with running(site):
        invite = ("device", "invite", "door-1", "--note", "main entrance", "--json")
        code = json.loads(presenza(site, *invite).stdout)["code"]
        with claimant(site.settings) as newcomer:
            nonce = "0123456789abcdef" * 2
            assert newcomer.subscribe(f"presenza/v1/main/claim/reply/{nonce}")
            request = json.dumps({"v": 1, "code": code, "reply": nonce}).encode()
            newcomer.publish("presenza/v1/main/claim/request", request)
            answer = json.loads(newcomer.messages.get(timeout=20)[1])
        camera(answer["credentials"]).close()
        (row,) = json.loads(presenza(site, "device", "list", "--json").stdout)
        assert (row["device"], row["identity"], row["note"]) == ("door-1", "active", "main entrance")


def test_an_integration_gets_an_identity_is_listed_and_removed(broker_site):
    given = json.loads(presenza(broker_site, "integration", "add", "home", "--role", "home-assistant", "--json").stdout)
    assert (given["username"], given["client_id"]) == ("integration.home", "integration.home")
    listed = json.loads(presenza(broker_site, "integration", "list", "--json").stdout)
    assert listed == [{"integration": "home", "role": "home-assistant"}]
    assert presenza(broker_site, "integration", "remove", "home").returncode == 0
    assert presenza(broker_site, "integration", "remove", "home").returncode == 3


def test_what_is_not_there_cannot_be_shown_rotated_or_revoked(broker_site):
    for action in ("show", "rotate", "disable", "enable", "revoke"):
        refused = presenza(broker_site, "device", action, "door-9")
        assert (refused.returncode, "door-9" in refused.stderr) == (3, True), action


@pytest.mark.parametrize(("name", "code"), [("hub", 2), ("Bad/Name", 2)])
def test_a_bad_name_is_refused_with_a_sentence(broker_site, name, code):
    refused = presenza(broker_site, "device", "add", name)
    assert refused.returncode == code
    assert name in refused.stderr


def test_adding_twice_is_a_conflict(broker_site):
    presenza(broker_site, "device", "add", "door-1")
    assert presenza(broker_site, "device", "add", "door-1").returncode == 4


def test_without_a_broker_the_sentence_says_how_to_start_one(site):
    refused = presenza(site, "device", "add", "door-1")
    assert refused.returncode == 6
    assert "presenza up" in refused.stderr
