"""What is sent to cameras: commands, and the configuration they shall have."""

import secrets

from dashboard.runtime import Runtime, now_ms
from hub import wire
from hub.model import WantedConfig
from hub.payloads import Command
from hub.payloads import WantedConfig as WantedPayload

IN_TIME_MS = 30_000  # a command that arrives later is not carried out


def send(runtime: Runtime, device: str, op: str) -> str:
    """Send a command; its id. Raises Unavailable."""
    command_id = f"c-{secrets.token_hex(6)}"
    command = Command.model_validate({"id": command_id, "op": op, "not_after_ms": now_ms() + IN_TIME_MS})
    topic = wire.down(runtime.settings.site, device, wire.CMD)
    runtime.line.publish(topic, command.encode(), expiry_s=wire.CMD_EXPIRY_S)
    return command_id


def want(runtime: Runtime, device: str, config: dict[str, object], username: str) -> WantedConfig:
    """Keep and publish a wanted configuration, retained, as the camera's next version. Raises Unavailable, Conflict."""
    before = runtime.store.wanted_configs(device, limit=1)
    version = before[0].version + 1 if before else max(1, _in_force(runtime, device) + 1)
    wanted = WantedConfig(device, version, config, username, now_ms())
    payload = WantedPayload(version=version, config=config)
    runtime.line.publish(wire.down(runtime.settings.site, device, wire.CONFIG), payload.encode(), retain=True)
    runtime.store.want_config(wanted)
    return wanted


def _in_force(runtime: Runtime, device: str) -> int:
    """The version that the camera reported last: ours must be newer, also when our records are gone."""
    state = next((each for each in runtime.store.device_states() if each.device == device), None)
    version = state.config.get("version", 0) if state else 0
    return version if isinstance(version, int) else 0
