"""`presenza attendance`: who was seen when, and corrections by hand."""

import getpass
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import Any

import click
from ulid import ULID

from hub import attendance, people
from hub.cli.output import emit, json_option, settings_option
from hub.errors import InputError
from hub.model import Attendance, Correction, Status
from hub.settings import Settings
from hub.store import Store
from hub.store.opening import open_store

COLUMNS = {
    "day": "Day",
    "name": "Name",
    "status": "Status",
    "first_seen": "First seen",
    "last_seen": "Last seen",
    "device": "Camera",
}
DEFAULT_DAYS = 7
Row = dict[str, Any]


class Day(click.ParamType[str]):
    """A day as YYYY-MM-DD; kept as the text that it is."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return date.fromisoformat(str(value)).isoformat()
        except ValueError:
            self.fail(f"{value!r} is no day such as 2026-11-22.", param, ctx)


@click.group("attendance")
def attendance_command() -> None:
    """Show and correct attendance."""


@attendance_command.command("today")
@click.option("--group", help="Only this group.")
@settings_option
@json_option
def today(group: str | None, settings: Settings, *, as_json: bool) -> None:
    """Show who was seen today."""
    day = _today(settings)
    with closing(open_store(settings)) as store:
        rows = _rows(store, store.attendance(day, day, group=group))
    _emit(rows, settings, as_json=as_json, empty=f"Nobody was seen yet on {day}.")


@attendance_command.command("list")
@click.option("--from", "first", type=Day(), help=f"First day; by default {DEFAULT_DAYS - 1} before the last.")
@click.option("--to", "last", type=Day(), help="Last day; by default today.")
@click.option("--group", help="Only this group.")
@click.option("--person", help="Only this person (id or number).")
@settings_option
@json_option
def list_days(
    first: str | None, last: str | None, group: str | None, person: str | None, settings: Settings, *, as_json: bool
) -> None:
    """Show the attendance of several days."""
    last = last or _today(settings)
    first = first or (date.fromisoformat(last) - timedelta(days=DEFAULT_DAYS - 1)).isoformat()
    if first > last:
        raise InputError("days", f"{first} is after {last}.")
    with closing(open_store(settings)) as store:
        person_id = people.find(store, person).person_id if person else None
        rows = _rows(store, store.attendance(first, last, person_id=person_id, group=group))
    _emit(rows, settings, as_json=as_json, empty=f"Nobody was seen from {first} to {last}.")


@attendance_command.command("mark")
@click.argument("person")
@click.argument("status", type=click.Choice([status.value for status in Status]))
@click.option("--day", type=Day(), help="The day; by default today.")
@click.option("--reason", required=True, help="Why; it is kept with the correction.")
@click.option("--by", default=getpass.getuser, help="Who decided; by default whoever runs this.")
@settings_option
@json_option
def mark(person: str, status: str, settings: Settings, *, day: str | None, reason: str, by: str, as_json: bool) -> None:
    """Set a status by hand.

    PERSON is an id or a number. What was seen stays beside it; the newest correction counts.
    """
    if not reason.strip():
        raise InputError("reason", "A correction needs a reason.")
    with closing(open_store(settings)) as store:
        correction = Correction(
            correction_id=str(ULID()),
            person_id=people.find(store, person).person_id,
            day=day or _today(settings),
            status=Status(status),
            reason=reason.strip(),
            by=by,
            at_ms=time.time_ns() // 1_000_000,
        )
        rows = _rows(store, [store.correct(correction)])
    _emit(rows, settings, as_json=as_json)


def _today(settings: Settings) -> str:
    return attendance.site_day(time.time_ns() // 1_000_000, attendance.rules_of(settings))


def _rows(store: Store, days: Sequence[Attendance]) -> list[Row]:
    names = {person.person_id: person.name for person in store.people()}
    return [
        {
            "person_id": each.person_id,
            "name": names.get(each.person_id, ""),
            "day": each.day,
            "status": each.status.value,
            "first_seen_ms": each.first_seen_ms,
            "last_seen_ms": each.last_seen_ms,
            "device": each.device,
        }
        for each in days
    ]


def _emit(rows: list[Row], settings: Settings, *, as_json: bool, empty: str = "") -> None:
    """As JSON the times are in ms; for people they are the site's."""
    if not as_json:
        for row in rows:
            row["first_seen"] = _clock(row["first_seen_ms"], settings)
            row["last_seen"] = _clock(row["last_seen_ms"], settings)
    emit(rows, COLUMNS, as_json=as_json, empty=empty)


def _clock(at_ms: int, settings: Settings) -> str:
    """The site's time of day; empty for a day that was only marked by hand."""
    return datetime.fromtimestamp(at_ms / 1000, settings.zone).strftime("%H:%M:%S") if at_ms else ""
