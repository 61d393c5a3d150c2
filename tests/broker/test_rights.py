"""No camera speaks for another: the rights, asserted at the receiver.

The broker acknowledges a refused QoS 1 publish as if all were well, so only what arrives counts.
"""

from typing import Any

import pytest

from broker import Admin, policy
from hub import wire
from tests.broker.clients import Client, Refused, camera, control, service, spy
from tests.integration.brokers import Site

SITE = "main"
OTHERS_TOPICS = [
    *(wire.up(SITE, "cam-b", leaf) for leaf in policy.DEVICE_SAYS),
    *(wire.down(SITE, device, leaf) for device in ("cam-a", "cam-b") for leaf in policy.DEVICE_READS),
    *(wire.hub(SITE, leaf) for leaf in ("status", "results", "guard", "rpc/enroll", "reply/dashboard-1")),
    wire.up(SITE, "cam-a", "other"),
    wire.up(SITE, "cam-a", "frame/deeper"),
    wire.up("elsewhere", "cam-a", "frame"),
    "presenza/v2/main/cam-a/up/frame",
    "presenza/v1/main/cam-a",
    "$SYS/broker/version",
    "anything",
]
FORBIDDEN_FILTERS = [
    "#",
    "+/+/+/+/+/+",
    "$SYS/#",
    "$CONTROL/#",
    policy.CONTROL_RESPONSE,
    "presenza/v1/main/#",
    "presenza/v1/main/+/down/#",
    "presenza/v1/main/+/down/ack",
    "presenza/v1/main/cam-b/down/#",
    "presenza/v1/main/cam-b/down/ack",
    "presenza/v1/main/cam-b/up/#",
    "presenza/v1/main/cam-a/#",
    "presenza/v1/main/cam-a/up/frame",
    "presenza/v1/main/hub/#",
    "presenza/v1/main/hub/+",
    "presenza/v1/main/hub/results",
    "presenza/v1/main/hub/rpc/#",
    "$share/x/presenza/v1/main/cam-b/down/ack",
    "$share/x/#",
]


@pytest.fixture
def cameras(broker_site: Site) -> tuple[dict[str, Any], dict[str, Any]]:
    return broker_site.add_camera("cam-a"), broker_site.add_camera("cam-b")


def arrived(broker_site: Site, sender: Client, topics: list[str], own: str) -> list[str]:
    """Which of `topics` reach a reader of everything when `sender` publishes to them; `own` must."""
    with spy(broker_site.settings) as reader:
        assert reader.subscribe("#")
        assert reader.subscribe("$SYS/broker/version")
        reader.messages.get(timeout=10)  # the broker's own, retained
        for topic in topics:
            sender.publish(topic, b"forged")
        sender.publish(own, b"end")
        return [topic for topic, payload in reader.received_until(own, b"end") if payload == b"forged"]


def test_a_camera_may_publish_its_own_topics(broker_site, cameras):
    own = [wire.up(SITE, "cam-a", leaf) for leaf in policy.DEVICE_SAYS]
    with camera(cameras[0]) as cam:
        assert arrived(broker_site, cam, own, wire.up(SITE, "cam-a", "status")) == own


def test_a_camera_may_publish_nothing_else(broker_site, cameras):
    with camera(cameras[0]) as cam:
        assert arrived(broker_site, cam, OTHERS_TOPICS, wire.up(SITE, "cam-a", "status")) == []


def test_a_camera_cannot_leave_a_retained_message_under_a_foreign_topic(broker_site, cameras):
    poisoned = [wire.down(SITE, "cam-b", "config"), wire.up(SITE, "cam-b", "status"), wire.hub(SITE, "status")]
    own = wire.up(SITE, "cam-a", "status")
    with camera(cameras[0]) as cam:
        for topic in poisoned:
            cam.publish(topic, b"poison", retain=True)
        cam.publish(own, b"end", retain=True)
    with spy(broker_site.settings) as reader:
        assert reader.subscribe("#")
        assert reader.received_until(own, b"end") == []


def test_a_camera_cannot_clear_what_another_retained(broker_site, cameras):
    status = wire.up(SITE, "cam-b", "status")
    with camera(cameras[1]) as owner:
        owner.publish(status, b"mine", retain=True)
    with camera(cameras[0]) as cam:
        cam.publish(status, b"", retain=True)
    with service(broker_site.settings, "hub") as reader:
        assert reader.subscribe(status)
        assert reader.received_until(status, b"mine") == []


def test_a_camera_cannot_subscribe_to_anything_foreign(cameras):
    with camera(cameras[0]) as cam:
        assert [each for each in FORBIDDEN_FILTERS if cam.subscribe(each)] == []


def test_a_camera_receives_its_own_topics_and_the_hubs_status_only(broker_site, cameras):
    own = [*(wire.down(SITE, "cam-a", leaf) for leaf in policy.DEVICE_READS), wire.hub(SITE, "status")]
    with camera(cameras[0]) as cam, spy(broker_site.settings) as sender:
        for each in ["presenza/v1/main/cam-a/down/#", wire.hub(SITE, "status"), *FORBIDDEN_FILTERS]:
            cam.subscribe(each)
        for topic in [*own, *OTHERS_TOPICS]:
            if not topic.startswith("$"):
                sender.publish(topic, b"hello")
        sender.publish(own[0], b"end")
        topics = {topic for topic, _ in cam.received_until(own[0], b"end")}
    assert topics == set(own)


