"""Settings that a running hub takes over from presenza.toml, as the dashboard writes it."""

from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any

from hub import settings as hub_settings
from hub.settings import TOML_NAME, Settings

LIVE = ("time_zone", "day_start", "late_after", "keep_pictures_days", "keep_events_days", "fpir")
AT_START = ("min_face_px",)  # the workers are started with it


def in_force(settings: Settings) -> dict[str, str]:
    """What the dashboard may change, as text: what holds now, for comparison with what is saved."""
    return {name: as_text(getattr(settings, name)) for name in (*LIVE, *AT_START)}


def as_text(value: Any) -> str:
    return value.strftime("%H:%M") if isinstance(value, time) else str(value)


class SettingsFile:
    """Follows the file. What the environment or the command line decided stays, since only changes count."""

    def __init__(self, settings: Settings, environ: Mapping[str, str] | None = None) -> None:
        self._path: Path = settings.data_dir / TOML_NAME
        self._environ = environ
        self._data_dir = settings.data_dir
        self._stamp = self._stamp_now()
        self._loaded = self._load()

    def news(self, settings: Settings) -> Settings | None:
        """`settings` with what the file says anew; None where nothing is new. Raises SettingsError, once a change."""
        stamp = self._stamp_now()
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        loaded, before = self._load(), self._loaded
        self._loaded = loaded
        changed = {name: getattr(loaded, name) for name in LIVE if getattr(loaded, name) != getattr(before, name)}
        return settings.model_copy(update=changed) if changed else None

    def _load(self) -> Settings:
        return hub_settings.load(self._environ, data_dir=self._data_dir)

    def _stamp_now(self) -> tuple[int, int]:
        try:
            stat = self._path.stat()
        except OSError:
            return 0, 0
        return stat.st_mtime_ns, stat.st_ino
