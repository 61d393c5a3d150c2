"""The certificates of the cameras' listener as files.

secrets/ca.key          the private CA's key, ours only
broker/tls/ca.crt       its certificate, which every camera gets
broker/tls/server.pem   the listener's certificate and key in one file, replaced at once
"""

import socket
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from broker import certificates
from broker.certificates import BadCertificate, Pair
from broker.files import broker_account, make_folder, write
from hub.errors import SettingsError, StoreCorrupt, Unavailable
from hub.settings import Settings

LOCAL_NAMES = ("127.0.0.1", "localhost")


def ensure(settings: Settings) -> bool:
    """Make or renew what is missing or due. Returns whether it did.

    Raises SettingsError for a certificate of one's own that can't be used, StoreCorrupt when the
    CA's key is lost.
    """
    account = broker_account()
    make_folder(_folder(settings), 0o750, group=account)
    pair = _own(settings) or _issued(settings)
    content = pair.certificate + pair.key
    path = _folder(settings) / "server.pem"
    if _read(path) == content:
        return False
    write(path, content, 0o640, group=account)
    return True


def stamp(settings: Settings) -> tuple[int, ...]:
    """Changes when a file changes that a running mosquitto must be told to read again."""
    paths = (_folder(settings) / "server.pem", _folder(settings) / "revoked.crl")
    return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in paths)


def names(settings: Settings) -> tuple[str, ...]:
    """The host names and addresses in the certificate; cameras are told the first."""
    if settings.mqtt_names:
        return settings.mqtt_names
    if settings.mqtt_bind:
        local = LOCAL_NAMES if ip_address(settings.mqtt_bind).is_loopback else ()
        return tuple(dict.fromkeys((settings.mqtt_bind, *local)))
    host = socket.gethostname().lower()
    return tuple(dict.fromkeys((*_addresses(), *_host_names(host), *LOCAL_NAMES)))


def ca_text(settings: Settings) -> str | None:
    """The CA certificate that cameras check the broker against, PEM; None for a public one."""
    path = settings.mqtt_ca if settings.mqtt_certificate else _folder(settings) / "ca.crt"
    if path is None:
        return None
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(f"{path}, the CA certificate for cameras, can't be read: {type(error).__name__}.") from None


def valid_until(settings: Settings) -> datetime:
    """When the listener's certificate ends. Raises Unavailable before the first start."""
    content = _read(_folder(settings) / "server.pem")
    if content is None:
        raise Unavailable("The broker has no certificate yet; `presenza up` makes one.")
    return certificates.ends(content)


def _folder(settings: Settings) -> Path:
    return settings.broker_dir / "tls"


def _own(settings: Settings) -> Pair | None:
    """The certificate that the settings name, checked."""
    certificate, key = settings.mqtt_certificate, settings.mqtt_private_key
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise SettingsError("PRESENZA_MQTT_CERTIFICATE and PRESENZA_MQTT_PRIVATE_KEY go together: set both.")
    try:
        pair = Pair(certificate.read_bytes(), key.read_bytes())
        certificates.check_pair(pair, datetime.now(UTC))
    except OSError as error:
        raise SettingsError(f"{error.filename} can't be read: {error.strerror}.") from None
    except BadCertificate as error:
        raise SettingsError(f"PRESENZA_MQTT_CERTIFICATE = {certificate}: {error}.") from None
    return pair


def ca(settings: Settings) -> Pair:
    """The private CA with its key, made at the first use. Raises StoreCorrupt when half of it is lost."""
    certificate_path, key_path = _folder(settings) / "ca.crt", settings.secrets_dir / "ca.key"
    if not certificate_path.exists() and not key_path.exists():
        made = certificates.make_ca(settings.site, datetime.now(UTC))
        write(key_path, made.key, 0o600)
        write(certificate_path, made.certificate, 0o640, group=broker_account())
    certificate, key = _read(certificate_path), _read(key_path)
    if certificate is None or key is None:
        lost = key_path if key is None else certificate_path
        raise StoreCorrupt(
            f"{lost} is missing; restore it from a backup. Without one, delete {certificate_path} and {key_path}: "
            "then a new CA is made, and every camera needs its certificate."
        )
    return Pair(certificate, key)


def _issued(settings: Settings) -> Pair:
    """The certificate of our own CA: the one in use, or a new one when that is due."""
    now, wanted = datetime.now(UTC), names(settings)
    certificate, content = _read(_folder(settings) / "ca.crt"), _read(_folder(settings) / "server.pem")
    current = _split(content) if content else None
    if certificate and current and not certificates.is_due(current, certificate, wanted, now):
        return current
    return certificates.issue_server(ca(settings), wanted, now + timedelta(days=certificates.SERVER_DAYS))


def _split(content: bytes) -> Pair:
    certificate, begin, key = content.partition(b"-----BEGIN PRIVATE KEY-----")
    return Pair(certificate, begin + key)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _host_names(host: str) -> tuple[str, ...]:
    return (host,) if "." in host or host == "localhost" else (f"{host}.local", host)


def _addresses() -> tuple[str, ...]:
    """This machine's address on its network, if it has one; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation: it only picks the route
        except OSError:
            return ()
        return (str(probe.getsockname()[0]),)
