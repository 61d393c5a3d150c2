"""From a motion to its end: how many frames, how fast, and what stops them."""

import pytest

from hub.model import Outcome
from hub.simulator.behaviour import State
from hub.simulator.outputs import Publish
from tests.unit.simulator.driver import BOOT, CONFIG, Driver, answered, said, sent, unanswered


def test_a_motion_starts_a_burst_of_the_configured_length_and_speed() -> None:
    driver = Driver()
    out = driver.run(1600)
    assert sent(out) == [1, 2, 3, 4]
    assert [event["state"] for event in said(out, "motion")] == ["start", "end"]
    times = [shot.captured_ms for shot in driver.shots]
    assert [later - times[0] for later in times] == [0, 500, 1000, 1500]


def test_frames_carry_boot_motion_and_rising_numbers() -> None:
    driver = Driver()
    driver.run(1600)
    assert {(shot.boot_id, shot.motion_id) for shot in driver.shots} == {(BOOT, 1)}
    assert [shot.last for shot in driver.shots] == [False, False, False, True]


@pytest.mark.parametrize("outcome", [Outcome.RECOGNIZED, Outcome.ALREADY_MARKED])
def test_a_recognition_ends_the_burst(outcome: Outcome) -> None:
    driver = Driver()
    driver.run(0)
    out = driver.ack(driver.shots[0], outcome)
    assert [event["state"] for event in said(out, "motion")] == ["end"]
    assert driver.camera.state is State.COOLDOWN
    assert sent(driver.run(900)) == []


@pytest.mark.parametrize("outcome", set(Outcome) - {Outcome.RECOGNIZED, Outcome.ALREADY_MARKED, Outcome.BUSY})
def test_any_other_answer_leaves_the_burst_going(outcome: Outcome) -> None:
    driver = Driver()
    driver.run(0)
    driver.ack(driver.shots[0], outcome)
    assert sent(driver.run(600)) == [2]


def test_a_busy_hub_makes_the_burst_wait() -> None:
    driver = Driver()
    driver.run(0)
    driver.ack(driver.shots[0], Outcome.BUSY, retry_after_ms=2000)
    assert sent(driver.run(1900)) == []
    assert sent(driver.run(200)) == [2]


def test_after_the_cooldown_the_next_motion_gets_the_next_number() -> None:
    driver = Driver()
    out = driver.run(1600 + 1000 + 100)
    assert [event["motion_id"] for event in said(out, "motion")] == [1, 1, 2]


def test_nothing_moves_so_nothing_is_sent() -> None:
    driver = Driver(moving=False)
    assert driver.run(10_000) == []


def test_motion_source_none_takes_no_pictures() -> None:
    driver = Driver(config={**CONFIG, "motion_source": "none"})
    assert driver.run(10_000) == []


@pytest.mark.parametrize(("source", "reported"), [("pir", "pir"), ("frame", "frame"), ("both", "pir")])
def test_the_motions_source_is_reported(source: str, reported: str) -> None:
    driver = Driver(config={**CONFIG, "motion_source": source})
    assert said(driver.run(0), "motion")[0]["source"] == reported


def test_an_ack_is_known_by_boot_and_frame() -> None:
    driver = Driver()
    driver.run(600)
    first, second = driver.shots
    driver.ack(first, Outcome.RECOGNIZED, boot_id=BOOT + 1)
    assert driver.camera.state is State.BURST
    (event,) = answered(driver.ack(second, Outcome.UNKNOWN))
    assert (event.ack.frame_id, event.round_trip_ms) == (2, 100.0)


def test_an_ack_of_an_earlier_motion_does_not_end_this_one() -> None:
    driver = Driver(config={**CONFIG, "ack_timeout_ms": 10_000})
    driver.run(1600 + 1000)
    first = driver.shots[0]
    driver.ack(first, Outcome.RECOGNIZED)
    assert driver.camera.state is State.BURST


def test_a_round_trip_counts_from_when_the_frame_had_left() -> None:
    driver = Driver()
    driver.run(0)
    driver.camera.sent(driver.shots[0], driver.now_ms + 30)
    driver.now_ms += 50
    (event,) = answered(driver.ack(driver.shots[0], Outcome.UNKNOWN))
    assert event.round_trip_ms == 20.0


def test_a_frame_without_an_ack_is_given_up_after_the_timeout() -> None:
    driver = Driver()
    out = driver.run(900)
    assert unanswered(out) == [1]


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b'{"v":1}', b'{"boot_id":"x"}'])
def test_an_ack_that_breaks_the_contract_is_ignored(payload: bytes) -> None:
    driver = Driver()
    driver.run(0)
    assert driver.receive("ack", payload) == []


def test_messages_of_no_known_kind_are_ignored() -> None:
    assert Driver().receive("surprise", b"{}") == []


def test_the_status_is_retained_and_says_why_it_booted() -> None:
    driver = Driver()
    (status,) = [each for each in driver.done if isinstance(each, Publish) and each.leaf == "status"]
    assert status.retain
    (said_first,) = said(driver.done, "status")
    assert (said_first["state"], said_first["boot_id"], said_first["reset_reason"]) == ("online", BOOT, "power-on")


def test_the_last_will_has_the_same_boot() -> None:
    will = Driver().camera.will()
    assert (will.state, will.boot_id) == ("offline", BOOT)


def test_without_a_set_clock_frames_have_no_time() -> None:
    driver = Driver(clock_set=False)
    driver.run(0)
    assert driver.shots[0].captured_ms == 0


def test_telemetry_comes_as_often_as_configured() -> None:
    driver = Driver(moving=False, config={"telemetry_s": 10})
    reports = said(driver.run(30_500), "telemetry")
    assert [report["uptime_s"] for report in reports] == [10, 20, 30]


def test_telemetry_counts_frames() -> None:
    driver = Driver(config={**CONFIG, "telemetry_s": 5, "cooldown_ms": 60_000, "keep_frames": 0})
    driver.run(0)
    driver.ack(driver.shots[0], Outcome.UNKNOWN)
    (report,) = said(driver.run(5000), "telemetry")
    assert (report["frames_sent"], report["frames_acked"], report["frames_lost"]) == (4, 1, 1)
