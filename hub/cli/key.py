"""`presenza key`: the keys that faces are sealed under."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime

import click
from rich.console import Console
from rich.progress import Progress

from hub.cli.output import emit, emit_json, json_option, note, settings_option
from hub.errors import NotFound
from hub.reseal import Show, drop_unused, forget_lost, in_use, reseal
from hub.sealing import Keyring
from hub.settings import Settings
from hub.store import Store
from hub.store.opening import open_keys, open_pictures, open_store
from hub.store.pictures import PictureStore

COLUMNS = {"key_id": "Key", "created": "Made", "current": "Current", "sealed": "Faces and pictures"}


@click.group("key")
def key_command() -> None:
    """Show, change and check the keys that faces are sealed under."""


@key_command.command("show")
@settings_option
@json_option
def show(settings: Settings, *, as_json: bool) -> None:
    """List the keys: never what they are, only which there are, and how much is sealed under each.

    Whatever was written before there were keys is listed under none, until the hub has sealed it.
    """
    with _site(settings) as (store, pictures, keys):
        counts, current = in_use(store, pictures), keys.current_id()
        rows = [
            {
                "key_id": key.key_id,
                "created": _moment(key.created_ms, settings),
                "created_ms": key.created_ms,
                "current": key.key_id == current,
                "sealed": counts.pop(key.key_id, 0),
            }
            for key in keys.all()
        ]
    if as_json:
        emit_json({"file": str(keys.path), "keys": rows, "plain": counts.pop("", 0), "lost": counts})
        return
    emit(rows, COLUMNS, as_json=False)
    if plain := counts.pop("", 0):
        note(f"{plain} pictures aren't sealed yet; the hub does it while it runs.")
    for key_id, count in counts.items():
        note(f"{count} faces and pictures are under the key {key_id}, which isn't in {keys.path}.")


@key_command.command("rotate")
@click.option("--finish", is_flag=True, help="Make no new key: only go on with what was interrupted.")
@settings_option
@json_option
def rotate(settings: Settings, *, finish: bool, as_json: bool) -> int:
    """Seal everything under a new key, while hub and dashboard run, and forget the old one.

    After an interruption --finish goes on, or the same command once more. The old key stays as long as
    anything is sealed under it, and with PRESENZA_STORE=firestore: other machines and what waits for the
    cloud may need it. Exit code 1 when pictures can't be opened.
    """
    with _site(settings) as (store, pictures, keys):
        current = keys.current_id() if finish else keys.add().key_id
        with _progress("sealing anew") as progress:
            done = reseal(store, pictures, keys, progress)
        dropped = [] if settings.store == "firestore" else drop_unused(store, pictures, keys)
    if as_json:
        values = {"vectors": done.vectors, "pictures": done.pictures, "failed": list(done.failed), "dropped": dropped}
        emit_json({"key_id": current, **values})
    else:
        click.echo(f"{done.vectors} faces and {done.pictures} pictures are under the key {current} now")
    for key in done.failed:
        note(f"{key} can't be opened, and stays as it is.")
    if settings.store == "firestore":
        note(f"The old key is kept. Copy {keys.path} to every machine that reads these people, then let the hub sync.")
    return 1 if done.failed else 0


@key_command.command("forget")
@click.option("--yes", is_flag=True, help="Don't ask.")
@settings_option
@json_option
def forget(settings: Settings, *, yes: bool, as_json: bool) -> None:
    """Delete faces and pictures whose key is lost, to enrol everybody again. People and attendance stay.

    Before that, look for a backup of the key file: with it nothing is lost. With PRESENZA_STORE=firestore
    another machine may have it, and what is deleted here goes everywhere.
    """
    if not yes:
        click.confirm(f"Is {settings.site_key} lost for good?", abort=True, err=True)
    keys = open_keys(settings)
    if not settings.database.exists():
        raise NotFound(f"There is no {settings.database}.")
    keys.current_id()  # made anew if the file is gone: the store opens only with one
    with _site(settings) as (store, pictures, _):
        rows, gone = forget_lost(store, pictures, keys)
    if as_json:
        emit_json({"photos_and_corrections": rows, "pictures": gone})
    else:
        click.echo(f"{rows} photos and corrections are deleted, and {gone} pictures")


@contextmanager
def _site(settings: Settings) -> Iterator[tuple[Store, PictureStore, Keyring]]:
    with closing(open_store(settings)) as store:
        yield store, open_pictures(settings), open_keys(settings)


@contextmanager
def _progress(what: str) -> Iterator[Show]:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(what)
        yield lambda done, total: progress.update(bar, completed=done, total=total)


def _moment(at_ms: int, settings: Settings) -> str:
    return datetime.fromtimestamp(at_ms / 1000, settings.zone).isoformat(sep=" ", timespec="minutes")
