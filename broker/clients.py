"""Cameras' own certificates: issued by the private CA, remembered, revoked.

broker/tls/clients/DEVICE.crt   the certificate in force of each camera that has one
broker/tls/revoked.crl          those that are not to be believed any more
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from broker import certificates, tls
from broker.certificates import Pair
from broker.files import broker_account, make_folder, write
from hub.settings import Settings

RELOAD_S = 3.0  # in which a running broker has read a new list


def ensure(settings: Settings) -> None:
    """Make the folder and an empty list where there is none; mosquitto doesn't start without."""
    make_folder(_folder(settings), 0o700)
    if not revoked_file(settings).exists():
        with _alone(settings):
            _write_list(settings, None, None)


def issue(settings: Settings, device: str) -> Pair:
    """Make a certificate for a camera and remember it. The key is kept nowhere."""
    ensure(settings)
    end = datetime.now(UTC) + timedelta(days=certificates.CLIENT_DAYS)
    pair = certificates.issue_client(tls.ca(settings), device, end)
    write(_file(settings, device), pair.certificate, 0o600)
    return pair


def has_certificate(settings: Settings, device: str) -> bool:
    return _file(settings, device).exists()


def revoke(settings: Settings, device: str) -> None:
    """Put a camera's certificate, if it has one, on the list that the broker reads within a second."""
    path = _file(settings, device)
    if not path.exists():
        return
    with _alone(settings):
        kept = revoked_file(settings)
        _write_list(settings, kept.read_bytes() if kept.exists() else None, path.read_bytes())
    path.unlink()


def wait_until_revoked(settings: Settings) -> None:
    """Return when a running broker has read the newest list: a moment, and only after a fresh revocation."""
    path = revoked_file(settings)
    if not path.exists() or not certificates.revoked_count(path.read_bytes()):
        return
    age = time.time() - path.stat().st_mtime
    if 0 <= age < RELOAD_S:
        time.sleep(RELOAD_S - age)


def revoked_file(settings: Settings) -> Path:
    return settings.broker_dir / "tls/revoked.crl"


def _write_list(settings: Settings, kept: bytes | None, certificate: bytes | None) -> None:
    content = certificates.revoke(tls.ca(settings), kept, certificate, datetime.now(UTC))
    write(revoked_file(settings), content, 0o640, group=broker_account())


def _folder(settings: Settings) -> Path:
    return settings.broker_dir / "tls/clients"


def _file(settings: Settings, device: str) -> Path:
    return _folder(settings) / f"{device}.crt"


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Two revocations at once must not lose one."""
    fd = os.open(_folder(settings) / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
