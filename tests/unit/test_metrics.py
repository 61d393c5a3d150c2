"""What the hub counts and times."""

from hub.metrics import Metrics, percentiles


def test_counts_with_reasons_are_grouped_by_name():
    metrics = Metrics()
    metrics.count("chunks")
    metrics.count("acks", "busy")
    metrics.count("acks", "busy")
    assert metrics.snapshot()["counts"] == {"acks": {"busy": 2}, "chunks": 1}


def test_percentiles_are_ranks_of_what_was_timed():
    assert percentiles([float(n) for n in range(1, 101)]) == {"p50": 51.0, "p95": 96.0, "p99": 100.0, "n": 100}


def test_a_stage_that_was_never_timed_has_its_default():
    metrics = Metrics()
    assert metrics.typical("recognize", 50.0) == 50.0
    metrics.time("recognize", 20.0)
    assert metrics.typical("recognize", 50.0) == 20.0
