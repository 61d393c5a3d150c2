"""What a camera is told so that it can connect."""

from typing import Any

from hub.settings import Settings


def camera_credentials(settings: Settings, device: str, password: str) -> dict[str, Any]:
    """The fixed form of `presenza device add --json`; `ca` is PEM text, None without TLS."""
    return {
        "device": device,
        "site": settings.site,
        "username": device,
        "password": password,
        "host": settings.mqtt_host,
        "port": settings.mqtt_local_port,
        "tls": False,
        "ca": None,
    }
