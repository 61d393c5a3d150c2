"""Certificates of the cameras' listener: a private CA and the server certificates that it issues.

Everything begins on 1999-12-31: a camera wakes in the year 2000 until it has asked for the time,
and asks only over a network that it trusts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOT_BEFORE = datetime(1999, 12, 31, tzinfo=UTC)
CA_YEARS = 30  # a new CA means a visit to every camera
CLIENT_DAYS = 3650  # so does a new certificate of its own
SERVER_DAYS = 397  # what browsers allow
RENEW_DAYS = 60  # before the end

# P-256: what an ESP32 computes fastest of what everybody knows.
CURVE = ec.SECP256R1()


class BadCertificate(ValueError):
    """A certificate or key that can't be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate (perhaps with its chain) and its private key, both PEM."""

    certificate: bytes
    key: bytes


def make_ca(site: str, now: datetime) -> Pair:
    """A self-signed CA that may sign end certificates only."""
    key = ec.generate_private_key(CURVE)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Presenza CA of {site}")])
    public = key.public_key()
    builder = _builder(name, name, public, NOT_BEFORE, now + timedelta(days=365 * CA_YEARS))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return _pair(builder.sign(key, hashes.SHA256()), key)


def issue_server(ca: Pair, names: Sequence[str], not_after: datetime, not_before: datetime = NOT_BEFORE) -> Pair:
    """A server certificate for host names and IP addresses, with a new key."""
    purpose = ExtendedKeyUsageOID.SERVER_AUTH
    return _issue(ca, names[0], _alternatives(names), purpose, valid=(not_before, not_after))


def issue_client(ca: Pair, device: str, not_after: datetime, not_before: datetime = NOT_BEFORE) -> Pair:
    """A camera's certificate; its common name is the device id."""
    alternatives = x509.SubjectAlternativeName([x509.DNSName(device)])
    return _issue(ca, device, alternatives, ExtendedKeyUsageOID.CLIENT_AUTH, valid=(not_before, not_after))


def revoke(ca: Pair, revoked: bytes | None, certificate: bytes | None, now: datetime) -> bytes:
    """The CA's list of revoked certificates (PEM) with one more on it; an empty one from None, None."""
    signer, issuer = _signer(ca), x509.load_pem_x509_certificate(ca.certificate)
    # A list that has ended would lock every camera out: it lasts as long as the CA.
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject)
    builder = builder.last_update(NOT_BEFORE).next_update(issuer.not_valid_after_utc)
    for entry in x509.load_pem_x509_crl(revoked) if revoked else ():
        builder = builder.add_revoked_certificate(entry)
    if certificate:
        serial = x509.load_pem_x509_certificate(certificate).serial_number
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def revoked_count(revoked: bytes) -> int:
    return len(x509.load_pem_x509_crl(revoked))


def is_due(server: Pair, ca_certificate: bytes, names: Sequence[str], now: datetime) -> bool:
    """Whether a server certificate must be issued anew: it ends soon, has other names, or another CA."""
    try:
        check_pair(server)
        certificate = x509.load_pem_x509_certificate(server.certificate)
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(ca_certificate))
        own = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # noqa: BLE001 - whatever is wrong with it, a new one is right
        return True
    ends_soon = certificate.not_valid_after_utc - now < timedelta(days=RENEW_DAYS)
    return ends_soon or own != _alternatives(names)


def check_pair(pair: Pair, now: datetime | None = None) -> None:
    """Raise BadCertificate unless the key belongs to the certificate, and with `now` unless that is valid then."""
    try:
        certificate = x509.load_pem_x509_certificate(pair.certificate)
    except ValueError:
        raise BadCertificate("it holds no PEM certificate") from None
    try:
        key = serialization.load_pem_private_key(pair.key, None)
    except (ValueError, TypeError):
        raise BadCertificate("its private key is no PEM key, or needs a passphrase") from None
    if key.public_key() != certificate.public_key():
        raise BadCertificate("the private key belongs to another certificate")
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now is not None and not begin <= now < end:
        raise BadCertificate(f"it is valid from {begin:%Y-%m-%d} to {end:%Y-%m-%d}")


def ends(certificate: bytes) -> datetime:
    """When a PEM certificate stops being valid."""
    return x509.load_pem_x509_certificate(certificate).not_valid_after_utc


def _issue(
    ca: Pair,
    common_name: str,
    alternatives: x509.SubjectAlternativeName,
    purpose: x509.ObjectIdentifier,
    *,
    valid: tuple[datetime, datetime],
) -> Pair:
    issuer = x509.load_pem_x509_certificate(ca.certificate)
    signer = _signer(ca)
    key = ec.generate_private_key(CURVE)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])
    builder = _builder(name, issuer.subject, key.public_key(), *valid)
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(signs_certificates=False), True),
        (x509.ExtendedKeyUsage([purpose]), False),
        (alternatives, False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False),
    ]
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return _pair(builder.sign(signer, hashes.SHA256()), key)


def _signer(ca: Pair) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(ca.key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, not_before: datetime, not_after: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _alternatives(names: Sequence[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_general_name(name) for name in names])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Pair(certificate.public_bytes(pem), private)