def test_a_camera_cannot_give_itself_rights(broker_site, cameras):
    command = b'{"commands":[{"command":"addClientRole","username":"cam-a","rolename":"admin"}]}'
    with camera(cameras[0]) as cam:
        cam.publish(policy.CONTROL, command)
        cam.publish(wire.up(SITE, "cam-a", "status"), b"still here")
    client = control(broker_site.settings, {"command": "getClient", "username": "cam-a"})[0]["data"]["client"]
    assert [role["rolename"] for role in client["roles"]] == ["device:cam-a"]


def test_a_last_will_on_a_foreign_topic_is_not_delivered(broker_site, cameras):
    status = wire.up(SITE, "cam-b", "status")
    own = wire.up(SITE, "cam-a", "status")
    with spy(broker_site.settings) as reader:
        assert reader.subscribe("#")
        try:
            cam = camera(cameras[0], will=(status, b"forged"))
        except Refused:
            pass
        else:
            cam.paho.socket().shutdown(2)  # no goodbye: the will is due
            cam.wait_until_gone(10)
            cam.close()
        with camera(cameras[0], client_id="cam-a") as cam:
            cam.publish(own, b"end")
        assert reader.received_until(own, b"end") == []


def test_a_last_will_on_the_own_topic_is_delivered(broker_site, cameras):
    own = wire.up(SITE, "cam-a", "status")
    with service(broker_site.settings, "hub") as reader:
        assert reader.subscribe(own)
        cam = camera(cameras[0], will=(own, b"gone"))
        cam.paho.socket().shutdown(2)
        assert reader.received_until(own, b"gone") == []
        cam.close()


@pytest.mark.parametrize("taken", ["cam-b", "hub", "hub-0001", "", "cam-a2"])
def test_a_camera_is_let_in_under_its_own_client_id_only(cameras, taken):
    with pytest.raises(Refused):
        camera(cameras[0], client_id=taken)


def test_a_camera_cannot_throw_another_out_by_its_client_id(broker_site, cameras):
    own = wire.up(SITE, "cam-b", "status")
    with camera(cameras[1]) as victim, service(broker_site.settings, "hub") as reader:
        assert reader.subscribe(own)
        with pytest.raises(Refused):
            camera(cameras[0], client_id="cam-b")
        victim.publish(own, b"still here")
        assert reader.received_until(own, b"still here") == []


def test_the_hub_reads_every_camera_and_answers_it(broker_site, cameras):
    ack, frame = wire.down(SITE, "cam-a", "ack"), wire.up(SITE, "cam-a", "frame")
    with service(broker_site.settings, "hub") as hub, camera(cameras[0]) as cam:
        for each in ("presenza/v1/main/+/up/#", "presenza/v1/main/+/up/+", "presenza/v1/main/hub/rpc/#"):
            assert hub.subscribe(each), each
        assert cam.subscribe(ack)
        cam.publish(frame, b"chunk")
        hub.received_until(frame, b"chunk")
        hub.publish(ack, b"recognized")
        cam.received_until(ack, b"recognized")


def test_the_hub_may_not_configure_cameras_or_manage_identities(broker_site):
    topics = [wire.down(SITE, "cam-a", "config"), wire.up(SITE, "cam-a", "frame"), "anything"]
    with service(broker_site.settings, "hub") as hub:
        assert arrived(broker_site, hub, topics, wire.hub(SITE, "status")) == []
        assert not hub.subscribe(policy.CONTROL_RESPONSE)


def test_the_dashboard_reads_results_and_states_but_no_frames(broker_site):
    readable = [wire.up(SITE, "+", leaf) for leaf in ("status", "motion", "telemetry", "config", "cmd")]
    with service(broker_site.settings, "dashboard") as dashboard:
        assert [each for each in [*readable, wire.hub(SITE, "#")] if not dashboard.subscribe(each)] == []
        forbidden = [wire.up(SITE, "+", "frame"), wire.up(SITE, "+", "#"), wire.up(SITE, "cam-a", "frame"), "#"]
        assert [each for each in forbidden if dashboard.subscribe(each)] == []


def test_the_dashboard_commands_cameras_and_asks_the_hub_and_publishes_nothing_else(broker_site):
    allowed = [*(wire.down(SITE, "cam-a", leaf) for leaf in ("config", "cmd")), wire.hub(SITE, "rpc/enroll")]
    forbidden = [wire.down(SITE, "cam-a", "ack"), wire.hub(SITE, "results"), wire.hub(SITE, "status"), "anything"]
    with service(broker_site.settings, "dashboard") as dashboard:
        assert arrived(broker_site, dashboard, [*allowed, *forbidden], allowed[0]) == allowed


def test_rights_hold_after_a_restart(broker_site, cameras):
    broker_site.restart()
    with camera(cameras[0]) as cam:
        assert arrived(broker_site, cam, OTHERS_TOPICS, wire.up(SITE, "cam-a", "status")) == []


def test_rights_follow_the_sites_name_at_the_next_start(broker_site, cameras):
    broker_site.settings = broker_site.settings.model_copy(update={"site": "annex"})
    broker_site.restart()
    with camera(cameras[0]) as cam:
        assert cam.subscribe("presenza/v1/annex/cam-a/down/#")
        assert not cam.subscribe("presenza/v1/main/cam-a/down/#")


def test_a_camera_that_was_added_stays_known_over_a_power_cut(broker_site, cameras):
    broker_site.kill()
    broker_site.start()
    with Admin(broker_site.settings) as admin:
        assert [each.device for each in admin.list()] == ["cam-a", "cam-b"]
    with camera(cameras[0]):
        pass
