"""`presenza backup` and `presenza restore`."""

import time
from contextlib import ExitStack
from pathlib import Path

import click

import broker
from hub import backup, supervise
from hub.backup import Summary
from hub.cli.output import emit, json_option, note, settings_option
from hub.errors import Conflict
from hub.settings import Settings

COLUMNS = {"file": "File", "files": "Files", "size_bytes": "Bytes", "version": "Version"}


@click.command("backup")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@settings_option
@json_option
def backup_command(file: Path | None, settings: Settings, *, as_json: bool) -> None:
    """Write people, attendance, pictures, identities and secrets to FILE, while everything runs.

    By default FILE is presenza-SITE-DATE.tar.gz in this folder.
    """
    target = file or Path(f"presenza-{settings.site}-{time.strftime('%Y%m%dT%H%M%S')}.tar.gz")
    summary = backup.back_up(settings.data_dir, target)
    emit(_row(target, summary), COLUMNS, as_json=as_json)
    note(
        "It holds faces, names and every secret of this site: keep it as safe as the machine itself. "
        "Who is erased later is still in it."
    )


@click.command("restore")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Take the place of what the data folder holds; that is kept beside it.")
@settings_option
@json_option
def restore_command(file: Path, settings: Settings, *, replace: bool, as_json: bool) -> None:
    """Make the data folder from the backup FILE, once every checksum in it was right."""
    folder = settings.data_dir
    if folder.exists() and any(folder.iterdir()) and not replace:
        raise Conflict(f"{folder} is not empty; --replace moves it aside first.")
    with ExitStack() as stack:
        if folder.exists():  # nothing may run on what is moved aside
            stack.enter_context(supervise.only_one(folder))
            stack.enter_context(broker.locked(settings))
        unpacked = folder.with_name(f".{folder.name}.restoring")
        summary = backup.unpack(file, unpacked)
        before = backup.put_in_place(unpacked, folder)
    emit(_row(file, summary), COLUMNS, as_json=as_json)
    if before is not None:
        note(f"What was there before is in {before}; delete it when all is well.")


def _row(file: Path, summary: Summary) -> dict[str, object]:
    return {
        "file": str(file),
        "files": summary.files,
        "size_bytes": summary.size_bytes,
        "version": summary.version,
        "created_ms": summary.created_ms,
    }
