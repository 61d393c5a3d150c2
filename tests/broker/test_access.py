"""Who gets in, who is thrown out, and what breaks a connection."""

import socket
import time

import pytest

from broker import Admin
from hub import wire
from hub.errors import Conflict, InputError, NotFound, Unavailable
from hub.payloads import DeviceStatus, decode
from tests.broker.clients import Client, Refused, camera, service

STATUS = wire.up("main", "cam-a", "status")


@pytest.mark.parametrize(
    ("username", "password"),
    [("cam-a", "wrong"), ("cam-a", ""), ("nobody", "wrong"), ("admin", "admin"), ("hub", "hub"), (None, None)],
)
def test_without_the_right_password_nobody_gets_in(broker_site, username, password):
    credentials = broker_site.add_camera("cam-a")
    settings = broker_site.settings
    with pytest.raises(Refused):
        camera(credentials | {"username": username, "password": password})
    with pytest.raises(Refused):
        Client(settings.mqtt_host, settings.mqtt_local_port, username, password, "cam-a")


def test_a_revoked_camera_is_disconnected_within_a_second_and_stays_out(broker_site):
    credentials = broker_site.add_camera("cam-a")
    with camera(credentials) as cam, Admin(broker_site.settings) as admin:
        began = time.monotonic()
        admin.remove("cam-a")
        cam.wait_until_gone(1.0)
        assert time.monotonic() - began < 1.0
    with pytest.raises(Refused):
        camera(credentials)


def test_a_disabled_camera_is_disconnected_until_it_is_enabled(broker_site):
    credentials = broker_site.add_camera("cam-a")
    with Admin(broker_site.settings) as admin:
        with camera(credentials) as cam:
            admin.disable("cam-a")
            cam.wait_until_gone(1.0)
        with pytest.raises(Refused):
            camera(credentials)
        admin.enable("cam-a")
        camera(credentials).close()


@pytest.mark.parametrize("method", ["disable", "remove"])
def test_a_camera_that_is_cut_off_is_reported_offline_for_the_boot_that_ran(broker_site, method):
    credentials = broker_site.add_camera("cam-a")
    online = DeviceStatus(state="online", boot_id=77).encode()
    with service(broker_site.settings, "hub") as hub, camera(credentials) as cam:
        assert hub.subscribe(STATUS)
        cam.publish(STATUS, online, retain=True)
        hub.received_until(STATUS, online)
        with Admin(broker_site.settings) as admin:
            getattr(admin, method)("cam-a")
        topic, payload = hub.messages.get(timeout=10)
    assert topic == STATUS
    assert decode(DeviceStatus, payload) == DeviceStatus(state="offline", boot_id=77)


def test_of_a_camera_that_was_never_there_nothing_is_said(broker_site):
    broker_site.add_camera("cam-a")
    other = wire.up("main", "cam-b", "status")
    with Admin(broker_site.settings) as admin:
        admin.disable("cam-a")
    with camera(broker_site.add_camera("cam-b")) as cam:
        cam.publish(other, b"end", retain=True)
    with service(broker_site.settings, "hub") as hub:
        assert hub.subscribe("presenza/v1/main/+/up/status")
        assert hub.received_until(other, b"end") == []


def test_a_new_password_ends_the_connection_with_the_old_one(broker_site):
    credentials = broker_site.add_camera("cam-a")
    with camera(credentials) as cam, Admin(broker_site.settings) as admin:
        password = admin.rotate("cam-a")
        cam.wait_until_gone(1.0)
    with pytest.raises(Refused):
        camera(credentials)
    camera(credentials | {"password": password}).close()


def test_a_removed_camera_leaves_nothing_retained(broker_site):
    with camera(broker_site.add_camera("cam-a")) as cam:
        cam.publish(STATUS, b"online", retain=True)
    with Admin(broker_site.settings) as admin:
        admin.remove("cam-a")
    other = wire.up("main", "cam-b", "status")
    with camera(broker_site.add_camera("cam-b")) as cam:
        cam.publish(other, b"online", retain=True)
    with service(broker_site.settings, "hub") as hub:
        assert hub.subscribe("presenza/v1/main/+/up/status")
        assert hub.received_until(other, b"online") == []


@pytest.mark.parametrize(
    "name", ["hub", "admin", "dashboard", "integration", "hub-1", "", "Door", "a/b", "+", "#", "-a", "a" * 33, "tür"]
)
def test_a_camera_cannot_have_such_a_name(broker_site, name):
    with Admin(broker_site.settings) as admin, pytest.raises(InputError):
        admin.add_device(name)


def test_adding_a_camera_twice_is_a_conflict_and_changes_nothing(broker_site):
    credentials = broker_site.add_camera("cam-a")
    with Admin(broker_site.settings) as admin, pytest.raises(Conflict, match="cam-a"):
        admin.add_device("cam-a")
    with camera(credentials) as cam:
        assert cam.subscribe("presenza/v1/main/cam-a/down/#")


@pytest.mark.parametrize("method", ["rotate", "disable", "enable", "remove"])
def test_a_camera_that_does_not_exist_is_not_found(broker_site, method):
    with Admin(broker_site.settings) as admin, pytest.raises(NotFound, match="cam-a"):
        getattr(admin, method)("cam-a")


def test_two_administrators_at_once_get_their_own_answers(broker_site):
    with Admin(broker_site.settings) as one, Admin(broker_site.settings) as other:
        passwords = {one.add_device("cam-a"), other.add_device("cam-b"), one.add_device("cam-c")}
        assert len(passwords) == 3
        assert [each.device for each in one.list()] == [each.device for each in other.list()]


def test_an_administrator_is_told_when_the_broker_is_down(broker_site):
    broker_site.stop()
    with pytest.raises(Unavailable, match=str(broker_site.settings.mqtt_local_port)):
        Admin(broker_site.settings).__enter__()


def test_an_oversize_message_ends_the_connection_and_reaches_nobody(broker_site):
    frame = wire.up("main", "cam-a", "frame")
    credentials = broker_site.add_camera("cam-a")
    with service(broker_site.settings, "hub") as hub:
        assert hub.subscribe(frame)
        with camera(credentials) as cam:
            cam.paho.publish(frame, bytes(70_000), qos=1)
            cam.wait_until_gone(5.0)
        with camera(credentials) as cam:
            cam.publish(frame, bytes(wire.MAX_PAYLOAD))
        assert hub.received_until(frame, bytes(wire.MAX_PAYLOAD)) == []


def test_bytes_that_are_no_mqtt_end_only_their_own_connection(broker_site):
    settings = broker_site.settings
    with camera(broker_site.add_camera("cam-a")) as cam, service(settings, "hub") as hub:
        assert hub.subscribe(STATUS)
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\x10\xff\xff\xff\xff", bytes(64), b"\x10\x04\x00\x04MQTT"):
            with socket.create_connection((settings.mqtt_host, settings.mqtt_local_port), timeout=1) as raw:
                raw.sendall(garbage)
        cam.publish(STATUS, b"fine")
        hub.received_until(STATUS, b"fine")
