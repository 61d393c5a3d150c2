"""`presenza device flash`, `image` and `update`: the firmware's way onto a camera."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import click

import broker
from broker.files import write
from hub import __version__
from hub.cli.broker import register
from hub.cli.output import emit, json_option, note, settings_option
from hub.errors import Conflict
from hub.provision import build, flash, image, signing
from hub.provision.node import Wifi, node_files
from hub.provision.updating import Updater
from hub.settings import Settings

UPDATED = {"device": "Camera", "version": "Version", "serial": "Serial", "files": "Files", "confirmed": "Confirmed"}
IMAGED = {
    "device": "Camera",
    "image": "Image",
    "offset": "Offset",
    "bytes": "Bytes",
    "application_bytes": "Application",
}

ssid_option = click.option("--ssid", required=True, help="The Wi-Fi that the camera joins.")
passphrase_option = click.option(
    "--wifi-password-file",
    "wifi_password",
    type=click.File(encoding="utf-8"),
    callback=lambda _context, _parameter, file: _passphrase(file),
    help="A file with its passphrase, - for the standard input; without it you are asked. Empty: an open network.",
)
ca_option = click.option(
    "--ca",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The CA's certificate (PEM), where the broker's certificate is of a public CA.",
)


@click.command("image")
@click.argument("device")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Where to write it."
)
@ssid_option
@passphrase_option
@ca_option
@settings_option
@json_option
def image_command(settings: Settings, *, device: str, output: Path, as_json: bool, **wifi: Any) -> None:
    """Write the file system of DEVICE as one image: application, Wi-Fi, identity, CA.

    A camera that has an identity gets a new password, and the old one ends. The image holds secrets.
    """
    made, content = _pack(settings, device, **wifi)
    write(output, content, 0o600)
    size = sum(len(data) for data in made.files.values())
    row = {"device": device, "image": str(output), "offset": hex(image.OFFSET), "bytes": len(content)}
    emit(row | {"application_bytes": size}, IMAGED, as_json=as_json)


@click.command("flash")
@click.argument("device")
@click.option("--port", required=True, help="The serial port, such as /dev/ttyUSB0.")
@click.option(
    "--micropython",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="MicroPython's image for the board, written too; needed the first time. See firmware/README.md.",
)
@click.option("--baud", type=click.IntRange(9600, 2_000_000), default=460_800, show_default=True)
@ssid_option
@passphrase_option
@ca_option
@settings_option
def flash_command(
    settings: Settings, *, device: str, port: str, micropython: Path | None, baud: int, **wifi: Any
) -> None:
    """Make DEVICE out of the board at a serial port: write MicroPython, the application and its identity.

    A camera that has an identity gets a new password, and the old one ends.
    """
    _, content = _pack(settings, device, **wifi)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "filesystem.bin"
        write(path, content, 0o600)
        parts = {image.OFFSET: path}
        if micropython is not None:
            parts[flash.MICROPYTHON_OFFSET] = flash.checked_micropython(micropython)
        flash.write(port, parts, baud)
    note(f"{device} is written and verified. Reset the board; `mpremote connect {port} repl` shows its log.")


@click.command("update")
@click.argument("device")
@click.option("--no-wait", is_flag=True, help="Don't wait until the new version has proved itself.")
@settings_option
@json_option
def update_command(settings: Settings, *, device: str, no_wait: bool, as_json: bool) -> None:
    """Send the application of this checkout to DEVICE over the broker; it goes back by itself if it fails."""
    key = signing.load_key(settings)
    made = build.build("board")
    with Updater(settings, device) as updater:
        updater.install(made, signing.sign(key, made.manifest), _say)
        confirmed = None if no_wait else updater.outcome(made.serial)
    row = {"device": device, "version": __version__, "serial": made.serial, "files": len(made.files) - 1}
    emit(row | {"confirmed": confirmed}, UPDATED, as_json=as_json)
    if confirmed is False:
        raise click.exceptions.Exit(1)


def attach(group: click.Group) -> None:
    """Add these commands to `presenza device`."""
    for command in (flash_command, image_command, update_command):
        group.add_command(command)


def _pack(settings: Settings, device: str, **wifi: Any) -> tuple[build.Build, bytes]:
    """Build first, and give the identity last: what fails must not have changed a password."""
    made = build.build("board")
    key = signing.public_modulus(signing.load_key(settings))
    joined = Wifi(wifi["ssid"], wifi["wifi_password"])
    ca = wifi["ca"].read_text(encoding="ascii") if wifi["ca"] else None
    trial = broker.camera_credentials(settings, device, "")
    node_files(_with_ca(trial, ca), joined, key)
    node = node_files(_with_ca(_identity(settings, device), ca), joined, key)
    return made, image.pack(image.board_files(made, node))


def _passphrase(file: IO[str] | None) -> str:
    # Not as an option's value: every user of the machine could read it in the list of processes.
    if file is not None:
        return file.readline().rstrip("\r\n")
    return str(click.prompt("Wi-Fi passphrase", hide_input=True, default="", show_default=False))


def _with_ca(credentials: dict[str, Any], ca: str | None) -> Mapping[str, Any]:
    return credentials if ca is None else {**credentials, "ca": ca}


def _identity(settings: Settings, device: str) -> dict[str, Any]:
    """The camera's credentials: new ones, or a new password where it has an identity."""
    with broker.Admin(settings) as admin:
        try:
            password = admin.add_device(device)
        except Conflict:
            password = admin.rotate(device)
            note(f"{device} had an identity: it has a new password now, and the old one is of no use any more.")
    register(settings, device, "")
    return broker.camera_credentials(settings, device, password)


def _say(name: str, left: int) -> None:
    note(f"{name} is there, {left} to go")
