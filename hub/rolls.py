"""A list of people as CSV bytes → rows. Pure; the one reader for the command line and the dashboard.

What is wrong is a `Problem` with a word for what it is and its place: each of the two says it in its own way.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.errors import InputError

COLUMNS = ("name", "number", "group", "consent", "photos")
NEEDED = "name"
_BETWEEN_PHOTOS = re.compile(r"[|;]")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a table. `what` is one of

    `encoding` (at `at`, a byte), `csv` (`value`: why), `unknown` (a column called `value`), `twice` (a column is
    there again), `missing` (the column `value`), `too_many` (lines). Lines and columns count from 1.
    """

    what: str
    line: int = 1
    column: int = 0
    value: str = ""
    at: int = 0


class NoRoll(InputError):
    """The bytes are no table of people."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `values` has every column of the head, "" where the line has no cell; `width` counts its cells.

    `line` is its last line in the file, which counts when a quoted cell has line breaks in it.
    """

    line: int
    values: Mapping[str, str]
    width: int

    @property
    def photos(self) -> tuple[str, ...]:
        """The names between | or ; in the column of photos."""
        names = _BETWEEN_PHOTOS.split(self.values.get("photos", ""))
        return tuple(name.strip() for name in names if name.strip())


def rows(data: bytes, *, columns: Sequence[str] = COLUMNS, most: int) -> Iterator[Row]:
    """The people of a table whose first line names its columns, which may be in any order; emptied lines left out.

    Cells are apart by comma, semicolon or tab, whatever the spreadsheet puts between those of the head; a
    byte order mark is no part of it. Raises NoRoll, as late as the line that is wrong; `most` lines are read.
    """
    text = _text(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        head = _head(next(reader, []), columns)
        for cells in reader:
            if reader.line_num > most:
                raise NoRoll(Problem("too_many", reader.line_num))
            if any(cell.strip() for cell in cells):
                filled = [cell.strip() for cell in cells] + [""] * (len(head) - len(cells))
                yield Row(reader.line_num, dict(zip(head, filled, strict=False)), len(cells))
    except csv.Error as error:
        raise NoRoll(Problem("csv", reader.line_num, value=str(error))) from None


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NoRoll(Problem("encoding", line, at=error.start)) from None


def _head(cells: Sequence[str], columns: Sequence[str]) -> list[str]:
    names = [cell.strip().casefold() for cell in cells]
    for column, name in enumerate(names, 1):
        if name not in columns:
            raise NoRoll(Problem("unknown", 1, column, cells[column - 1].strip()))
        if names.index(name) != column - 1:
            raise NoRoll(Problem("twice", 1, column, name))
    if NEEDED not in names:
        raise NoRoll(Problem("missing", 1, value=NEEDED))
    return names


def _delimiter(text: str) -> str:
    head = text.partition("\n")[0]
    return max(",;\t", key=head.count)
