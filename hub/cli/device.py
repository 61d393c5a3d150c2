"""`presenza device`: cameras' identities at the broker, and what is known of each."""

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

import click

import broker
from broker.claims import LIFETIME_S
from hub.cli import provision
from hub.cli.broker import register
from hub.cli.config import config_command
from hub.cli.output import emit, json_option, note, settings_option
from hub.errors import NotFound, Unavailable
from hub.model import Device, DeviceState
from hub.settings import Settings
from hub.store.opening import open_store

CREDENTIALS = {
    "device": "Camera",
    "site": "Site",
    "username": "User name",
    "password": "Password",
    "host": "Host",
    "port": "Port",
    "tls": "TLS",
    "ca": "CA certificate",
}
INVITED = {"device": "Camera", "code": "Code", "lifetime_s": "Seconds"}
CERTIFIED = CREDENTIALS | {"certificate": "Certificate", "key": "Private key"}
LISTED = {"device": "Camera", "state": "State", "seen_ms": "Last seen", "identity": "Identity", "note": "Note"}
SHOWN = LISTED | {"status": "Status", "telemetry": "Telemetry", "config": "Configuration"}
Command = Callable[..., Any]
note_option = click.option("--note", "remark", default="", help="Where it hangs, or whatever helps to know it.")


@click.group("device")
def device_command() -> None:
    """Give cameras an identity at the broker, and take it back."""


provision.attach(device_command)
device_command.add_command(config_command)


def of_one(name: str, *options: Callable[[Command], Command]) -> Callable[[Command], click.Command]:
    """A command on one DEVICE; it gets `device`, `settings`, and what its options are."""

    def made(command: Command) -> click.Command:
        for option in (*reversed(options), settings_option, click.argument("device")):
            command = option(command)
        return device_command.command(name)(command)

    return made


@device_command.command("add")
@click.argument("device")
@note_option
@click.option("--certificate", "certified", is_flag=True, help="A client certificate instead of a password.")
@settings_option
@json_option
def add(device: str, remark: str, settings: Settings, *, certified: bool, as_json: bool) -> None:
    """Give DEVICE an identity and print what it needs to connect. Its secret is shown this once."""
    with broker.Admin(settings) as admin:
        if certified:
            given = broker.certified_credentials(settings, device, admin.add_certified(device))
        else:
            given = broker.camera_credentials(settings, device, admin.add_device(device))
    register(settings, device, remark)
    emit(given, CERTIFIED if certified else CREDENTIALS, as_json=as_json)


@of_one("invite", note_option, json_option)
def invite(device: str, remark: str, settings: Settings, *, as_json: bool) -> None:
    """Print a one-time code by which a camera without an identity becomes DEVICE, within ten minutes.

    A camera that is on the list already keeps the note that it has.
    """
    with broker.Admin(settings) as admin:
        code = admin.invite(device, remark)
    emit({"device": device, "code": code, "lifetime_s": LIFETIME_S}, INVITED, as_json=as_json)


@device_command.command("list")
@settings_option
@json_option
def list_devices(settings: Settings, *, as_json: bool) -> None:
    """Show every camera with its last status."""
    with closing(open_store(settings)) as store:
        devices, states = store.devices(), {state.device: state for state in store.device_states()}
    identities = _identities(settings)
    rows = [_row(each, states.get(each.device), identities) for each in devices]
    emit(rows, LISTED, as_json=as_json, empty="No cameras yet; `presenza device add NAME` adds one.")


@of_one("show", json_option)
def show(device: str, settings: Settings, *, as_json: bool) -> None:
    """Show what is known of DEVICE: identity, last status, telemetry, configuration in force."""
    with closing(open_store(settings)) as store:
        known = {each.device: each for each in store.devices()}
        states = {each.device: each for each in store.device_states()}
    if device not in known:
        raise NotFound(f"There is no camera {device}.")
    state = states.get(device)
    row = _row(known[device], state, _identities(settings))
    row |= {name: dict(getattr(state, name)) if state else None for name in ("status", "telemetry", "config")}
    emit(row, SHOWN, as_json=as_json)


