"""`presenza check` of a broker and a hub."""

import json
import socket
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

import broker
from broker import certificates, policy, provision, tls
from broker.connection import Connection
from hub import __version__, wire
from hub import settings as hub_settings
from hub.cli import check_broker, check_site
from hub.cli.check import run
from hub.cli.finding import Level
from hub.payloads import HubStatus
from hub.settings import Settings
from tests.integration.brokers import Site, free_port


def found(settings: Settings) -> dict[str, tuple[Level, str]]:
    findings = run(check_site.broker_and_hub, settings)
    return {finding.subject: (finding.level, finding.message) for finding in findings}


def say(site: Site, payload: bytes) -> None:
    """Publish as the hub what its status is, and wait until the broker has it."""
    with closing(Connection(site.settings, "hub")) as hub:
        hub.client.publish(wire.hub(site.settings.site, wire.STATUS), payload, qos=1, retain=True).wait_for_publish(5)


def test_a_broker_without_a_hub(broker_site: Site):
    findings = found(broker_site.settings)
    assert findings["Broker"][0] is Level.OK
    assert findings["Hub"] == (Level.WARN, f"none is online for the site {broker_site.settings.site}.")


def test_a_hub_that_is_online(broker_site: Site):
    say(broker_site, HubStatus(state="online", hub_id="h", version=__version__).encode())
    assert found(broker_site.settings)["Hub"] == (Level.OK, f"online, version {__version__}")


def test_a_hub_of_another_version_is_told(broker_site: Site):
    say(broker_site, HubStatus(state="online", hub_id="h", version="1.2.3").encode())
    level, message = found(broker_site.settings)["Hub"]
    assert level is Level.WARN
    assert "1.2.3" in message


def test_a_hub_that_is_gone(broker_site: Site):
    say(broker_site, HubStatus(state="offline", hub_id="h").encode())
    assert found(broker_site.settings)["Hub"][0] is Level.WARN


def test_a_status_that_makes_no_sense(broker_site: Site):
    say(broker_site, b"online")
    assert found(broker_site.settings)["Hub"][0] is Level.FAIL


def test_a_broker_that_is_away(broker_site: Site):
    broker_site.stop()
    findings = found(broker_site.settings.model_copy(update={"http_port": free_port()}))
    assert findings["Broker"] == (Level.WARN, "isn't running.")
    assert findings["Ports"][0] is Level.OK


def test_a_port_that_the_dashboard_cannot_have(broker_site: Site):
    broker_site.stop()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = broker_site.settings.model_copy(update={"http_port": other.getsockname()[1]})
        assert found(taken)["Ports"][0] is Level.WARN


def test_something_else_on_the_brokers_port(broker_site: Site):
    broker_site.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", broker_site.settings.mqtt_local_port))
        other.listen()
        findings = found(broker_site.settings)
    assert findings["Broker"][0] is Level.FAIL
    assert str(broker_site.settings.mqtt_local_port) in findings["Ports"][1]


def test_before_the_first_start_nothing_fails(tmp_path):
    ports = {"mqtt_local_port": free_port(), "mqtt_port": free_port(), "http_port": free_port()}
    findings = found(hub_settings.load({}, data_dir=tmp_path / "new", **ports))
    assert findings["Broker"] == (Level.WARN, "isn't running.")
    assert not (tmp_path / "new").exists()


def certificate_of(settings: Settings) -> tuple[Level, str]:
    (finding,) = run(check_broker.certificate, settings)
    return finding.level, finding.message


def rights_of(settings: Settings) -> list[tuple[Level, str]]:
    return [(finding.level, finding.message) for finding in run(check_broker.broker_policy, settings)]


def test_a_certificate_that_is_good_for_long(broker_site: Site):
    level, message = certificate_of(broker_site.settings)
    assert level is Level.OK
    assert f"{tls.valid_until(broker_site.settings):%Y-%m-%d}" in message


@pytest.mark.parametrize(("days", "level"), [(30, Level.WARN), (-2, Level.FAIL)])
def test_a_certificate_that_ends_is_told(broker_site: Site, days: int, level: Level):
    end = datetime.now(UTC) + timedelta(days=days)
    pair = certificates.issue_server(tls.ca(broker_site.settings), ["127.0.0.1"], end)
    (broker_site.settings.broker_dir / "tls/server.pem").write_bytes(pair.certificate + pair.key)
    assert certificate_of(broker_site.settings)[0] is level


def test_the_rights_in_force_are_ours(broker_site: Site):
    broker_site.add_camera("door-1")
    ((level, message),) = rights_of(broker_site.settings)
    assert level is Level.OK
    assert "in force" in message


def test_rights_that_somebody_widened_are_told_running_or_not(broker_site: Site):
    wide = {"acltype": "publishClientSend", "topic": "#", "priority": 0, "allow": True}
    with broker.Admin(broker_site.settings) as admin:
        admin.run([{"command": "addRoleACL", "rolename": policy.INTEGRATION, **wide}])
    for _ in range(2):
        ((level, message),) = rights_of(broker_site.settings)
        assert level is Level.FAIL
        assert policy.INTEGRATION in message
        broker_site.stop()


def test_a_role_that_presenza_does_not_know_is_told(broker_site: Site):
    with broker.Admin(broker_site.settings) as admin:
        admin.run([{"command": "createRole", "rolename": "guest", "acls": []}])
    ((level, message),) = rights_of(broker_site.settings)
    assert level is Level.WARN
    assert "guest" in message


def test_rights_that_are_damaged_are_told(broker_site: Site):
    broker_site.stop()
    provision.security_file(broker_site.settings).write_text(json.dumps({"clients": []}))
    ((level, _),) = rights_of(broker_site.settings)
    assert level is Level.FAIL


def test_before_the_first_start_there_is_nothing_to_check_of_the_broker(tmp_path):
    settings = hub_settings.load({}, data_dir=tmp_path / "new", mqtt_local_port=free_port())
    assert certificate_of(settings)[0] is Level.OK
    assert [level for level, _ in rights_of(settings)] == [Level.OK]
