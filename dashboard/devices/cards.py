"""What is said of a camera on its card and its page."""

from typing import Any

from dashboard.live.feed import Camera
from dashboard.runtime import now_ms

SILENT_MS = 3 * 60 * 1000  # after so long without a word an online camera is doubted


def state_of(camera: Camera) -> str:
    return camera.status.state if camera.status else "offline"


def card_context(camera: Camera) -> dict[str, Any]:
    """For devices/_card.html: no face and no name is in it."""
    state = state_of(camera)
    silent = state == "online" and camera.seen_ms and now_ms() - camera.seen_ms > SILENT_MS
    return {"camera": camera, "state": state, "silent": silent, "telemetry": camera.telemetry}
