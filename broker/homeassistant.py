"""Home Assistant's device-based MQTT discovery: one retained payload a camera, without anybody's name.

Numbers of the configuration are shown and can't be set there: a wanted configuration is whole and
has a version and an author, which a single number sent by Home Assistant would wipe out.
"""

import json
from typing import Any

from broker import policy
from hub import __version__, wire

Component = dict[str, Any]
SHOWN_CONFIG = ("burst_frames", "burst_fps", "jpeg_quality", "motion_sensitivity", "cooldown_ms")
MOTION_OFF_S = 120  # where the end of a motion was lost


def topic(site: str, device: str) -> str:
    """Where a camera is announced."""
    return policy.discovery(_id(site, device))


def discovery(site: str, device: str) -> bytes:
    """What a camera is and can do, in Home Assistant's words."""
    parts = {**_states(site, device), **_measures(site, device), **_settings(site, device), **_buttons(site, device)}
    for name, part in parts.items():
        part["unique_id"] = f"{_id(site, device)}_{name}"
    payload = {
        "device": {"identifiers": [_id(site, device)], "name": device, "manufacturer": "Presenza", "model": "Camera"},
        "origin": {"name": "Presenza", "sw_version": __version__},
        "components": parts,
    }
    return json.dumps(payload).encode()


def _id(site: str, device: str) -> str:
    return f"presenza_{site}_{device}"


def _states(site: str, device: str) -> dict[str, Component]:
    return {
        "connected": {
            "platform": "binary_sensor",
            "name": "Connected",
            "device_class": "connectivity",
            "state_topic": wire.up(site, device, wire.STATUS),
            "value_template": "{{ 'ON' if value_json.state == 'online' else 'OFF' }}",
        },
        "motion": {
            "platform": "binary_sensor",
            "name": "Motion",
            "device_class": "motion",
            "state_topic": wire.up(site, device, wire.MOTION),
            "value_template": "{{ 'ON' if value_json.state == 'start' else 'OFF' }}",
            "off_delay": MOTION_OFF_S,
        },
        "outcome": {
            "platform": "sensor",
            "name": "Last outcome",
            "device_class": "enum",
            "options": list(wire.OUTCOMES),
            "state_topic": wire.down(site, device, wire.ACK),
            "value_template": "{{ value_json.outcome }}",
        },
    }


def _measures(site: str, device: str) -> dict[str, Component]:
    common = {
        "platform": "sensor",
        "state_topic": wire.up(site, device, wire.TELEMETRY),
        "state_class": "measurement",
        "entity_category": "diagnostic",
    }
    return {
        "temperature": common
        | {
            "name": "Temperature",
            "device_class": "temperature",
            "unit_of_measurement": "°C",
            "value_template": "{{ value_json.temperature_c | default(none) }}",
        },
        "signal": common
        | {
            "name": "Signal",
            "device_class": "signal_strength",
            "unit_of_measurement": "dBm",
            "value_template": "{{ value_json.rssi_dbm | default(none) }}",
        },
    }


def _settings(site: str, device: str) -> dict[str, Component]:
    return {
        name: {
            "platform": "sensor",
            "name": name.replace("_", " ").capitalize(),
            "state_topic": wire.up(site, device, wire.CONFIG),
            "value_template": f"{{{{ value_json.config.{name} }}}}",
            "entity_category": "diagnostic",
        }
        for name in SHOWN_CONFIG
    }


def _buttons(site: str, device: str) -> dict[str, Component]:
    return {
        op: {
            "platform": "button",
            "name": op.capitalize(),
            "command_topic": wire.down(site, device, wire.CMD),
            "payload_press": op,
            "command_template": '{"v":1,"id":"ha-{{ now().timestamp() | int }}","op":"{{ value }}","args":{},'
            '"not_after_ms":{{ (now().timestamp() + 30) | int }}000}',
            "qos": 1,
            "availability_topic": wire.up(site, device, wire.STATUS),
            "availability_template": "{{ 'online' if value_json.state == 'online' else 'offline' }}",
        }
        for op in ("identify", "snapshot")
    }
