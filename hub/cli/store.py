"""`presenza store`: where everything is kept."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import click
from rich.console import Console
from rich.progress import Progress

from hub import moving
from hub import settings as hub_settings
from hub.cli.output import emit_json, json_option, note, settings_option
from hub.errors import InputError, NotFound
from hub.settings import Settings
from hub.store.opening import open_keys, open_pictures, open_store
from hub.store.sqlite import SqliteStore

FIRESTORE, SQLITE = "firestore", "sqlite"


@click.group("store")
def store_command() -> None:
    """Move everything to Firestore, or back to this machine alone."""


@store_command.command("migrate")
@click.option("--to", "choice", required=True, type=click.Choice([FIRESTORE, SQLITE]), help="Where to.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done, and whether the cloud can be reached.")
@settings_option
@json_option
def migrate(choice: str, settings: Settings, *, dry_run: bool, as_json: bool) -> int:
    """Move people, attendance, events, cameras and pictures to Firestore, or back to this machine alone.

    Nothing is lost on either way: this machine always has everything itself. To Firestore it sends all of it,
    while a hub may run, and joins it with what is there. Back, with hub and dashboard stopped, it fetches
    what others have written, pictures too, and then lets go; what is in Firestore stays there. In both
    cases presenza.toml says afterwards where to. After an interruption the same command goes on.
    """
    if not settings.database.exists():
        raise NotFound(f"There is no {settings.database}: a site that begins only needs PRESENZA_STORE={choice}.")
    # What it needs of the cloud is asked for under the settings that it will have, or has.
    cloud = hub_settings.load(data_dir=settings.data_dir, store=FIRESTORE)
    if dry_run:
        return _try_out(choice, cloud, as_json=as_json)
    moving.check_cloud(cloud)
    moved = _to_firestore(cloud) if choice == FIRESTORE else _to_sqlite(cloud)
    if as_json:
        emit_json({"to": choice, **moved})
    if hub_settings.load(data_dir=settings.data_dir).store != choice:
        note(f"PRESENZA_STORE in the environment says otherwise: set it to {choice}.")
    note("Start hub and dashboard again, so that they know.")
    return 0


def _try_out(choice: str, cloud: Settings, *, as_json: bool) -> int:
    with closing(SqliteStore(cloud.database, open_keys(cloud))) as store:
        counts = moving.contents(store)
        if choice == SQLITE and not store.outbox.figures().mirrored:
            raise InputError("store", "Everything is kept on this machine alone already.")
    moving.check_cloud(cloud)
    if as_json:
        emit_json({"to": choice, "dry_run": True, "counts": counts})
        return 0
    for kind, count in counts.items():
        click.echo(f"{kind.replace('_', ' ')}\t{count}")
    where = f"the space {cloud.space} of the project {cloud.firebase_project}"
    if choice == FIRESTORE:
        note(f"This would be sent to {where}, and joined with what is there. Nothing was changed.")
    else:
        note(f"This is here. What is only in {where} would be fetched first. Nothing was changed.")
    return 0


def _to_firestore(cloud: Settings) -> dict[str, object]:
    with closing(open_store(cloud)) as store, _progress("sending") as show:
        moving.write_choice(cloud, FIRESTORE)
        moving.to_firestore(cloud, store, open_pictures(cloud), show)
        figures = store.outbox.figures()
    if figures.dead or figures.skipped:
        note("Some documents couldn't be taken: see `presenza sync status`.")
    note(f"Everything is in Firestore, in the space {cloud.space} of {cloud.firebase_project}.")
    return {"dead": figures.dead, "skipped": figures.skipped}


def _to_sqlite(cloud: Settings) -> dict[str, object]:
    with closing(SqliteStore(cloud.database, open_keys(cloud))) as store, _progress("fetching") as show:
        if not store.outbox.figures().mirrored:
            raise InputError("store", "Everything is kept on this machine alone already.")
        gone = moving.to_sqlite(cloud, store, open_pictures(cloud), show)
        moving.write_choice(cloud, SQLITE)
        store.outbox.switch_off()
    note(f"Everything is on this machine; {gone} pictures were nowhere any more.")
    note("What is in Firestore and its bucket stays there. If no other machine uses it, delete it in the console.")
    return {"pictures_gone": gone}


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)
