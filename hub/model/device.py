"""Cameras, and what they say of themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Device:
    """A camera that was given an identity. `groups`: those that it serves, in order; none: everybody alike."""

    device: str
    created_ms: int
    note: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What is known of a camera now: its last status, telemetry (with `received_ms`) and configuration in force."""

    device: str
    seen_ms: int
    state: str = "offline"
    status: Mapping[str, object] = field(default_factory=dict)
    telemetry: Mapping[str, object] = field(default_factory=dict)
    config: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a camera reported of itself in a minute (Unix time in minutes). Frames are counted since its boot."""

    device: str
    minute: int
    boot_id: int
    rssi_dbm: int | None = None
    heap_free: int | None = None
    temperature_c: float | None = None
    frames_sent: int | None = None
    frames_acked: int | None = None
    frames_lost: int | None = None
