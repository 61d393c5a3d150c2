"""The cameras' listener: whom a camera believes, and renewal without dropping anybody."""

import signal
import socket
import ssl
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker import certificates, tls
from broker.certificates import Pair
from hub import wire
from tests.broker.clients import camera, service
from tests.integration.brokers import Site

STATUS = wire.up("main", "cam-a", "status")
NOW = datetime.now(UTC)


def peer(site: Site, context: ssl.SSLContext) -> tuple[bytes, str]:
    """The certificate (DER) that the listener shows, and the protocol's version."""
    address = ("127.0.0.1", site.settings.mqtt_port)
    with (
        socket.create_connection(address, timeout=10) as raw,
        context.wrap_socket(raw, server_hostname="127.0.0.1") as secured,
    ):
        certificate, version = secured.getpeercert(binary_form=True), secured.version()
    assert certificate is not None
    assert version is not None
    return certificate, version


def trusting(site: Site) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=tls.ca_text(site.settings))


def show(site: Site, pair: Pair) -> None:
    """Let the running listener show this certificate."""
    path = site.settings.broker_dir / "tls/server.pem"
    path.write_bytes(pair.certificate + pair.key)
    reload(site)
    deadline = time.monotonic() + 10
    wanted = ssl.PEM_cert_to_DER_cert(pair.certificate.decode())
    blind = ssl._create_unverified_context()
    while peer(site, blind)[0] != wanted:  # mosquitto says nothing when it has read it
        assert time.monotonic() < deadline, site.log


def reload(site: Site) -> None:
    assert site.process is not None
    site.process.send_signal(signal.SIGHUP)


def own_ca(site: Site) -> Pair:
    key = (site.settings.secrets_dir / "ca.key").read_bytes()
    return Pair((tls.ca_text(site.settings) or "").encode(), key)


def refusal(site: Site, context: ssl.SSLContext) -> str:
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        peer(site, context)
    return caught.value.verify_message


def test_a_camera_connects_with_the_ca_alone(broker_site):
    credentials = broker_site.add_camera("cam-a")
    assert credentials["tls"] is True
    assert credentials["ca"].startswith("-----BEGIN CERTIFICATE-----")
    with camera(credentials) as cam, service(broker_site.settings, "hub") as hub:
        assert hub.subscribe(STATUS)
        cam.publish(STATUS, b"online")
        hub.received_until(STATUS, b"online")


def test_a_certificate_of_another_ca_is_not_believed(broker_site):
    stranger = certificates.make_ca("main", NOW)
    show(broker_site, certificates.issue_server(stranger, ["127.0.0.1"], NOW + timedelta(days=1)))
    assert "unable to get local issuer" in refusal(broker_site, trusting(broker_site))


def test_a_self_signed_certificate_is_not_believed(broker_site):
    show(broker_site, certificates.make_ca("main", NOW))
    assert "self-signed" in refusal(broker_site, trusting(broker_site)).replace("self signed", "self-signed")


def test_a_certificate_that_is_not_valid_yet_is_not_believed(broker_site):
    begin, end = NOW + timedelta(hours=1), NOW + timedelta(days=1)
    show(broker_site, certificates.issue_server(own_ca(broker_site), ["127.0.0.1"], end, not_before=begin))
    assert "not yet valid" in refusal(broker_site, trusting(broker_site))


def test_an_expired_certificate_is_not_believed(broker_site):
    end = NOW - timedelta(minutes=1)
    show(broker_site, certificates.issue_server(own_ca(broker_site), ["127.0.0.1"], end))
    assert "expired" in refusal(broker_site, trusting(broker_site))


def test_a_certificate_for_another_name_is_not_believed(broker_site):
    end = NOW + timedelta(days=1)
    show(broker_site, certificates.issue_server(own_ca(broker_site), ["broker.example"], end))
    assert "IP address mismatch" in refusal(broker_site, trusting(broker_site))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_below_1_2_is_refused_by_the_broker(broker_site, version):
    context = trusting(broker_site)
    context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")  # else our own OpenSSL would not even ask
    with pytest.raises(ssl.SSLError, match=r"(?i)alert protocol version"):
        peer(broker_site, context)


