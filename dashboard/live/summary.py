"""How many are there: the figures of the Today page, by group of people."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from dashboard.runtime import Roster
from hub.model import Attendance, Status


@dataclass(frozen=True, slots=True)
class Tiles:
    present: int = 0
    late: int = 0
    absent: int = 0
    excused: int = 0
    everybody: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """One day's figures. A person without an attendance is absent."""

    day: str = ""
    sizes: Counter[str] = field(default_factory=Counter)  # people of each group
    marks: Counter[tuple[str, Status]] = field(default_factory=Counter)

    @classmethod
    def of(cls, day: str, roster: Roster, attendance: Iterable[Attendance]) -> "Summary":
        sizes = Counter(person.group for person in roster.people)
        marks: Counter[tuple[str, Status]] = Counter()
        for row in attendance:
            person = roster.by_id.get(row.person_id)
            if person is not None:
                marks[person.group, row.status] += 1
        return cls(day, sizes, marks)

    def tiles(self, groups: frozenset[str] | None) -> Tiles:
        """The figures of some groups, or of everybody (None)."""
        wanted = [group for group in self.sizes if groups is None or group in groups]
        count = {status: sum(self.marks[group, status] for group in wanted) for status in Status}
        everybody = sum(self.sizes[group] for group in wanted)
        here = count[Status.PRESENT] + count[Status.LATE]
        return Tiles(
            count[Status.PRESENT],
            count[Status.LATE],
            everybody - here - count[Status.EXCUSED],
            count[Status.EXCUSED],
            everybody,
        )
