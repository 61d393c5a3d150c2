"""Cameras that show a certificate instead of a password."""

import signal
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import broker
from broker import Admin, certificates, tls
from broker.certificates import Pair
from hub import wire
from hub.errors import Conflict, SettingsError
from tests.broker.clients import Client, Refused, camera, service
from tests.integration.brokers import Site, free_port, make_site

NOW = datetime.now(UTC)
REFUSALS = (ssl.SSLError, ConnectionError, Refused)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with make_site(tmp_path / "data", mqtt_certificate_port=free_port()) as made:
        yield made


def add(site: Site, device: str) -> dict[str, Any]:
    with Admin(site.settings) as admin:
        return broker.certified_credentials(site.settings, device, admin.add_certified(device))


def reload(site: Site, dead: dict[str, Any]) -> None:
    """What `presenza broker` does when a list of revoked certificates is new; returns when `dead` is refused."""
    assert site.process is not None
    site.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while is_let_in(dead):
        assert time.monotonic() < deadline, "a revoked certificate is still believed"


def forged(site: Site, pair: Pair) -> dict[str, Any]:
    return broker.certified_credentials(site.settings, "cam-a", pair)


def is_let_in(credentials: dict[str, Any], **options: Any) -> bool:
    """With TLS 1.3 a refused certificate shows only after the handshake: as no answer to the CONNECT."""
    try:
        camera(credentials, **options).close()
    except REFUSALS:
        return False
    return True


def test_a_camera_with_a_certificate_has_its_own_topics_and_no_others(site):
    own, foreign = wire.up("main", "cam-a", "status"), wire.up("main", "cam-b", "status")
    with camera(add(site, "cam-a")) as cam, service(site.settings, "hub") as hub:
        assert hub.subscribe("presenza/v1/main/+/up/#")
        assert cam.subscribe("presenza/v1/main/cam-a/down/#")
        assert not cam.subscribe("presenza/v1/main/cam-b/down/#")
        cam.publish(foreign, b"forged")
        cam.publish(own, b"end")
        assert hub.received_until(own, b"end") == []


def test_its_certificate_decides_who_it_is_whatever_it_says(site):
    victim, thief = add(site, "cam-a"), add(site, "cam-b")
    own = wire.up("main", "cam-a", "status")
    with camera(victim) as cam, service(site.settings, "hub") as hub:
        assert hub.subscribe(own)
        with camera(thief | {"username": "cam-a"}, client_id="cam-a") as other:
            other.publish(own, b"forged")
            cam.publish(own, b"still here")
            assert hub.received_until(own, b"still here") == []
            assert not other.subscribe("presenza/v1/main/cam-a/down/#")


def test_without_a_certificate_nobody_gets_in(site):
    credentials = add(site, "cam-a")
    del credentials["certificate"]
    assert not is_let_in(credentials)


def test_a_password_is_no_use_for_a_camera_that_has_none(site):
    credentials = add(site, "cam-a")
    with pytest.raises(Refused):
        Client("127.0.0.1", site.settings.mqtt_local_port, "cam-a", "", "cam-a")
    with pytest.raises(Refused):
        Client("127.0.0.1", site.settings.mqtt_local_port, "cam-a", None, "cam-a")
    assert is_let_in(credentials)


@pytest.mark.parametrize("kind", ["expired", "not yet valid", "of another CA", "self-signed", "of the server"])
def test_a_certificate_lets_nobody_in_that_is(site, kind):
    add(site, "cam-a")
    ca = tls.ca(site.settings)
    day, stranger = timedelta(days=1), certificates.make_ca("main", NOW)
    pairs = {
        "expired": certificates.issue_client(ca, "cam-a", NOW - day),
        "not yet valid": certificates.issue_client(ca, "cam-a", NOW + day, not_before=NOW + day / 2),
        "of another CA": certificates.issue_client(stranger, "cam-a", NOW + day),
        "self-signed": stranger,
        "of the server": certificates.issue_server(ca, ["cam-a"], NOW + day),
    }
    assert not is_let_in(forged(site, pairs[kind]))


def test_a_revoked_camera_is_cut_off_within_a_second_and_its_certificate_is_dead(site):
    credentials = add(site, "cam-a")
    with camera(credentials) as cam, Admin(site.settings) as admin:
        admin.remove("cam-a")
        cam.wait_until_gone(1.0)
    reload(site, dead=credentials)


def test_a_revoked_certificate_stays_dead_when_its_camera_gets_a_new_one(site):
    old = add(site, "cam-a")
    with Admin(site.settings) as admin:
        admin.remove("cam-a")
    reload(site, dead=old)
    new = add(site, "cam-a")
    assert not is_let_in(old)
    assert is_let_in(new)


def test_who_slipped_in_before_the_broker_knew_has_no_rights_and_gets_none_later(site):
    old = add(site, "cam-a")
    with Admin(site.settings) as admin:
        admin.remove("cam-a")
    with camera(old) as thief:  # no reload yet: the certificate is still believed
        assert not thief.subscribe("presenza/v1/main/cam-a/down/#")
        add(site, "cam-a")
        thief.wait_until_gone(10)


def test_other_cameras_stay_connected_when_one_is_revoked(site):
    one, two = add(site, "cam-a"), add(site, "cam-b")
    own = wire.up("main", "cam-b", "status")
    with camera(two) as cam, service(site.settings, "hub") as hub:
        assert hub.subscribe(own)
        with Admin(site.settings) as admin:
            admin.remove("cam-a")
        reload(site, dead=one)
        cam.publish(own, b"still here")
        hub.received_until(own, b"still here")
        assert is_let_in(two)


def test_a_disabled_camera_may_do_nothing_until_it_is_enabled(site):
    credentials = add(site, "cam-a")
    with Admin(site.settings) as admin:
        with camera(credentials) as cam:
            admin.disable("cam-a")
            cam.wait_until_gone(1.0)
        with camera(credentials) as cam:  # Mosquitto lets it in: its certificate is good
            assert not cam.subscribe("presenza/v1/main/cam-a/down/#")
        admin.enable("cam-a")
    with camera(credentials) as cam:
        assert cam.subscribe("presenza/v1/main/cam-a/down/#")


def test_a_certificate_has_no_password_to_rotate(site):
    add(site, "cam-a")
    with Admin(site.settings) as admin, pytest.raises(Conflict, match="revoke it"):
        admin.rotate("cam-a")


def test_without_the_listener_no_certificate_is_given(broker_site):
    with Admin(broker_site.settings) as admin:
        with pytest.raises(SettingsError, match="PRESENZA_MQTT_CERTIFICATE_PORT"):
            admin.add_certified("cam-a")
        assert list(admin.list()) == []


def test_the_keys_of_cameras_are_kept_nowhere(site):
    key = add(site, "cam-a")["key"].encode()
    secret = key.splitlines()[1]
    assert [p for p in site.settings.data_dir.rglob("*") if p.is_file() and secret in p.read_bytes()] == []
