"""What an attendance page was asked for: days, group, person. A bad value falls back, and is said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from dashboard.runtime import Runtime
from hub.model import Person

RANGE_MAX = 366  # days


@dataclass(frozen=True, slots=True)
class Filters:
    first: date
    last: date
    group: str
    words: str
    status: str
    sees: frozenset[str] | None
    problem: bool = False  # something asked for wasn't understood

    @classmethod
    def read(
        cls, asked: Mapping[str, str], runtime: Runtime, sees: frozenset[str] | None, *, span: int = 1
    ) -> "Filters":
        """From a query: `day`, or `from` and `to`; by default the last `span` days."""
        today = runtime.today()
        day, problem = _day(asked.get("day", ""), today)
        first, bad_first = _day(asked.get("from", ""), day - timedelta(days=span - 1))
        last, bad_last = _day(asked.get("to", ""), day)
        first, last = min(first, last), max(first, last)
        too_long = (last - first).days >= RANGE_MAX
        if too_long:
            first = last - timedelta(days=RANGE_MAX - 1)
        return cls(
            first,
            last,
            asked.get("group", "")[:100],
            asked.get("q", "")[:100],
            asked.get("status", "")[:20],
            sees,
            problem or bad_first or bad_last or too_long,
        )

    def people(self, runtime: Runtime) -> list[Person]:
        """Whom the page is about, by name."""
        found = runtime.roster().search(self.words)
        return [
            person
            for person in found
            if (not self.group or person.group == self.group) and (self.sees is None or person.group in self.sees)
        ]

    def groups(self, runtime: Runtime) -> list[str]:
        return [group for group in runtime.roster().groups if self.sees is None or group in self.sees]


def _day(text: str, otherwise: date) -> tuple[date, bool]:
    if not text:
        return otherwise, False
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return otherwise, True
    return (day, False) if date(2000, 1, 1) <= day <= date(2200, 1, 1) else (otherwise, True)
