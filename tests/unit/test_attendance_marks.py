"""When somebody was seen, whether that is late, and what two sightings make."""

from dataclasses import replace
from datetime import time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.attendance import DAY_MS, MINUTE_MS, Rules, day_begins_ms, mark, seen_at, site_day, status_at, widen
from hub.model import Attendance, Box, Clock, FaceResult, Frame, Outcome, Status
from tests.strategies import U64, clock_changes, instants, site_rules
from tests.unit.clocks import ms

BERLIN = Rules(ZoneInfo("Europe/Berlin"), time(4), time(9))
NOON_MS = ms("2026-11-23T12:00:00+01:00")
FACE = FaceResult(Box(0, 1, 1, 0), Outcome.RECOGNIZED, None, "p-1", 0.3, 0.2)
LATEST_MS = 253_370_764_800_000  # 9999


def a_frame(captured_ms: int = 0, *, received_ms: int = NOON_MS, clock_set: bool = True, resent: bool = False) -> Frame:
    return Frame("door-1", 7, 1, 0, captured_ms, received_ms, b"", resent=resent, clock_set=clock_set)


# -- late -------------------------------------------------------------------
@pytest.mark.parametrize(
    ("at", "status"),
    [
        ("2026-11-23T04:00:00.000+01:00", Status.PRESENT),
        ("2026-11-23T09:00:00.000+01:00", Status.PRESENT),
        ("2026-11-23T09:00:00.001+01:00", Status.LATE),
        ("2026-11-24T00:00:00.000+01:00", Status.LATE),
        ("2026-11-24T03:59:59.999+01:00", Status.LATE),
    ],
)
def test_who_comes_after_the_limit_is_late(at: str, status: Status) -> None:
    assert status_at(ms(at), BERLIN) is status


@pytest.mark.parametrize(
    ("at", "status"),
    [
        ("2026-11-23T22:00:00+01:00", Status.PRESENT),
        ("2026-11-24T01:00:00+01:00", Status.PRESENT),
        ("2026-11-24T01:00:01+01:00", Status.LATE),
        ("2026-11-24T21:59:59+01:00", Status.LATE),
    ],
)
def test_a_limit_before_the_start_of_the_day_is_on_the_next_date(at: str, status: Status) -> None:
    night_shift = Rules(ZoneInfo("Europe/Berlin"), day_start=time(22), late_after=time(1))
    assert site_day(ms(at), night_shift) == "2026-11-23"
    assert status_at(ms(at), night_shift) is status


@pytest.mark.parametrize(
    ("at", "status"),
    [
        ("2026-10-25T02:45:00+02:00", Status.PRESENT),  # the clock is past 02:30, and will show it again
        ("2026-10-25T02:30:00+01:00", Status.PRESENT),
        ("2026-10-25T02:30:01+01:00", Status.LATE),
        ("2026-03-29T01:59:59+01:00", Status.PRESENT),
        ("2026-03-29T03:00:00+02:00", Status.LATE),  # the clock jumped over 02:30
    ],
)
def test_where_clocks_are_set_the_limit_is_their_last_passing(at: str, status: Status) -> None:
    rules = Rules(ZoneInfo("Europe/Berlin"), day_start=time(0), late_after=time(2, 30))
    assert status_at(ms(at), rules) is status


@given(st.data(), site_rules())
def test_within_a_day_nobody_is_in_time_after_somebody_was_late(data: st.DataObject, rules: Rules) -> None:
    at = data.draw(instants(rules.zone.key))
    later = at + data.draw(st.integers(0, DAY_MS))
    if site_day(at, rules) == site_day(later, rules) and status_at(at, rules) is Status.LATE:
        assert status_at(later, rules) is Status.LATE


@given(st.data(), site_rules())
def test_the_first_moment_of_a_day_is_in_time(data: st.DataObject, rules: Rules) -> None:
    begins = day_begins_ms(site_day(data.draw(instants(rules.zone.key)), rules), rules)
    if begins not in clock_changes(rules.zone.key):  # clocks may jump over start and limit at once
        assert status_at(begins, rules) is Status.PRESENT


# -- which clock ------------------------------------------------------------
def test_a_clock_that_is_set_dates_the_sighting() -> None:
    assert seen_at(a_frame(NOON_MS - 800), BERLIN) == (NOON_MS - 800, Clock.CAPTURED)


def test_a_clock_that_is_not_set_does_not() -> None:
    assert seen_at(a_frame(NOON_MS - 800, clock_set=False), BERLIN) == (NOON_MS, Clock.RECEIVED)
    assert seen_at(a_frame(0), BERLIN) == (NOON_MS, Clock.RECEIVED)


def test_a_clock_a_little_ahead_is_believed_but_nobody_is_seen_in_the_future() -> None:
    assert seen_at(a_frame(NOON_MS + 2 * MINUTE_MS), BERLIN) == (NOON_MS, Clock.CAPTURED)
    assert seen_at(a_frame(NOON_MS + 2 * MINUTE_MS + 1), BERLIN) == (NOON_MS, Clock.RECEIVED)