@device_command.command("groups")
@click.argument("device")
@click.argument("groups", nargs=-1)
@click.option("--all", "everybody", is_flag=True, help="Serve everybody alike again.")
@settings_option
@json_option
def groups(device: str, groups: tuple[str, ...], settings: Settings, *, everybody: bool, as_json: bool) -> None:
    """Say which groups DEVICE serves; without GROUPS show them.

    People of other groups are recognized there only by a ten times surer score, and are uncertain before.
    """
    with closing(open_store(settings)) as store:
        if groups or everybody:
            store.set_groups(device, () if everybody else groups)
            for name in sorted(set(groups) - set(store.groups())):
                note(f"Nobody is in the group {name} yet.")
        known = {each.device: each for each in store.devices()}
    if device not in known:
        raise NotFound(f"There is no camera {device}.")
    rows = [{"group": group} for group in known[device].groups]
    emit(rows, {"group": "Group"}, as_json=as_json, empty="Everybody alike.")


@of_one("rotate", json_option)
def rotate(device: str, settings: Settings, *, as_json: bool) -> None:
    """Give DEVICE a new password, cut its connection, and print what it needs to connect again."""
    with broker.Admin(settings) as admin:
        password = admin.rotate(device)
    emit(broker.camera_credentials(settings, device, password), CREDENTIALS, as_json=as_json)


@of_one("disable")
def disable(device: str, settings: Settings) -> None:
    """Cut DEVICE off at once, until it is enabled again."""
    with broker.Admin(settings) as admin:
        admin.disable(device)
    note(f"{device} is cut off; `presenza device enable {device}` lets it in again.")


@of_one("enable")
def enable(device: str, settings: Settings) -> None:
    """Let a disabled DEVICE in again, with the password that it has."""
    with broker.Admin(settings) as admin:
        admin.enable(device)
    note(f"{device} may connect.")


@of_one("revoke")
def revoke(device: str, settings: Settings) -> None:
    """Take DEVICE's identity away for good and cut it off, but keep it in the list."""
    with broker.Admin(settings) as admin:
        admin.remove(device)
    note(f"{device} has no identity any more; `presenza device add {device}` gives it a new one.")


@of_one("remove")
def remove(device: str, settings: Settings) -> None:
    """Take DEVICE's identity away, cut it off, and forget it. Its attendance stays."""
    known = [_forget_at_broker(settings, device), _forget_in_store(settings, device)]
    if not any(known):
        raise NotFound(f"There is no camera {device}.")
    note(f"{device} is removed.")


def _row(device: Device, state: DeviceState | None, identities: Mapping[str, str] | None) -> dict[str, object]:
    return {
        "device": device.device,
        "state": state.state if state else "never seen",
        "seen_ms": state.seen_ms if state else None,
        "identity": identities.get(device.device, "none") if identities is not None else None,
        "note": device.note,
        "groups": list(device.groups),
        "created_ms": device.created_ms,
    }


def _identities(settings: Settings) -> Mapping[str, str] | None:
    """What the broker knows: camera -> active or disabled; None when it isn't running."""
    try:
        with broker.Admin(settings) as admin:
            return {each.device: "disabled" if each.disabled else "active" for each in admin.list()}
    except Unavailable as error:
        note(f"Identities are not shown: {error}")
        return None


def _forget_at_broker(settings: Settings, device: str) -> bool:
    with broker.Admin(settings) as admin:
        try:
            admin.remove(device)
        except NotFound:
            return False
    return True


def _forget_in_store(settings: Settings, device: str) -> bool:
    with closing(open_store(settings)) as store:
        try:
            store.remove_device(device)
        except NotFound:
            return False
    return True
