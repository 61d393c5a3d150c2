"""`presenza sync`: how it stands with the cloud, and what to do about it."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime

import click

from hub.cli.output import emit, emit_json, json_option, note, settings_option
from hub.cloud.drain import Line
from hub.cloud.sync import is_running
from hub.errors import InputError, Unavailable
from hub.mirroring import open_sync
from hub.settings import Settings
from hub.store.opening import open_pictures, open_store
from hub.store.outbox import SyncFigures
from hub.store.sqlite import SqliteStore

PATIENCE_S = 30.0
LOOK_S = 0.2
COLUMNS = {
    "running": "At work",
    "waiting": "Documents waiting",
    "pictures": "Pictures waiting",
    "since": "The oldest since",
    "dead": "Set aside",
    "conflicts": "Conflicts",
    "skipped": "Skipped",
    "contact": "Last contact",
    "pulled": "All pulled",
    "paused": "Paused",
    "trouble": "Trouble",
}
LISTED = {"what": "What", "kind": "Kind", "key": "Key", "reason": "Why"}


@click.group("sync")
def sync_command() -> None:
    """Show what waits for the cloud and what went wrong, and try again."""


@sync_command.command("status")
@settings_option
@json_option
def status(settings: Settings, *, as_json: bool) -> int:
    """Tell what waits for Firestore and since when, what can't be sent, and what of Firestore makes no sense.

    Exit code 1 when something is set aside, skipped or paused: somebody has to see to it.
    """
    with _mirror(settings) as store:
        figures = store.outbox.figures()
        row, listed = _row(settings, figures), _listed(store)
    if as_json:
        emit_json({**row, "rows": listed})
    else:
        emit(row, COLUMNS, as_json=False)
        if listed:
            emit(listed, LISTED, as_json=False)
        if not row["running"]:
            note("No hub or dashboard runs on this data folder: nothing is sent. `presenza sync now` does it once.")
    return int(bool(figures.dead or figures.skipped or figures.paused))


@sync_command.command("retry")
@settings_option
@json_option
def retry(settings: Settings, *, as_json: bool) -> None:
    """Try once more to send what was set aside, and don't wait out a pause."""
    with _mirror(settings) as store:
        revived = store.outbox.revive()
        store.outbox.ask()
    if as_json:
        emit_json({"revived": revived})
    else:
        click.echo(f"{revived} documents are tried again")


@sync_command.command("now")
@settings_option
@json_option
def now(settings: Settings, *, as_json: bool) -> None:
    """Send and pull everything now. A hub or dashboard that runs does it, else this command."""
    if settings.store != "firestore":
        raise InputError("store", "Nothing is mirrored: PRESENZA_STORE isn't firestore.")
    with _mirror(settings) as store:
        if is_running(settings.data_dir):
            store.outbox.ask()
            _wait(store)
        else:
            _do(settings, store)
        emit(_row(settings, store.outbox.figures()), COLUMNS, as_json=as_json)


@sync_command.command("off")
@click.option("--force", is_flag=True, help="Even where changes wait that nobody else has.")
@settings_option
def off(settings: Settings, *, force: bool) -> None:
    """Stop mirroring: keep everything on this machine, and forget what was still to be sent.

    What is removed from then on, people too, stays in Firestore.
    """
    if settings.store == "firestore":
        raise InputError("store", "PRESENZA_STORE is firestore; set it to sqlite first.")
    with _mirror(settings) as store:
        figures = store.outbox.figures()
        if (figures.waiting or figures.dead) and not force:
            raise InputError(
                "waiting",
                f"{figures.waiting + figures.dead} changes aren't in Firestore yet, erased people perhaps among them:"
                " run `presenza sync now` with PRESENZA_STORE=firestore first, or use --force.",
            )
        store.outbox.switch_off()
    click.echo("This data folder is no mirror any more")


@contextmanager
def _mirror(settings: Settings) -> Iterator[SqliteStore]:
    with closing(open_store(settings)) as store:
        if not store.outbox.figures().mirrored:
            raise InputError("store", "Nothing is mirrored: PRESENZA_STORE isn't firestore.")
        yield store


def _do(settings: Settings, store: SqliteStore) -> None:
    sync = open_sync(settings, store, open_pictures(settings))
    assert sync is not None
    if sync.once() is not Line.UP:
        raise Unavailable(_trouble(store.outbox.figures()))


def _wait(store: SqliteStore) -> None:
    """Until a running process has sent what waits. Raises Unavailable when it doesn't get there."""
    give_up = time.monotonic() + PATIENCE_S
    while (figures := store.outbox.figures()).waiting or figures.pictures:
        if time.monotonic() > give_up:
            raise Unavailable(_trouble(figures))
        time.sleep(LOOK_S)


def _trouble(figures: SyncFigures) -> str:
    return figures.paused or figures.trouble or f"{figures.waiting + figures.pictures} still wait; it goes on."


def _row(settings: Settings, figures: SyncFigures) -> dict[str, object]:
    def moment(at_ms: int | None) -> str | None:
        return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, settings.zone).isoformat(" ", "seconds")

    return {
        **asdict(figures),
        "running": is_running(settings.data_dir),
        "since": moment(figures.since_ms),
        "contact": moment(figures.contact_ms),
        "pulled": moment(figures.pulled_ms),
    }


def _listed(store: SqliteStore) -> list[dict[str, object]]:
    dead = [("set aside", each.kind, each.key, each.last_error) for each in store.outbox.dead()]
    skipped = [("skipped", each.kind.value, each.key, each.message) for each in store.mirror.skipped()]
    return [dict(zip(LISTED, row, strict=True)) for row in (*dead, *skipped)]
