"""Lists of people to enrol: a folder with a sub-folder for each, or a CSV file. Read whole before anything is done."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.errors import EnrolmentRefused
from hub.rolls import COLUMNS, NoRoll, Problem, Row, rows

PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
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
        return _entries(path, path.read_bytes())
    except NoRoll as refusal:
        raise EnrolmentRefused("csv", _sentence(path, refusal.problem)) from None


def _sentence(path: Path, problem: Problem) -> str:
    if problem.what == "encoding":
        return f"{path} is not UTF-8 (byte {problem.at})."
    if problem.what == "csv":
        return f"{path} is no proper CSV: {problem.value}."
    if problem.what == "too_many":
        return f"{path} has more than {MAX_PEOPLE} people; split it."
    known = f"name, and any of {', '.join(COLUMNS[1:])}"
    wrong = {"unknown": f" Not known: {problem.value}.", "twice": f" Twice: {problem.value}."}.get(problem.what, "")
    return f"{path} line 1 must name the columns: {known}.{wrong}"


def _entries(path: Path, data: bytes) -> list[Entry]:
    entries: list[Entry] = []
    problems: list[str] = []
    lines: dict[str, int] = {}
    for row in rows(data, most=MAX_PEOPLE + 1):
        problems += [f"{path} line {row.line}, {problem}" for problem in _problems(row, path.parent, lines)]
        if len(problems) >= MAX_PROBLEMS:
            break
        entries.append(_entry(f"{path} line {row.line}", row, path.parent))
    if problems:
        raise EnrolmentRefused("csv", "\n".join(problems[:MAX_PROBLEMS]))
    return entries


def _problems(row: Row, folder: Path, lines: dict[str, int]) -> Iterator[str]:
    """Sentences about one line; `lines` remembers where each number was seen."""
    if row.width > len(row.values):
        yield f"column {len(row.values) + 1}: more values than the first line has columns."
    if row.width < len(row.values):
        yield "last column: fewer values than the first line has columns."
    if not row.values["name"]:
        yield "column name: is empty."
    number = row.values.get("number", "")
    if number and lines.setdefault(number, row.line) != row.line:
        yield f"column number: {number} is also in line {lines[number]}."
    for photo in row.photos:
        if not (folder / photo).exists():
            yield f"column photos: there is no {photo}."


def _entry(where: str, row: Row, folder: Path) -> Entry:
    photos: list[Path] = []
    for name in row.photos:
        path = folder / name
        photos += _pictures(path) if path.is_dir() else (path,)
    number, group, consent = (row.values.get(column, "") for column in ("number", "group", "consent"))
    return Entry(where, row.values["name"], number, group, consent, tuple(photos))


def _pictures(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES and path.is_file()))
