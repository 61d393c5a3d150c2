"""The table of an import: CSV bytes → lines. What is wrong names its line and its column. Pure."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from hub.errors import InputError

COLUMNS = ("name", "number", "group", "photos")
NEEDED = ("name",)
MAX_BYTES = 8 * 1024 * 1024
MAX_LINES = 20_000


@dataclass(frozen=True, slots=True)
class Line:
    """A person to be. `number_in_file` counts from 1, the head being line 1."""

    number_in_file: int
    name: str
    number: str
    group: str
    photos: tuple[str, ...]


def read(data: bytes) -> list[Line]:
    """Raises InputError with a sentence that names line and column."""
    if len(data) > MAX_BYTES:
        raise InputError("too_long", _("The table is larger than 8 MB."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            "encoding", _("Line %(line)d isn't UTF-8; save the table as “CSV UTF-8”.") % {"line": line}
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        return list(_lines(reader))
    except csv.Error as error:
        raise InputError(
            "csv", _("Line %(line)d isn't CSV: %(why)s.") % {"line": reader.line_num, "why": error}
        ) from None


def _lines(reader: "csv._reader") -> Iterator[Line]:  # type: ignore[name-defined]
    columns = _head(next(reader, []))
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if reader.line_num > MAX_LINES:
            raise InputError("too_long", _("The table has more than %(n)d lines.") % {"n": MAX_LINES})
        if len(cells) > len(columns):
            place = {"line": reader.line_num, "column": len(columns) + 1}
            raise InputError("columns", _("Line %(line)d has a cell too much, in column %(column)d.") % place)
        value = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
        photos = tuple(name.strip() for name in value.get("photos", "").split(";") if name.strip())
        yield Line(reader.line_num, value.get("name", ""), value.get("number", ""), value.get("group", ""), photos)


def _head(cells: list[str]) -> list[str]:
    names = [cell.strip().casefold() for cell in cells]
    for place, name in enumerate(names, 1):
        if name not in COLUMNS:
            what = {"column": place, "name": cells[place - 1], "known": ", ".join(COLUMNS)}
            raise InputError("columns", _("Line 1, column %(column)d: “%(name)s” is none of %(known)s.") % what)
        if names.index(name) != place - 1:
            what = {"column": place, "name": name}
            raise InputError("columns", _("Line 1, column %(column)d: “%(name)s” is there twice.") % what)
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise InputError("columns", _("Line 1: the column “%(name)s” is missing.") % {"name": missing[0]})
    return names


def _delimiter(text: str) -> str:
    """What separates the cells of the head: comma, semicolon or tab."""
    head = text.partition("\n")[0]
    return max(",;\t", key=head.count)
