"""`presenza check` of a broker and a hub."""

import socket
from contextlib import closing

from broker.connection import Connection
from hub import settings as hub_settings
from hub import wire
from hub.cli import check_site
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
    say(broker_site, HubStatus(state="online", hub_id="h", version="1.2.3").encode())
    assert found(broker_site.settings)["Hub"] == (Level.OK, "online, version 1.2.3")


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
