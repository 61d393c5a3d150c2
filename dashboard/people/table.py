"""The table of an import: what is wrong names its line and its column, in the reader's language."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from hub.errors import InputError
from hub.rolls import NoRoll, Problem, rows

COLUMNS = ("name", "number", "group", "photos")  # consent is recorded with the form
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
    lines = []
    try:
        for row in rows(data, columns=COLUMNS, most=MAX_LINES):
            if row.width > len(row.values):
                place = {"line": row.line, "column": len(row.values) + 1}
                raise InputError("columns", _("Line %(line)d has a cell too much, in column %(column)d.") % place)
            name, number, group = (row.values.get(column, "") for column in ("name", "number", "group"))
            lines.append(Line(row.line, name, number, group, row.photos))
    except NoRoll as refusal:
        raise InputError(*_told(refusal.problem)) from None
    return lines


def _told(problem: Problem) -> tuple[str, str]:
    """A reason and a sentence."""
    place = {"line": problem.line, "column": problem.column, "name": problem.value, "known": ", ".join(COLUMNS)}
    if problem.what == "encoding":
        return "encoding", _("Line %(line)d isn't UTF-8; save the table as “CSV UTF-8”.") % place
    if problem.what == "csv":
        return "csv", _("Line %(line)d isn't CSV: %(why)s.") % {**place, "why": problem.value}
    if problem.what == "too_many":
        return "too_long", _("The table has more than %(n)d lines.") % {"n": MAX_LINES}
    sentences = {
        "unknown": _("Line 1, column %(column)d: “%(name)s” is none of %(known)s."),
        "twice": _("Line 1, column %(column)d: “%(name)s” is there twice."),
        "missing": _("Line 1: the column “%(name)s” is missing."),
    }
    return "columns", sentences[problem.what] % place
