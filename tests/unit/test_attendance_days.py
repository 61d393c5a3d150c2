"""Which day an instant belongs to."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.attendance import Rules, day_begins_ms, rules_of, site_day
from hub.settings import load
from tests.strategies import HOUR_MS, clock_changes, instants, site_rules
from tests.unit.clocks import ms, shown


def berlin(day_start: time) -> Rules:
    return Rules(ZoneInfo("Europe/Berlin"), day_start)


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-11-23T03:59:59.999+01:00", "2026-11-22"),
        ("2026-11-23T04:00:00.000+01:00", "2026-11-23"),
        ("2026-11-24T00:00:00.000+01:00", "2026-11-23"),
        ("2026-11-24T03:59:59.999+01:00", "2026-11-23"),
        ("2024-02-29T12:00:00.000+01:00", "2024-02-29"),
        ("2024-03-01T03:00:00.000+01:00", "2024-02-29"),
        ("2025-03-01T03:00:00.000+01:00", "2025-02-28"),
        ("2027-01-01T01:00:00.000+01:00", "2026-12-31"),
    ],
)
def test_a_day_lasts_from_its_start_to_the_next(at: str, day: str) -> None:
    assert site_day(ms(at), berlin(time(4))) == day


def test_a_day_that_begins_at_midnight_is_the_calendar_day() -> None:
    rules = berlin(time(0))
    assert site_day(ms("2026-11-22T23:59:59.999+01:00"), rules) == "2026-11-22"
    assert site_day(ms("2026-11-23T00:00:00.000+01:00"), rules) == "2026-11-23"


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-03-29T01:59:59.999+01:00", "2026-03-28"),
        ("2026-03-29T03:00:00.000+02:00", "2026-03-29"),  # clocks never show 02:30: past it at once
        ("2026-03-29T03:29:00.000+02:00", "2026-03-29"),
    ],
)
def test_a_start_that_clocks_skip_over_is_at_the_jump(at: str, day: str) -> None:
    assert site_day(ms(at), berlin(time(2, 30))) == day


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-10-25T02:29:59.999+02:00", "2026-10-24"),
        ("2026-10-25T02:30:00.000+02:00", "2026-10-25"),
        ("2026-10-25T02:00:00.000+01:00", "2026-10-25"),  # clocks are back before the start; the day has begun
        ("2026-10-25T02:29:59.999+01:00", "2026-10-25"),
    ],
)
def test_clocks_that_are_set_back_do_not_bring_yesterday_back(at: str, day: str) -> None:
    assert site_day(ms(at), berlin(time(2, 30))) == day


def test_midnight_that_comes_twice_begins_one_day() -> None:
    rules = Rules(ZoneInfo("America/Havana"), time(0, 30))  # back from 01:00 to 00:00
    times = ["2026-11-01T00:29:59-04:00", "2026-11-01T00:30:00-04:00", "2026-11-01T00:00:00-05:00"]
    assert [site_day(ms(at), rules) for at in times] == ["2026-10-31", "2026-11-01", "2026-11-01"]


def test_a_date_that_a_zone_skips_has_no_noon() -> None:
    rules = Rules(ZoneInfo("Pacific/Apia"), time(4))
    change = ms("2011-12-31T00:00:00+14:00")  # from 29 December to 31 December
    assert site_day(change - 1, rules) == "2011-12-29"
    assert site_day(change, rules) == "2011-12-30"  # which has begun, as its 04:00 is past
    assert site_day(change + 4 * HOUR_MS, rules) == "2011-12-31"


@given(st.data(), site_rules())
def test_days_never_go_back(data: st.DataObject, rules: Rules) -> None:
    at = data.draw(instants(rules.zone.key))
    later = at + data.draw(st.integers(0, 30 * HOUR_MS))
    assert site_day(at, rules) <= site_day(later, rules)


@given(st.data(), site_rules())
def test_every_instant_belongs_to_the_one_day_between_its_borders(data: st.DataObject, rules: Rules) -> None:
    at = data.draw(instants(rules.zone.key))
    day = site_day(at, rules)
    following = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    assert day_begins_ms(day, rules) <= at < day_begins_ms(following, rules)


@given(st.data(), site_rules())
def test_a_day_begins_once_the_clocks_show_its_start(data: st.DataObject, rules: Rules) -> None:
    day = site_day(data.draw(instants(rules.zone.key)), rules)
    start = datetime.combine(date.fromisoformat(day), rules.day_start)
    border = day_begins_ms(day, rules)
    clocks = shown(border, rules)
    if border in clock_changes(rules.zone.key):  # a jump over it
        assert clocks >= start
        assert shown(border - 1, rules) < start
    else:
        assert start <= clocks < start + timedelta(milliseconds=1)


def test_a_start_between_two_milliseconds_is_the_next_one() -> None:
    rules = berlin(time(4, 0, 0, 1))
    assert site_day(ms("2026-11-23T04:00:00.000+01:00"), rules) == "2026-11-22"
    assert site_day(ms("2026-11-23T04:00:00.001+01:00"), rules) == "2026-11-23"


@given(st.data(), site_rules())
def test_a_day_is_within_a_day_of_the_calendar(data: st.DataObject, rules: Rules) -> None:
    at = data.draw(instants(rules.zone.key))
    difference = date.fromisoformat(site_day(at, rules)) - shown(at, rules).date()
    assert timedelta(days=-1) <= difference <= timedelta(days=1)


@given(st.integers(0, 253_370_764_800_000), site_rules())
def test_any_time_that_a_clock_can_show_has_a_day(at_ms: int, rules: Rules) -> None:
    assert date.fromisoformat(site_day(at_ms, rules))


def test_the_rules_come_from_the_settings() -> None:
    settings = load({}, time_zone="Asia/Tokyo", day_start="05:30", late_after="08:15")
    assert rules_of(settings) == Rules(ZoneInfo("Asia/Tokyo"), time(5, 30), time(8, 15))
