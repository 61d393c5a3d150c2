"""When certificates are made, kept, renewed, and refused."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from broker import certificates, tls
from broker.certificates import Pair
from hub import settings as hub_settings
from hub.errors import SettingsError, StoreCorrupt
from hub.settings import Settings

NOW = datetime.now(UTC)
NAMES = ("127.0.0.1", "broker.example")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = hub_settings.load({}, data_dir=tmp_path, mqtt_names="127.0.0.1,broker.example")
    made.secrets_dir.mkdir()
    return made


def server(settings: Settings) -> bytes:
    return (settings.broker_dir / "tls/server.pem").read_bytes()


def issued(ca: Pair, days: float, names: tuple[str, ...] = NAMES) -> Pair:
    return certificates.issue_server(ca, names, NOW + timedelta(days=days))


def test_everything_is_valid_for_a_clock_that_was_never_set():
    ca = certificates.make_ca("main", NOW)
    for pem in (ca.certificate, issued(ca, 10).certificate):
        assert x509.load_pem_x509_certificate(pem).not_valid_before_utc == datetime(1999, 12, 31, tzinfo=UTC)


def test_the_ca_may_sign_cameras_brokers_and_nothing_that_signs():
    certificate = x509.load_pem_x509_certificate(certificates.make_ca("main", NOW).certificate)
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (constraints.ca, constraints.path_length) == (True, 0)


def test_a_server_certificate_is_no_ca():
    ca = certificates.make_ca("main", NOW)
    certificate = x509.load_pem_x509_certificate(issued(ca, 10).certificate)
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_names_and_addresses_are_both_in_the_certificate():
    ca = certificates.make_ca("main", NOW)
    certificate = x509.load_pem_x509_certificate(issued(ca, 10).certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["broker.example"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


@pytest.mark.parametrize(("days", "due"), [(61, False), (59, True), (-1, True)])
def test_a_certificate_is_renewed_before_it_ends(days, due):
    ca = certificates.make_ca("main", NOW)
    assert certificates.is_due(issued(ca, days), ca.certificate, NAMES, NOW) is due


def test_a_certificate_is_renewed_when_the_names_change():
    ca = certificates.make_ca("main", NOW)
    assert certificates.is_due(issued(ca, 300), ca.certificate, ("127.0.0.1",), NOW)


def test_a_certificate_of_another_ca_or_with_another_key_is_renewed():
    ca, other = certificates.make_ca("main", NOW), certificates.make_ca("main", NOW)
    good = issued(ca, 300)
    assert certificates.is_due(good, other.certificate, NAMES, NOW)
    assert certificates.is_due(Pair(good.certificate, issued(ca, 300).key), ca.certificate, NAMES, NOW)
    assert certificates.is_due(Pair(b"nonsense", b""), ca.certificate, NAMES, NOW)


def test_what_is_good_is_kept(settings):
    assert tls.ensure(settings)
    before = server(settings), tls.ca_text(settings)
    assert not tls.ensure(settings)
    assert (server(settings), tls.ca_text(settings)) == before


def test_a_renewal_keeps_the_ca_that_cameras_know(settings):
    tls.ensure(settings)
    ca, before = tls.ca_text(settings), server(settings)
    (settings.broker_dir / "tls/server.pem").write_bytes(b"damaged")
    assert tls.ensure(settings)
    assert tls.ca_text(settings) == ca
    assert server(settings) != before


def test_a_lost_ca_key_matters_only_when_something_must_be_issued(settings):
    tls.ensure(settings)
    (settings.secrets_dir / "ca.key").unlink()
    assert not tls.ensure(settings)
    renamed = settings.model_copy(update={"mqtt_names": ("elsewhere.example",)})
    with pytest.raises(StoreCorrupt, match=r"ca\.key is missing"):
        tls.ensure(renamed)


def test_a_lost_ca_certificate_is_not_replaced_behind_the_cameras_backs(settings):
    tls.ensure(settings)
    (settings.broker_dir / "tls/ca.crt").unlink()
    with pytest.raises(StoreCorrupt, match=r"ca\.crt is missing"):
        tls.ensure(settings)


def own(settings: Settings, pair: Pair) -> Settings:
    files = {"mqtt_certificate": settings.data_dir / "own.crt", "mqtt_private_key": settings.data_dir / "own.key"}
    files["mqtt_certificate"].write_bytes(pair.certificate)
    files["mqtt_private_key"].write_bytes(pair.key)
    return settings.model_copy(update=files)


def test_a_certificate_of_ones_own_is_taken_over_and_followed_when_it_changes(settings):
    ca = certificates.make_ca("school", NOW)
    first, second = issued(ca, 10), issued(ca, 20)
    assert tls.ensure(own(settings, first))
    assert server(settings) == first.certificate + first.key
    assert tls.ensure(own(settings, second))
    assert server(settings) == second.certificate + second.key


def test_a_certificate_of_ones_own_that_is_no_good_is_named(settings):
    ca = certificates.make_ca("school", NOW)
    good, other = issued(ca, 10), issued(ca, 10)
    for pair, message in [
        (Pair(b"x", good.key), "no PEM certificate"),
        (Pair(good.certificate, b"x"), "no PEM key"),
        (Pair(good.certificate, other.key), "belongs to another certificate"),
        (issued(ca, -1), "valid from 1999-12-31"),
    ]:
        with pytest.raises(SettingsError, match=message):
            tls.ensure(own(settings, pair))


def test_a_certificate_of_ones_own_needs_its_key(settings):
    alone = own(settings, certificates.make_ca("school", NOW)).model_copy(update={"mqtt_private_key": None})
    with pytest.raises(SettingsError, match="set both"):
        tls.ensure(alone)
    missing = alone.model_copy(update={"mqtt_private_key": settings.data_dir / "nowhere"})
    with pytest.raises(SettingsError, match="nowhere can't be read"):
        tls.ensure(missing)


@pytest.mark.parametrize(("bind", "first"), [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("192.0.2.7", "192.0.2.7")])
def test_a_listener_on_one_address_is_known_by_it(settings, bind, first):
    assert tls.names(settings.model_copy(update={"mqtt_names": (), "mqtt_bind": bind}))[0] == first


def test_without_settings_the_machines_own_names_are_taken(settings):
    found = tls.names(settings.model_copy(update={"mqtt_names": ()}))
    assert {"127.0.0.1", "localhost"} <= set(found)
    assert len(found) == len(set(found))
    tls.ensure(settings.model_copy(update={"mqtt_names": ()}))
