"""Other programs read along under identities of their own; Home Assistant is told of cameras if that is wanted."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import broker
from broker import Admin, homeassistant, integrations, policy
from hub import wire
from hub.errors import Conflict, InputError, NotFound
from hub.payloads import Command, decode
from tests.broker.clients import Client, Refused, spy, trusting
from tests.integration.brokers import Site, make_site

ANNOUNCED = homeassistant.topic("main", "cam-a")
READ_STATES = [wire.up("main", "+", leaf) for leaf in ("status", "motion", "telemetry", "config")]


def add(site: Site, role: str, name: str = "other") -> dict[str, Any]:
    with Admin(site.settings) as admin:
        password = integrations.add(admin, name, role)
    return integrations.credentials(site.settings, name, role, password)


def connect(given: dict[str, Any], **options: Any) -> Client:
    chosen = {"client_id": given["client_id"], "tls": trusting(given["ca"])} | options
    return Client(given["host"], given["port"], given["username"], given["password"], **chosen)


def accepted(client: Client, filters: list[str]) -> list[str]:
    return [each for each in filters if client.subscribe(each)]


def test_an_integration_reads_results_and_states_and_nothing_else(broker_site):
    readable = [wire.hub("main", "results"), wire.hub("main", "status"), wire.up("main", "+", "status")]
    others = ["#", wire.hub("main", "#"), wire.hub("main", "rpc/#"), wire.up("main", "+", "frame"), "homeassistant/#"]
    with connect(add(broker_site, policy.INTEGRATION)) as client:
        assert accepted(client, [*readable, *others]) == readable


def test_home_assistant_reads_what_names_nobody(broker_site):
    readable = [*READ_STATES, wire.down("main", "+", "ack"), wire.hub("main", "status"), "homeassistant/#"]
    others = ["#", wire.hub("main", "results"), wire.hub("main", "#"), wire.up("main", "+", "frame")]
    with connect(add(broker_site, policy.HOME_ASSISTANT)) as client:
        assert accepted(client, [*readable, *others]) == readable


@pytest.mark.parametrize(
    ("role", "allowed"), [(policy.INTEGRATION, []), (policy.HOME_ASSISTANT, [wire.down("main", "cam-a", "cmd")])]
)
def test_what_an_integration_may_publish(broker_site, role, allowed):
    topics = [
        wire.down("main", "cam-a", "cmd"),
        wire.down("main", "cam-a", "ack"),
        wire.down("main", "cam-a", "config"),
        wire.up("main", "cam-a", "status"),
        wire.hub("main", "results"),
        wire.hub("main", "rpc/enroll"),
        ANNOUNCED,
        policy.CONTROL,
    ]
    with connect(add(broker_site, role)) as client, spy(broker_site.settings) as reader:
        assert reader.subscribe("#")
        for topic in topics:
            client.publish(topic, b"forged")
        reader.publish("end", b"end")
        assert [topic for topic, _ in reader.received_until("end", b"end")] == allowed


def test_an_integration_cannot_take_a_cameras_place(broker_site):
    broker_site.add_camera("cam-a")
    given = add(broker_site, policy.INTEGRATION)
    for taken in ("cam-a", "hub", ""):
        with pytest.raises(Refused):
            connect(given, client_id=taken)


def test_integrations_are_no_cameras_and_the_other_way_round(broker_site):
    broker_site.add_camera("cam-a")
    add(broker_site, policy.INTEGRATION, "cam-a")
    with Admin(broker_site.settings) as admin:
        assert [each.device for each in admin.list()] == ["cam-a"]
        assert integrations.known(admin) == {"cam-a": "integration"}
        admin.remove("cam-a")
        assert integrations.known(admin) == {"cam-a": "integration"}


def test_an_integration_outlives_a_restart_and_is_cut_off_when_it_is_removed(broker_site):
    given = add(broker_site, policy.INTEGRATION)
    broker_site.restart()
    with connect(given) as client, Admin(broker_site.settings) as admin:
        assert client.subscribe(wire.hub("main", "results"))
        integrations.remove(admin, "other")
        client.wait_until_gone(1.0)
        with pytest.raises(NotFound):
            integrations.remove(admin, "other")
    with pytest.raises(Refused):
        connect(given)


def test_an_integration_is_added_once_and_under_a_plain_name(broker_site):
    add(broker_site, policy.INTEGRATION)
    with pytest.raises(Conflict):
        add(broker_site, policy.INTEGRATION)
    with pytest.raises(InputError):
        add(broker_site, policy.INTEGRATION, "Node Red")


@pytest.fixture
def announcing(tmp_path: Path) -> Iterator[Site]:
    with make_site(tmp_path / "data", home_assistant=True) as site:
        yield site


def test_a_camera_is_announced_and_taken_back_with_its_identity(announcing):
    announcing.add_camera("cam-a")
    with spy(announcing.settings) as reader:
        assert reader.subscribe("homeassistant/#")
        assert reader.messages.get(timeout=10) == (ANNOUNCED, homeassistant.discovery("main", "cam-a"))
        with Admin(announcing.settings) as admin:
            admin.remove("cam-a")
        assert reader.messages.get(timeout=10) == (ANNOUNCED, b"")


def test_by_default_nothing_is_announced(broker_site):
    broker_site.add_camera("cam-a")
    with spy(broker_site.settings) as reader:
        assert reader.subscribe("homeassistant/#")
        reader.publish("homeassistant/end", b"end")
        assert reader.received_until("homeassistant/end", b"end") == []


def test_what_was_announced_is_taken_back_when_it_is_no_longer_wanted(announcing):
    announcing.add_camera("cam-a")
    announcing.settings = announcing.settings.model_copy(update={"home_assistant": False})
    announcing.restart()
    with spy(announcing.settings) as reader:
        assert reader.subscribe(ANNOUNCED)
        assert reader.messages.get(timeout=10)[1]  # still there
        desk = broker.Desk(announcing.settings, lambda _: None)
        desk.start()
        assert reader.messages.get(timeout=10) == (ANNOUNCED, b"")
        desk.stop()


def components() -> dict[str, Any]:
    return json.loads(homeassistant.discovery("main", "cam-a"))["components"]


def test_home_assistant_may_read_and_write_all_that_it_is_told_of():
    rights = policy.services("main")[policy.HOME_ASSISTANT]
    generic = re.compile("/cam-a/")
    for name, part in components().items():
        if "state_topic" in part:
            assert generic.sub("/+/", part["state_topic"]) in rights.receives, name
        if "command_topic" in part:
            assert generic.sub("/+/", part["command_topic"]) in rights.publishes, name


def test_every_part_has_an_id_of_its_own_and_shows_or_does_something():
    parts = components()
    assert len({part["unique_id"] for part in parts.values()}) == len(parts)
    assert all(("state_topic" in part) != ("command_topic" in part) for part in parts.values())
    assert {"connected", "motion", "outcome", "identify", "snapshot"} <= set(parts)


def test_a_button_makes_a_command_of_the_contract():
    for op in ("identify", "snapshot"):
        template = components()[op]["command_template"]
        text = template.replace("{{ value }}", components()[op]["payload_press"])
        text = re.sub(r"\{\{ \(?now\(\).timestamp\(\)( \+ 30\))? \| int \}\}", "1790000000", text)
        command = decode(Command, text.encode())
        assert (command.op, command.not_after_ms) == (op, 1_790_000_000_000)


def test_an_announcement_fits_the_broker():
    assert len(homeassistant.discovery("s" * 32, "d" * 32)) < wire.MAX_PAYLOAD
