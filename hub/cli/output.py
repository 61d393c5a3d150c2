"""What every command shares: `--json`, `--data-dir`, and how data reaches the terminal or a pipe."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hub import settings as settings_module

JOINERS = "\u200c\u200d"  # invisible, and part of names in several scripts
F = TypeVar("F", bound=Callable[..., Any])
Row = Mapping[str, Any]


def json_option(command: F) -> F:
    """Add `--json`; the command gets `as_json: bool`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def settings_option(command: F) -> F:
    """Add `--data-dir`; the command gets `settings: Settings`, read with that folder."""
    return click.option(
        "--data-dir",
        "settings",
        type=click.Path(file_okay=False, path_type=Path),
        callback=_load_settings,
        help="Data folder, instead of PRESENZA_DATA_DIR or ./presenza-data.",
    )(command)


def _load_settings(context: click.Context, parameter: click.Parameter, data_dir: Path | None) -> Any:
    return settings_module.load(data_dir=data_dir)


def emit(rows: Sequence[Row] | Row, columns: Mapping[str, str], *, as_json: bool, empty: str = "Nothing.") -> None:
    """Print rows as a table on a terminal, tab-separated into a pipe, or as JSON with `as_json`.

    `columns` maps a row's key to its heading and picks what a table shows; JSON has every key. One
    mapping instead of a sequence is printed as one object, or as a line for each column. `empty` is
    what stands for no rows on a terminal.
    """
    if as_json:
        emit_json(rows)
    elif isinstance(rows, Mapping):
        _print_one(rows, columns)
    elif not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(_cell(row.get(key)) for key in columns))
    elif not rows:
        click.echo(empty)
    else:
        _print_table(rows, columns)


def emit_json(value: object) -> None:
    """Print a value as JSON: indented for a person, on one line for a program."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def note(sentence: str) -> None:
    """Say something beside the data: on stderr, so that what is printed stays clean."""
    click.echo(printable(sentence), err=True)


def printable(text: str) -> str:
    """`text` without control characters: names come from outside and must not steer a terminal."""
    shown = (character if character.isprintable() or character in JOINERS else "\ufffd" for character in text)
    return "".join(shown)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return printable(f"{value:.3g}" if isinstance(value, float) else str(value))


def _print_one(row: Row, columns: Mapping[str, str]) -> None:
    width = max(len(heading) for heading in columns.values())
    for key, heading in columns.items():
        click.echo(f"{heading:<{width}}  {_cell(row.get(key))}")


def _print_table(rows: Sequence[Row], columns: Mapping[str, str]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in columns.values():
        table.add_column(heading, overflow="fold")
    for row in rows:
        # Text, because a string would be read as rich's markup.
        table.add_row(*(Text(_cell(row.get(key))) for key in columns))
    Console().print(table)
