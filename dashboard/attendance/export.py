"""Attendance as a file: CSV or XLSX, with what was asked for in its head."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _

from dashboard import words
from dashboard.attendance.days import Cell, Ledger, days_between
from dashboard.attendance.filters import Filters
from dashboard.runtime import Runtime, now_ms

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs what begins so


def head(filters: Filters, runtime: Runtime) -> list[tuple[str, str]]:
    """What the file shows, for who finds it a year later."""
    return [
        (_("Site"), runtime.settings.site),
        (_("From"), filters.first.isoformat()),
        (_("To"), filters.last.isoformat()),
        (_("Group"), filters.group or _("all")),
        (_("Search"), filters.words or _("none")),
        (_("Times in"), runtime.settings.time_zone),
        (_("Made on"), runtime.local(now_ms()).strftime("%Y-%m-%d %H:%M")),
    ]


def columns() -> list[str]:
    return [
        _("Day"),
        _("Number"),
        _("Name"),
        _("Group"),
        _("Status"),
        _("First seen"),
        _("Last seen"),
        _("Camera"),
        _("Corrected"),
    ]


def lines(filters: Filters, runtime: Runtime) -> Iterator[list[str]]:
    """One line a person and day that counts."""
    rows = runtime.store.attendance(filters.first.isoformat(), filters.last.isoformat(), group=filters.group or None)
    ledger = Ledger(rows, runtime.today(), runtime.settings.zone)
    people = filters.people(runtime)
    for day in days_between(filters.first, filters.last):
        if day in ledger.counted:
            for cell in ledger.cells(people, [day]):
                if cell.status and (not filters.status or cell.status == filters.status):
                    yield _line(cell, runtime)


def _line(cell: Cell, runtime: Runtime) -> list[str]:
    person, row = cell.person, cell.row
    seen = [_clock(at_ms, runtime) for at_ms in (row.first_seen_ms, row.last_seen_ms)] if row else ["", ""]
    return [
        cell.day.isoformat(),
        person.number,
        person.name,
        person.group,
        words.status(cell.status),
        *seen,
        (row.device or "") if row else "",
        _("yes") if cell.corrected else "",
    ]


def _clock(at_ms: int, runtime: Runtime) -> str:
    return runtime.local(at_ms).strftime("%H:%M:%S") if at_ms else ""


class _Echo:
    def write(self, text: str) -> str:
        return text


def as_csv(filters: Filters, runtime: Runtime) -> Iterator[str]:
    """CSV in UTF-8 with a byte order mark, which spreadsheets need to see it."""
    writer = csv.writer(_Echo())
    yield "\ufeff"
    for name, value in head(filters, runtime):
        yield writer.writerow([name, _plain(value)])
    yield writer.writerow([])
    yield writer.writerow(columns())
    for line in lines(filters, runtime):
        yield writer.writerow([_plain(value) for value in line])


def as_xlsx(filters: Filters, runtime: Runtime) -> bytes:
    out = io.BytesIO()
    # strings_to_formulas off: a name that begins with = stays a name.
    options: dict[str, Any] = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet(_("Attendance")[:31])
        bold = book.add_format({"bold": True})
        _fill(sheet, bold, [list(pair) for pair in head(filters, runtime)], columns(), lines(filters, runtime))
        book.set_properties(
            {"title": _("Attendance"), "created": datetime.fromtimestamp(now_ms() / 1000, runtime.settings.zone)}
        )
    return out.getvalue()


def _fill(
    sheet: Any, bold: Any, top: Sequence[Sequence[str]], titles: Sequence[str], body: Iterator[list[str]]
) -> None:
    for number, pair in enumerate(top):
        sheet.write_string(number, 0, pair[0], bold)
        sheet.write_string(number, 1, pair[1])
    start = len(top) + 1
    for place, title in enumerate(titles):
        sheet.write_string(start, place, title, bold)
    sheet.freeze_panes(start + 1, 0)
    sheet.set_column(0, len(titles) - 1, 14)
    sheet.set_column(2, 2, 28)
    last = start
    for last, line in enumerate(body, start + 1):
        for place, value in enumerate(line):
            sheet.write_string(last, place, value)
    sheet.autofilter(start, 0, max(last, start), len(titles) - 1)


def _plain(value: str) -> str:
    """A cell that a spreadsheet takes for text."""
    return f"'{value}" if value.startswith(FORMULA) else value
