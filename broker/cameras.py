"""What a camera is told so that it can connect."""

from typing import Any

from broker import tls
from hub.settings import Settings


def camera_credentials(settings: Settings, device: str, password: str) -> dict[str, Any]:
    """The fixed form of `presenza device add --json`; `ca` is PEM text, None for a public CA."""
    return {
        "device": device,
        "site": settings.site,
        "username": device,
        "password": password,
        "host": tls.names(settings)[0],
        "port": settings.mqtt_port,
        "tls": True,
        "ca": tls.ca_text(settings),
    }