def test_a_live_frame_from_long_ago_has_a_wrong_clock() -> None:
    assert seen_at(a_frame(NOON_MS - 2 * MINUTE_MS), BERLIN) == (NOON_MS - 2 * MINUTE_MS, Clock.CAPTURED)
    assert seen_at(a_frame(NOON_MS - 2 * MINUTE_MS - 1), BERLIN) == (NOON_MS, Clock.RECEIVED)


def test_a_frame_that_is_sent_again_may_be_a_week_old() -> None:
    old = NOON_MS - 7 * DAY_MS
    assert seen_at(a_frame(old, resent=True), BERLIN) == (old, Clock.CAPTURED)
    assert seen_at(a_frame(old - 1, resent=True), BERLIN) == (NOON_MS, Clock.RECEIVED)


@given(U64, st.integers(1, LATEST_MS), st.booleans(), st.booleans(), site_rules())
def test_no_lie_about_the_time_reaches_far(
    captured_ms: int, received_ms: int, clock_set: bool, resent: bool, rules: Rules
) -> None:
    frame = a_frame(captured_ms, received_ms=received_ms, clock_set=clock_set, resent=resent)
    at_ms, clock = seen_at(frame, rules)
    assert received_ms - rules.max_age_ms <= at_ms <= received_ms
    assert clock is Clock.RECEIVED or frame.clock_set
    if clock is Clock.RECEIVED:
        assert at_ms == received_ms


# -- marks ------------------------------------------------------------------
def test_a_mark_says_who_when_where_and_how_sure() -> None:
    seen = mark(FACE, a_frame(NOON_MS - 800), "01E", BERLIN)
    assert seen == Attendance(
        "p-1", "2026-11-23", Status.LATE, NOON_MS - 800, NOON_MS - 800, "door-1", "01E", Clock.CAPTURED, 0.3
    )


def test_a_frame_from_yesterday_counts_for_yesterday() -> None:
    yesterday = ms("2026-11-22T08:55:00+01:00")
    seen = mark(FACE, a_frame(yesterday, resent=True), "01E", BERLIN)
    assert (seen.day, seen.status, seen.clock) == ("2026-11-22", Status.PRESENT, Clock.CAPTURED)


def test_a_frame_from_yesterday_without_a_clock_counts_as_received_today() -> None:
    seen = mark(FACE, a_frame(0, resent=True, clock_set=False), "01E", BERLIN)
    assert (seen.day, seen.first_seen_ms, seen.clock) == ("2026-11-23", NOON_MS, Clock.RECEIVED)


def test_a_camera_whose_clock_jumps_stays_on_the_day() -> None:
    jumps = [0, 1, NOON_MS - 40 * DAY_MS, NOON_MS + 3 * DAY_MS, NOON_MS + 365 * DAY_MS, (1 << 64) - 1]
    marks = [mark(FACE, a_frame(captured), "01E", BERLIN) for captured in jumps]
    assert {(seen.day, seen.clock) for seen in marks} == {("2026-11-23", Clock.RECEIVED)}


def test_nobody_has_no_attendance() -> None:
    with pytest.raises(ValueError, match="names nobody"):
        mark(replace(FACE, person_id=None), a_frame(), "01E", BERLIN)


# -- two sightings ----------------------------------------------------------
def a_sighting(at_ms: int, event_id: str) -> Attendance:
    return mark(FACE, a_frame(0, received_ms=at_ms), event_id, BERLIN)


def test_a_later_sighting_only_moves_the_end() -> None:
    first, second = a_sighting(NOON_MS, "01A"), a_sighting(NOON_MS + 5, "01B")
    assert widen(first, second) == replace(first, last_seen_ms=NOON_MS + 5)


def test_an_earlier_sighting_takes_over() -> None:
    first, earlier = a_sighting(NOON_MS, "01A"), a_sighting(NOON_MS - 5 * 60 * MINUTE_MS, "01B")
    merged = widen(first, earlier)
    assert merged == replace(earlier, last_seen_ms=NOON_MS)
    assert (first.status, merged.status, merged.event_id) == (Status.LATE, Status.PRESENT, "01B")


def test_the_first_written_of_two_at_the_same_time_stays() -> None:
    first, second = a_sighting(NOON_MS, "01A"), a_sighting(NOON_MS, "01B")
    assert widen(first, second) == first


@given(st.permutations([0, 3, 5, 9, 11, 40]))
def test_sightings_may_be_written_in_any_order(offsets: list[int]) -> None:
    sightings = [a_sighting(NOON_MS + offset, f"01{offset}") for offset in offsets]
    day = sightings[0]
    for sighting in sightings[1:]:
        day = widen(day, sighting)
    assert day == replace(a_sighting(NOON_MS, "010"), last_seen_ms=NOON_MS + 40)
