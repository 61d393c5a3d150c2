"""A site that has been in use for long: invented people, and attendance of many days."""

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import product

from hub.attendance import Rules
from hub.model import Attendance, Box, Clock, Consent, Correction, Event, FaceResult, FrameKey, Outcome, Person, Status
from hub.store import Store

NAMES = """
Ada Albrecht, Bruno Baumann, Carla Castro, David Demir, Elif Ebert, Farid Fischer, Greta Garcia, Hugo Hoffmann,
Ines Ivanova, Jonas Jansen, Katja Kowalski, Liam Lindner, Mina Marino, Nora Novak, Omar Okafor, Paula Petrov,
Quinn Quandt, Rosa Rossi, Samir Schubert, Tilda Tanaka, Umut Ullmann, Vera Vogel, Wanja Weber, Xenia Xu,
Yusuf Yilmaz, Zoe Zimmer, Anton Arslan, Beata Becker, Cem Costa, Dora Dietrich, Emil Eriksen, Frida Fuchs
"""
FIRST, LAST = zip(*(name.split() for name in NAMES.split(",")), strict=True)
ZONE_CONSENT = Consent("Agreed on paper to attendance by face.", "admin", 1_750_000_000_000, "2026-1")


def people(count: int, groups: int = 8) -> Iterator[Person]:
    """So many invented people in groups named 5a, 5b, 6a …"""
    names = [f"{first} {last}" for first, last in product(FIRST, LAST)]
    random.Random(7).shuffle(names)
    for number in range(count):
        name = names[number % len(names)]
        name = name if number < len(names) else f"{name} {number // len(names) + 1}"
        group = f"{5 + number % groups // 2}{'ab'[number % groups % 2]}"
        yield Person(f"p-{number:05d}", name, f"{10_000 + number}", group, ZONE_CONSENT, 1_750_000_000_000)


def school_days(last: date, count: int) -> list[date]:
    """The `count` weekdays up to `last`."""
    days: list[date] = []
    day = last
    while len(days) < count:
        if day.weekday() < 5:
            days.append(day)
        day -= timedelta(days=1)
    return days[::-1]


def fill(store: Store, rules: Rules, *, count: int, last: date, days: int, events_a_day: int = 20) -> list[Person]:
    """Put people and their days into an empty store; every twelfth person is away on a day, every ninth late."""
    everybody = list(people(count))
    for person in everybody:
        store.add_person(person)
    chance = random.Random(11)
    for number, day in enumerate(school_days(last, days)):
        marks = [mark(person, day, rules, chance) for person in everybody if chance.random() > 1 / 12]
        record(store, day, number, marks, events_a_day)
    _correct(store, everybody, last)
    return everybody


def mark(person: Person, day: date, rules: Rules, chance: random.Random) -> Attendance:
    minutes = chance.gauss(-12, 6) if chance.random() > 1 / 9 else chance.uniform(1, 45)
    at = datetime.combine(day, rules.late_after, rules.zone) + timedelta(minutes=minutes)
    seen_ms = int(at.timestamp() * 1000)
    status = Status.LATE if minutes > 0 else Status.PRESENT
    event_id = f"01{day:%Y%m%d}{0:04d}"
    return Attendance(person.person_id, day.isoformat(), status, seen_ms, seen_ms + 6 * 3_600_000, "door-1", event_id,
                      Clock.CAPTURED, round(chance.uniform(0.22, 0.41), 3))  # fmt: skip


def record(store: Store, day: date, number: int, marks: list[Attendance], events: int, *, name: str = "") -> None:
    """One event carries all marks (so that filling is quick), the others show one person each."""
    for place in range(max(1, events)):
        shown = marks[place % len(marks)]
        some = marks if place == 0 else [shown]
        face = FaceResult(Box(90, 260, 220, 130), Outcome.ALREADY_MARKED, None, shown.person_id, shown.distance, 0.2)
        at_ms = int(datetime.combine(day, time(8)).timestamp() * 1000) + place * 60_000
        key = FrameKey(f"door-{1 + place % 2}", 7, number * 10_000 + place + 1)
        outcome = Outcome.ALREADY_MARKED
        event_id = f"01{day:%Y%m%d}{name}{place:04d}"
        event = Event(event_id, key, place + 1, at_ms, at_ms + 90, outcome, None, (face,), 640, 480)
        store.record(event, some)


def _correct(store: Store, everybody: list[Person], last: date) -> None:
    for number, person in enumerate(everybody[:40:4]):
        day = school_days(last, 15)[number]
        day_text = day.isoformat()
        why = "Ill, note from home"
        store.correct(
            Correction(f"c-{number}", person.person_id, day_text, Status.EXCUSED, why, "admin", 1_790_000_000_000)
        )
