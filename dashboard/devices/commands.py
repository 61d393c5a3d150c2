"""What is sent to cameras: commands, and the configuration they shall have."""

import secrets
from functools import partial

from dashboard.runtime import Runtime, now_ms
from hub import configuration, wire
from hub.payloads import Command
from hub.shadow import WantedConfig

IN_TIME_MS = 30_000  # a command that arrives later is not carried out


def send(runtime: Runtime, device: str, op: str) -> str:
    """Send a command; its id. Raises Unavailable."""
    command_id = f"c-{secrets.token_hex(6)}"
    command = Command.model_validate({"id": command_id, "op": op, "not_after_ms": now_ms() + IN_TIME_MS})
    topic = wire.down(runtime.settings.site, device, wire.CMD)
    runtime.line.publish(topic, command.encode(), expiry_s=wire.CMD_EXPIRY_S)
    return command_id


def want(runtime: Runtime, device: str, config: dict[str, object], username: str, origin: str = "") -> WantedConfig:
    """Keep and publish a wanted configuration, retained, as the camera's next version. Raises Unavailable, Conflict."""
    publish = partial(runtime.line.publish, retain=True)
    site = runtime.settings.site
    return configuration.want(runtime.store, publish, site, device, config, by=username, now_ms=now_ms(), origin=origin)
