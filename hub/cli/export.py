"""`presenza export` and `presenza import`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from hub import exporting, importing, supervise
from hub.cli.output import emit, json_option, note, settings_option
from hub.settings import Settings
from hub.store.opening import open_keys, open_pictures, open_store

EXPORTED = {"file": "File", "documents": "Documents", "pictures": "Pictures", "gone": "Pictures gone"}
IMPORTED = {"file": "File", "documents": "Documents", "pictures": "Pictures", "changed": "New or changed"}


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@settings_option
@json_option
def export_command(file: Path, settings: Settings, *, as_json: bool) -> None:
    """Write people, attendance, events, cameras and pictures to FILE as lines of JSON, while everything runs.

    It is compressed when the name ends in .gz. Faces are NOT encrypted in it, so that another site can
    import them under its own key. Not in it are passwords, accounts of the dashboard and the cameras'
    identities and charts: `presenza backup` has those.
    """
    with _progress("exporting", of_lines=True) as show:
        done = exporting.export(settings, file, show)
    emit(_row(file, done.counts) | {"gone": done.gone, "size_bytes": done.size_bytes}, EXPORTED, as_json=as_json)
    note(
        f"Everybody who can read {file} sees names and faces: nothing in it is encrypted. "
        "Keep it safe, and delete it when it has served. Who is erased later is still in it."
    )


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--merge", is_flag=True, help="Into a site that isn't empty; it may run meanwhile.")
@settings_option
@json_option
def import_command(file: Path, settings: Settings, *, merge: bool, as_json: bool) -> None:
    """Take in what `presenza export` wrote to FILE: all of it or nothing.

    Every line and the checksum are looked at before anything is written. The site has to be empty, and
    nothing may run on it. With --merge what FILE says takes the place of what is here, an attendance keeps the
    earlier first sighting, and nothing is removed; it is written bit by bit, and repeating it does no harm.
    """
    with ExitStack() as stack:
        if not merge:
            stack.enter_context(supervise.only_one(settings.data_dir))
        store = stack.enter_context(closing(open_store(settings)))
        show = stack.enter_context(_progress("importing"))
        done = importing.import_file(file, store, open_pictures(settings), open_keys(settings), merge=merge, show=show)
    emit(_row(file, done.counts) | {"changed": done.changed}, IMPORTED, as_json=as_json)


def _row(file: Path, counts: dict[str, int]) -> dict[str, object]:
    documents = sum(count for kind, count in counts.items() if kind != "pictures")
    return {"file": str(file), "documents": documents, "pictures": counts.get("pictures", 0), "counts": counts}


@contextmanager
def _progress(what: str, *, of_lines: bool = False) -> Iterator[Callable[[int, int], None]]:
    console = Console(stderr=True)
    columns = [TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()]
    if of_lines:
        columns.append(MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)
