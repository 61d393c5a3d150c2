"""People × days: who was there, who wasn't, in what order people came. Pure; rows come from the store."""

import calendar
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hub.model import Attendance, Person, Status


@dataclass(frozen=True, slots=True)
class Cell:
    """One person on one day. `status` is "" where nothing is to be said: no school, or not yet."""

    person: Person
    day: date
    status: str
    row: Attendance | None = None

    @property
    def corrected(self) -> bool:
        return self.row is not None and self.row.corrected


class Ledger:
    """The attendance of a range of days. A day counts when anybody was there, and then who wasn't is absent.

    Nobody is absent on days before they were enrolled; `zone` says which day that was.
    """

    def __init__(self, rows: Iterable[Attendance], today: date, zone: ZoneInfo) -> None:
        self._rows: dict[tuple[str, str], Attendance] = {(row.person_id, row.day): row for row in rows}
        self._today = today
        self._zone = zone
        self.counted = {date.fromisoformat(day) for _, day in self._rows}

    def cell(self, person: Person, day: date) -> Cell:
        row = self._rows.get((person.person_id, day.isoformat()))
        if row is not None:
            return Cell(person, day, row.status.value, row)
        missing = day in self.counted and self._since(person) <= day <= self._today
        return Cell(person, day, Status.ABSENT.value if missing else "")

    def cells(self, people: Iterable[Person], days: Sequence[date]) -> Iterator[Cell]:
        for person in people:
            for day in days:
                yield self.cell(person, day)

    def totals(self, people: Sequence[Person]) -> Mapping[str, Counter[str]]:
        """Days of each status, by person."""
        totals: dict[str, Counter[str]] = {person.person_id: Counter() for person in people}
        for (person_id, _), row in self._rows.items():
            if person_id in totals:
                totals[person_id][row.status.value] += 1
        for person in people:
            since, count = self._since(person), totals[person.person_id]
            due = [day for day in self.counted if since <= day <= self._today]
            count[Status.ABSENT.value] += sum((person.person_id, day.isoformat()) not in self._rows for day in due)
        return totals

    def _since(self, person: Person) -> date:
        return datetime.fromtimestamp(person.created_ms / 1000, self._zone).date()

    def arrivals(self) -> Iterator[Attendance]:
        """Those who were seen by a camera."""
        return (row for row in self._rows.values() if row.device is not None)


def days_of_month(month: date) -> list[date]:
    """Every day of the month that `month` lies in."""
    count = calendar.monthrange(month.year, month.month)[1]
    return [month.replace(day=number) for number in range(1, count + 1)]


def days_between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def month_before(month: date) -> date:
    return (month.replace(day=1) - timedelta(days=1)).replace(day=1)


def month_after(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)
