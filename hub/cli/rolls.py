"""Lists of people to enrol: a folder with a sub-folder for each, or a CSV file. Read whole before anything is done."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.errors import EnrolmentRefused

PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
COLUMNS = ("name", "number", "group", "consent", "photos")
_BETWEEN_PHOTOS = re.compile(r"[|;]")
MAX_PEOPLE = 100_000
MAX_PROBLEMS = 20  # that are told at once


@dataclass(frozen=True, slots=True)
class Entry:
    """One person of a list; `where` is the line or folder that it comes from."""

    where: str
    name: str
    number: str = ""
    group: str = ""
    consent: str = ""
    photos: tuple[Path, ...] = ()


def read(source: Path) -> list[Entry]:
    """Everybody in a folder or a CSV file. Raises EnrolmentRefused that names line and column of each problem."""
    return from_folder(source) if source.is_dir() else from_csv(source)


def from_folder(folder: Path) -> list[Entry]:
    """A person for each sub-folder, by its name; underscores in it are spaces."""
    people = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    entries = [Entry(str(path), path.name.replace("_", " "), photos=_pictures(path)) for path in people]
    if not entries:
        raise EnrolmentRefused("folder", f"{folder} has no sub-folders; there must be one for each person.")
    return entries


def from_csv(path: Path) -> list[Entry]:
    """A person for each line. Columns: name, and any of number, group, consent, photos.

    `photos` are files or folders, relative to the CSV file, with | or ; between them.
    """
    try:
        # utf-8-sig: spreadsheets put a byte order mark in front.
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, delimiter=_delimiter(file.readline()), strict=True)
            file.seek(0)
            return _entries(path, rows)
    except UnicodeDecodeError as error:
        raise EnrolmentRefused("csv", f"{path} is not UTF-8 (byte {error.start}).") from None
    except csv.Error as error:
        raise EnrolmentRefused("csv", f"{path} is no proper CSV: {error}.") from None


def _delimiter(header: str) -> str:
    """What a spreadsheet puts between columns depends on its language."""
    return max(",;\t", key=header.count)


def _entries(path: Path, rows: "csv.DictReader[str]") -> list[Entry]:
    rows.fieldnames = [name.strip().casefold() for name in rows.fieldnames or ()]
    _check_header(path, rows.fieldnames)
    entries: list[Entry] = []
    problems: list[str] = []
    lines: dict[str, int] = {}
    for row in rows:
        line = rows.line_num
        if not any(row.values()):  # what a spreadsheet leaves of a line that was emptied
            continue
        problems += [f"{path} line {line}, {problem}" for problem in _problems(row, path.parent, lines, line)]
        if len(problems) >= MAX_PROBLEMS or len(entries) > MAX_PEOPLE:
            break
        entries.append(_entry(f"{path} line {line}", row, path.parent))
    if len(entries) > MAX_PEOPLE:
        problems.append(f"{path} has more than {MAX_PEOPLE} people; split it.")
    if problems:
        raise EnrolmentRefused("csv", "\n".join(problems[:MAX_PROBLEMS]))
    return entries


def _check_header(path: Path, names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in COLUMNS]
    if "name" not in names or unknown or len(set(names)) < len(names):
        wrong = f" Not known: {', '.join(unknown)}." if unknown else ""
        raise EnrolmentRefused(
            "csv", f"{path} line 1 must name the columns: name, and any of {', '.join(COLUMNS[1:])}.{wrong}"
        )


def _problems(row: Mapping[str | None, object], folder: Path, lines: dict[str, int], line: int) -> Iterator[str]:
    """Sentences about one line; `lines` remembers where each number was seen."""
    if row.get(None):
        yield f"column {len(row)}: more values than the first line has columns."
    if any(value is None for value in row.values()):
        yield "last column: fewer values than the first line has columns."
    if not _text(row, "name"):
        yield "column name: is empty."
    number = _text(row, "number")
    if number and lines.setdefault(number, line) != line:
        yield f"column number: {number} is also in line {lines[number]}."
    for photo in _split(_text(row, "photos")):
        if not (folder / photo).exists():
            yield f"column photos: there is no {photo}."


def _entry(where: str, row: Mapping[str, str], folder: Path) -> Entry:
    photos: list[Path] = []
    for name in _split(_text(row, "photos")):
        path = folder / name
        photos += _pictures(path) if path.is_dir() else (path,)
    number, group, consent = (_text(row, column) for column in ("number", "group", "consent"))
    return Entry(where, _text(row, "name"), number, group, consent, tuple(photos))


def _text(row: Mapping[str, object] | Mapping[str | None, object], column: str) -> str:
    return str(row.get(column) or "").strip()


def _split(photos: str) -> list[str]:
    return [name.strip() for name in _BETWEEN_PHOTOS.split(photos) if name.strip()]


def _pictures(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES and path.is_file()))
