"""`presenza attendance`."""

import time
from contextlib import closing

import click
import pytest

from hub import attendance, settings
from hub.model import Attendance, Box, Event, FaceResult, FrameKey, Outcome, Status
from hub.store.opening import open_store
from tests.unit.command_line import CommandLine, presenza

__all__ = ["presenza"]


@pytest.fixture
def ada(presenza: CommandLine) -> str:
    return presenza("people", "add", "--name", "Ada", "--number", "7", "--consent", "yes", "--json").json["person_id"]


def see(person_id: str, at_ms: int) -> str:
    """A camera sees a person; the day it counts for."""
    loaded = settings.load()
    day = attendance.site_day(at_ms, attendance.rules_of(loaded))
    face = FaceResult(Box(0, 9, 9, 0), Outcome.RECOGNIZED, person_id=person_id)
    event = Event(
        f"e-{at_ms}", FrameKey("door-1", 1, at_ms % 2**32), 0, at_ms, at_ms, Outcome.RECOGNIZED, faces=(face,)
    )
    mark = Attendance(person_id, day, Status.PRESENT, at_ms, at_ms, "door-1", event.event_id)
    with closing(open_store(loaded)) as store:
        store.record(event, [mark])
    return day


def test_today_shows_who_was_seen(presenza: CommandLine, ada: str):
    now = time.time_ns() // 1_000_000
    day = see(ada, now)
    assert presenza("attendance", "today", "--json").json == [
        {
            "person_id": ada,
            "name": "Ada",
            "day": day,
            "status": "present",
            "first_seen_ms": now,
            "last_seen_ms": now,
            "device": "door-1",
        }
    ]


def test_times_are_shown_as_the_sites(presenza: CommandLine, ada: str):
    see(ada, 1_790_000_000_000)  # 2026-09-21 14:13:20 UTC
    shown = presenza("attendance", "list", "--from", "2026-09-21", "--to", "2026-09-21")
    assert shown.out == "2026-09-21\tAda\tpresent\t16:13:20\t16:13:20\tdoor-1\n"


def test_list_shows_the_last_seven_days(presenza: CommandLine, ada: str):
    now = time.time_ns() // 1_000_000
    days = [see(ada, now - age * attendance.DAY_MS) for age in (8, 5, 0)]
    assert [row["day"] for row in presenza("attendance", "list", "--json").json] == days[1:]


def test_list_shows_one_person(presenza: CommandLine, ada: str):
    bob = presenza("people", "add", "--name", "Bob", "--number", "8", "--consent", "yes", "--json").json["person_id"]
    now = time.time_ns() // 1_000_000
    see(ada, now)
    see(bob, now + 1)
    assert [row["name"] for row in presenza("attendance", "list", "--person", "8", "--json").json] == ["Bob"]


def test_a_correction_counts_and_what_was_seen_stays(presenza: CommandLine, ada: str):
    now = time.time_ns() // 1_000_000
    see(ada, now)
    (row,) = presenza("attendance", "mark", "7", "excused", "--reason", "dentist", "--json").json
    assert (row["status"], row["first_seen_ms"], row["device"]) == ("excused", now, "door-1")
    assert presenza("attendance", "today", "--json").json == [row]


def test_corrections_are_added_and_never_replaced(presenza: CommandLine, ada: str):
    for status, reason in (("absent", "nobody saw her"), ("present", "the teacher did")):
        presenza("attendance", "mark", "7", status, "--day", "2026-11-20", "--reason", reason, "--by", "office")
    with closing(open_store(settings.load())) as store:
        kept = store.corrections(ada, "2026-11-20")
    assert [(each.status, each.reason, each.by) for each in kept] == [
        (Status.ABSENT, "nobody saw her", "office"),
        (Status.PRESENT, "the teacher did", "office"),
    ]


def test_a_day_marked_by_hand_has_no_times(presenza: CommandLine, ada: str):
    shown = presenza("attendance", "mark", "7", "absent", "--day", "2026-11-20", "--reason", "ill")
    assert shown.out == "2026-11-20\tAda\tabsent\t\t\t\n"


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_correction_needs_a_reason(presenza: CommandLine, ada: str, reason: str):
    assert presenza("attendance", "mark", "7", "absent", "--reason", reason).code == 2


def test_somebody_who_is_not_there_cannot_be_marked(presenza: CommandLine):
    assert presenza("attendance", "mark", "7", "absent", "--reason", "ill").code == 3


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "2026-02-30"])
def test_a_day_must_be_one(presenza: CommandLine, day: str):
    with pytest.raises(click.UsageError, match="is no day"):
        presenza("attendance", "list", "--from", day)


def test_days_must_be_in_order(presenza: CommandLine):
    assert presenza("attendance", "list", "--from", "2026-11-22", "--to", "2026-11-21").code == 2