@pytest.mark.parametrize(
    ("version", "name"), [(ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")]
)
def test_tls_1_2_and_1_3_are_spoken(broker_site, version, name):
    context = trusting(broker_site)
    context.minimum_version = context.maximum_version = version
    assert peer(broker_site, context)[1] == name


@pytest.mark.parametrize("cipher", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256"])
def test_ciphers_without_forward_secrecy_or_authentication_are_refused(broker_site, cipher):
    context = trusting(broker_site)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(cipher)
    with pytest.raises(ssl.SSLError, match=r"(?i)handshake failure"):
        peer(broker_site, context)


def test_the_cameras_listener_speaks_no_plain_mqtt(broker_site):
    credentials = broker_site.add_camera("cam-a")
    answer = b""
    with (
        suppress(ConnectionResetError),
        socket.create_connection((credentials["host"], credentials["port"]), timeout=10) as raw,
    ):
        raw.sendall(b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02ab")
        answer = raw.recv(64)
    assert not answer.startswith(b"\x20")  # no CONNACK; a TLS alert at most


def test_a_renewed_certificate_is_shown_and_no_camera_is_dropped(broker_site):
    credentials = broker_site.add_camera("cam-a")
    with camera(credentials) as cam, service(broker_site.settings, "hub") as hub:
        assert hub.subscribe(STATUS)
        old = peer(broker_site, trusting(broker_site))[0]
        show(broker_site, certificates.issue_server(own_ca(broker_site), ["127.0.0.1"], NOW + timedelta(days=400)))
        assert peer(broker_site, trusting(broker_site))[0] != old
        cam.publish(STATUS, b"still here")
        hub.received_until(STATUS, b"still here")
        camera(credentials | {"device": "cam-a"}).close()


def test_identities_and_rights_outlive_a_reload(broker_site):
    one = broker_site.add_camera("cam-a")
    reload(broker_site)
    two = broker_site.add_camera("cam-b")
    reload(broker_site)
    with camera(one) as cam, camera(two):
        assert cam.subscribe("presenza/v1/main/cam-a/down/#")
        assert not cam.subscribe("presenza/v1/main/cam-b/down/#")


def test_own_certificates_can_be_put_in_instead(broker_site, tmp_path):
    ca = certificates.make_ca("school", NOW)
    pair = certificates.issue_server(ca, ["127.0.0.1"], NOW + timedelta(days=90))
    files = _files(tmp_path, pair) | {"mqtt_ca": tmp_path / "ca.pem"}
    files["mqtt_ca"].write_bytes(ca.certificate)
    broker_site.settings = broker_site.settings.model_copy(update=files)
    broker_site.restart()
    credentials = broker_site.add_camera("cam-a")
    assert credentials["ca"] == ca.certificate.decode()
    camera(credentials).close()


def _files(folder: Path, pair: Pair) -> dict[str, Path]:
    files = {"mqtt_certificate": folder / "own.crt", "mqtt_private_key": folder / "own.key"}
    files["mqtt_certificate"].write_bytes(pair.certificate)
    files["mqtt_private_key"].write_bytes(pair.key)
    return files


def test_oversize_messages_are_refused_over_tls_too(broker_site):
    with camera(broker_site.add_camera("cam-a")) as cam:
        cam.paho.publish(STATUS, bytes(70_000), qos=1)
        cam.wait_until_gone(10)


def test_the_loopback_listener_is_on_loopback_only(broker_site):
    configuration = (broker_site.settings.broker_dir / "mosquitto.conf").read_text()
    listeners = [line for line in configuration.splitlines() if line.startswith("listener ")]
    local, cameras = broker_site.settings.mqtt_local_port, broker_site.settings.mqtt_port
    assert listeners == [f"listener {local} 127.0.0.1", f"listener {cameras} 127.0.0.1"]
