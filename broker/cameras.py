"""What a camera is told so that it can connect."""

from typing import Any

from broker import tls
from broker.certificates import Pair
from hub.settings import Settings


def camera_credentials(settings: Settings, device: str, password: str) -> dict[str, Any]:
    """The fixed form of `presenza device add --json`; `ca` is PEM text, None for a public CA."""
    named = {"device": device, "site": settings.site, "username": device, "password": password}
    return named | way(settings)


def way(settings: Settings) -> dict[str, Any]:
    """How the broker is reached, which is all that a camera knows that has no identity yet."""
    return {
        "site": settings.site,
        "host": tls.names(settings)[0],
        "port": settings.mqtt_port,
        "tls": True,
        "ca": tls.ca_text(settings),
    }


def certified_credentials(settings: Settings, device: str, pair: Pair) -> dict[str, Any]:
    """The same for a camera with a certificate: no password, but `certificate` and `key`, PEM text."""
    return camera_credentials(settings, device, "") | {
        "password": None,
        "port": settings.mqtt_certificate_port,
        "certificate": pair.certificate.decode(),
        "key": pair.key.decode(),
    }
