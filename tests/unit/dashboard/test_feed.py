"""What becomes a row of the feed, and which rows change."""

from dataclasses import replace

from dashboard.live.feed import ROWS, UNKNOWN_NOW_MS, Feed
from hub.payloads import DeviceStatus, Telemetry
from tests.unit.dashboard.records import EIGHT_MS, result, see


def outcomes(feed: Feed) -> list[tuple[str | None, str, int]]:
    return [(row.person_id, row.outcome.value, row.times) for row in feed.moment(EIGHT_MS).rows]


def test_a_face_becomes_a_row_newest_first():
    feed = Feed()
    feed.result(result(1, "p-ada", "recognized"))
    feed.result(result(2))
    assert outcomes(feed) == [(None, "unknown", 1), ("p-ada", "recognized", 1)]


def test_frames_without_a_face_make_no_row_but_are_counted_for_the_camera():
    feed = Feed()
    feed.result(result(1, outcome="no_face"))
    assert outcomes(feed) == []
    assert feed.cameras["door-1"].outcomes == {"no_face": 1}


def test_later_frames_of_a_visit_change_its_row_and_the_best_outcome_stays():
    feed = Feed()
    feed.result(result(1, "p-ada", "recognized", motion_id=5))
    feed.result(result(2, "p-ada", "already_marked", motion_id=5))
    assert outcomes(feed) == [("p-ada", "recognized", 2)]


def test_a_result_that_comes_twice_counts_once():
    feed = Feed()
    for _ in range(2):
        feed.result(result(1, "p-ada", "recognized"))
    assert outcomes(feed) == [("p-ada", "recognized", 1)]


def test_events_of_the_store_fill_a_gap_without_repeating_what_came_over_the_line(site):
    feed = Feed()
    event = see(site, 1, "p-ada")
    feed.result(replace_id(result(1, "p-ada"), event.event_id))
    feed.event(event)
    feed.event(see(site, 2, "p-bob"))
    assert [row.person_id for row in feed.moment(0).rows] == ["p-bob", "p-ada"]


def replace_id(given, result_id):
    return given.model_copy(update={"result_id": result_id})


def test_the_feed_is_bounded():
    feed = Feed()
    for number in range(2 * ROWS):
        feed.result(result(number))
    assert len(feed.moment(0).rows) == ROWS


def test_strangers_count_as_long_as_they_are_recent():
    feed = Feed()
    feed.result(result(1))
    assert feed.moment(EIGHT_MS + 1_000).strangers == 1
    assert feed.moment(EIGHT_MS + 2 * UNKNOWN_NOW_MS).strangers == 0


def test_what_was_taken_is_taken_once():
    feed = Feed()
    feed.result(result(1, "p-ada", "recognized"))
    first = feed.take()
    assert (len(first.rows), first.cameras, first.attendance) == (1, ("door-1",), True)
    assert not feed.changed


def test_an_erased_person_leaves_the_feed():
    feed = Feed()
    feed.result(result(1, "p-ada", "recognized"))
    feed.result(result(2, "p-bob", "recognized"))
    feed.forget_person("p-ada")
    assert [row.person_id for row in feed.moment(0).rows] == ["p-bob"]


def test_a_retained_state_says_nothing_of_when_a_camera_was_heard():
    feed = Feed()
    feed.status("door-1", DeviceStatus(state="online", boot_id=1), 0)
    assert feed.cameras["door-1"].seen_ms == 0
    feed.telemetry("door-1", Telemetry(boot_id=1), EIGHT_MS)
    feed.status("door-1", DeviceStatus(state="offline", boot_id=1), 0)
    assert feed.cameras["door-1"].seen_ms == EIGHT_MS


def test_rows_are_values_that_can_be_compared():
    feed = Feed()
    feed.result(result(1))
    row = feed.moment(0).rows[0]
    assert replace(row) == row
