"""`presenza device flash`, `image` and `update`: the firmware's way onto a camera."""

import tempfile
from collections.abc import Callable, Mapping
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

NODE_OPTIONS = (
    click.option("--claim", help="Without DEVICE: the one-time code that it claims its identity with."),
    click.option("--certificate", is_flag=True, help="A client certificate instead of a password."),
    click.option("--ssid", required=True, help="The Wi-Fi that the camera joins."),
    click.option(
        "--wifi-password-file",
        "wifi_password",
        type=click.File(encoding="utf-8"),
        callback=lambda _context, _parameter, file: _passphrase(file),
        help="A file with its passphrase, - for the standard input; without it you are asked. Empty: an open network.",
    ),
    click.option(
        "--ca",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="The CA's certificate (PEM), where the broker's certificate is of a public CA.",
    ),
)


def node_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what a camera's node.json is made of: identity, Wi-Fi, CA."""
    for option in reversed(NODE_OPTIONS):
        command = option(command)
    return command


@click.command("image")
@click.argument("device", required=False)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Where to write it."
)
@node_options
@settings_option
@json_option
def image_command(settings: Settings, *, device: str | None, output: Path, as_json: bool, **options: Any) -> None:
    """Write the file system of DEVICE as one image: application, Wi-Fi, identity, CA.

    A camera that has an identity gets a new password, and the old one ends. The image holds secrets.
    Without DEVICE it is for cameras that claim an identity by a code (`presenza device invite`).
    """
    made, content = _pack(settings, device, **options)
    write(output, content, 0o600)
    size = sum(len(data) for data in made.files.values())
    row = {"device": device, "image": str(output), "offset": hex(image.OFFSET), "bytes": len(content)}
    emit(row | {"application_bytes": size}, IMAGED, as_json=as_json)


@click.command("flash")
@click.argument("device", required=False)
@click.option("--port", required=True, help="The serial port, such as /dev/ttyUSB0.")
@click.option(
    "--micropython",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="MicroPython's image for the board, written too; needed the first time. See firmware/README.md.",
)
@click.option("--baud", type=click.IntRange(9600, 2_000_000), default=460_800, show_default=True)
@node_options
@settings_option
def flash_command(
    settings: Settings, *, device: str | None, port: str, micropython: Path | None, baud: int, **options: Any
) -> None:
    """Make DEVICE out of the board at a serial port: write MicroPython, the application and its identity.

    A camera that has an identity gets a new password, and the old one ends. Without DEVICE the board claims
    its identity by a code (`presenza device invite`), given here or typed at its serial port.
    """
    _, content = _pack(settings, device, **options)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "filesystem.bin"
        write(path, content, 0o600)
        parts = {image.OFFSET: path}
        if micropython is not None:
            parts[flash.MICROPYTHON_OFFSET] = flash.checked_micropython(micropython)
        flash.write(port, parts, baud)
    what = device or "The camera"
    note(f"{what} is written and verified. Reset the board; `mpremote connect {port} repl` shows its log.")


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


def _pack(settings: Settings, device: str | None, **options: Any) -> tuple[build.Build, bytes]:
    """Build first, and give the identity last: what fails must not have changed a password."""
    _check_options(device, options)
    made = build.build("board")
    key = signing.public_modulus(signing.load_key(settings))
    joined = Wifi(options["ssid"], options["wifi_password"])
    ca = options["ca"].read_text(encoding="ascii") if options["ca"] else None
    node = node_files(_with_ca(_unclaimed(settings, options["claim"]), ca), joined, key)
    if device is not None:
        node = node_files(_with_ca(_identity(settings, device, options["certificate"]), ca), joined, key)
    return made, image.pack(image.board_files(made, node))


def _check_options(device: str | None, options: Mapping[str, Any]) -> None:
    if device is not None and options["claim"]:
        raise click.UsageError("A camera that claims its identity is named by the code: leave DEVICE or --claim out.")
    if device is None and options["certificate"]:
        raise click.UsageError("A camera that claims its identity gets a password: --certificate needs DEVICE.")


def _unclaimed(settings: Settings, code: str | None) -> dict[str, Any]:
    return broker.way(settings) | {"claim": code}


def _passphrase(file: IO[str] | None) -> str:
    # Not as an option's value: every user of the machine could read it in the list of processes.
    if file is not None:
        return file.readline().rstrip("\r\n")
    return str(click.prompt("Wi-Fi passphrase", hide_input=True, default="", show_default=False))


def _with_ca(credentials: dict[str, Any], ca: str | None) -> Mapping[str, Any]:
    return credentials if ca is None else {**credentials, "ca": ca}


def _identity(settings: Settings, device: str, certified: bool) -> dict[str, Any]:
    """The camera's credentials: new ones, or new secrets where it has an identity."""
    with broker.Admin(settings) as admin:
        credentials = _certified(settings, admin, device) if certified else _with_password(settings, admin, device)
    register(settings, device, "")
    return credentials


def _with_password(settings: Settings, admin: broker.Admin, device: str) -> dict[str, Any]:
    try:
        password = admin.add_device(device)
    except Conflict:
        password = admin.rotate(device)
        note(f"{device} had an identity: it has a new password now, and the old one is of no use any more.")
    return broker.camera_credentials(settings, device, password)


def _certified(settings: Settings, admin: broker.Admin, device: str) -> dict[str, Any]:
    try:
        pair = admin.add_certified(device)
    except Conflict:
        admin.remove(device)
        pair = admin.add_certified(device)
        note(f"{device} had an identity: it has a new certificate now, and what it had is of no use any more.")
    return broker.certified_credentials(settings, device, pair)


def _say(name: str, left: int) -> None:
    note(f"{name} is there, {left} to go")
