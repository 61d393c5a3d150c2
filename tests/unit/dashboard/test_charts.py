"""Charts of what a camera reported."""

from dashboard.devices.charts import BUCKETS, chart, charts, counted, gauge
from hub.model import Reading


def test_counters_are_shown_as_what_they_rose_by_and_begin_anew_with_a_boot():
    sent = [(1, 7, 10), (2, 7, 15), (3, 8, 4), (4, 8, 4)]
    readings = [Reading("door-1", minute, boot, frames_sent=value) for minute, boot, value in sent]
    assert counted(readings, "frames_sent") == [(2, 5.0), (3, 4.0), (4, 0.0)]


def test_what_was_not_reported_has_no_point_and_no_chart():
    readings = [Reading("door-1", 1, 7, rssi_dbm=-60), Reading("door-1", 2, 7)]
    assert gauge(readings, "rssi_dbm") == [(1, -60.0)]
    assert charts(readings, 0, 10)["heap_free"] is None


def test_a_line_rises_from_left_to_right_as_time_and_value_do():
    drawn = chart([(0, 1.0), (50, 2.0), (100, 3.0)], 0, 100, max)
    assert drawn.lines == ("0.0,28.0 50.4,15.0 100.0,2.0",)
    assert (drawn.last, drawn.low, drawn.high) == (3.0, 1.0, 3.0)


def test_a_line_is_broken_where_the_camera_was_silent():
    points = [(minute, 1.0) for minute in (*range(0, 30, 10), *range(80, 100, 10))]
    assert [line.count(",") for line in chart(points, 0, 100, max).lines] == [3, 2]


def test_one_report_is_a_dash_and_a_week_of_them_no_more_points_than_can_be_seen():
    assert chart([(5, 2.0)], 0, 10, max).lines[0].count(",") == 2
    week = chart([(minute, float(minute % 60)) for minute in range(10_080)], 0, 10_080, max)
    assert sum(line.count(",") for line in week.lines) <= BUCKETS
