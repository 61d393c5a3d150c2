"""While the hub is away: what is kept, and how it is sent again."""

from hub.model import Outcome
from tests.unit.simulator.driver import BOOT, CONFIG, Driver, answered, sent, unanswered

ONE_MOTION = {**CONFIG, "cooldown_ms": 60_000}


def away(frames_kept: int = 1) -> Driver:
    """A camera that saw so many motions while the hub was away."""
    driver = Driver(online=False, config={**CONFIG, "keep_frames": 8})
    while driver.camera.kept < frames_kept:
        driver.run(100)
    driver.stage.moving = False
    driver.run(5000)
    return driver


def back(driver: Driver) -> None:
    driver.connect()
    driver.hub("online")


def test_no_frame_is_sent_before_the_hub_says_that_it_is_there() -> None:
    driver = Driver(online=False)
    driver.connect()
    assert sent(driver.run(5000)) == []


def test_a_camera_may_be_told_to_send_all_the_same() -> None:
    driver = Driver(online=False, heeds_hub=False)
    driver.connect()
    assert sent(driver.run(0)) == [1]


def test_the_best_frame_of_a_motion_is_kept() -> None:
    driver = Driver(online=False, config=ONE_MOTION)
    driver.stage.sizes = {1: 100, 2: 900, 3: 300, 4: 200}
    driver.run(3000)
    back(driver)
    out = driver.run(100)
    assert sent(out, resent=True) == [2]
    assert driver.frames[-1].qos == 1


def test_one_frame_of_each_motion_is_kept_and_the_oldest_goes_first() -> None:
    driver = away(frames_kept=3)
    back(driver)
    order = []
    for _ in range(3):
        (number,) = sent(driver.run(10), resent=True)
        order.append(number)
        driver.ack(driver.shots[-1], Outcome.UNKNOWN)
    assert order == sorted(order)
    assert len({shot.motion_id for shot in driver.shots}) == 3
    assert driver.camera.kept == 0


def test_only_so_many_are_kept_and_the_oldest_go() -> None:
    driver = Driver(online=False, config={**CONFIG, "keep_frames": 2})
    driver.run(20_000)
    assert driver.camera.kept == 2
    assert driver.camera.counters.frames_lost > 3


def test_with_keep_frames_0_nothing_is_kept() -> None:
    driver = Driver(online=False, config={**CONFIG, "keep_frames": 0})
    driver.run(20_000)
    assert driver.camera.kept == 0


def test_a_kept_frame_is_forgotten_only_when_it_was_answered() -> None:
    driver = away()
    back(driver)
    out = driver.run(1000)
    assert len(sent(out, resent=True)) == 1
    assert len(unanswered(out)) == 1
    assert driver.camera.kept == 1
    driver.run(5000)
    driver.ack(driver.shots[-1], Outcome.NO_FACE)
    assert driver.camera.kept == 0


def test_an_ack_that_comes_late_is_still_an_answer() -> None:
    driver = away()
    back(driver)
    driver.run(1000)
    (event,) = answered(driver.ack(driver.shots[-1], Outcome.RECOGNIZED))
    assert event.round_trip_ms is None
    assert driver.camera.kept == 0


def test_without_answers_it_is_tried_less_and_less_often() -> None:
    driver = away()
    back(driver)
    driver.run(60_000)
    times = len(driver.frames)
    driver.run(60_000)
    assert 3 < times < 8
    assert len(driver.frames) - times <= 2


def test_a_busy_hub_is_asked_again_when_it_said() -> None:
    driver = away()
    back(driver)
    driver.run(10)
    driver.ack(driver.shots[-1], Outcome.BUSY, retry_after_ms=3000)
    assert sent(driver.run(2900), resent=True) == []
    assert len(sent(driver.run(200), resent=True)) == 1


def test_frames_that_got_no_ack_leave_the_best_of_them() -> None:
    driver = Driver(config=ONE_MOTION)
    driver.stage.sizes = {1: 100, 2: 300, 3: 900, 4: 200}
    out = driver.run(4000)
    assert unanswered(out)[:4] == [1, 2, 3, 4]
    assert sent(out, resent=True)[0] == 3


def test_a_motion_in_which_somebody_was_recognized_keeps_nothing() -> None:
    driver = Driver(config=ONE_MOTION)
    driver.run(600)
    driver.ack(driver.shots[1], Outcome.RECOGNIZED)
    driver.run(5000)
    assert driver.camera.kept == 0


def test_a_motion_whose_frames_were_all_answered_keeps_nothing() -> None:
    driver = Driver(config=ONE_MOTION)
    for number in range(4):
        driver.run(500)
        driver.ack(driver.shots[number], Outcome.UNKNOWN)
    driver.run(5000)
    assert (driver.camera.kept, len(driver.frames)) == (0, 4)


def test_a_busy_answer_is_none_for_the_motion() -> None:
    driver = Driver(config={**ONE_MOTION, "burst_frames": 1})
    driver.run(0)
    driver.ack(driver.shots[0], Outcome.BUSY)
    assert sent(driver.run(10), resent=True) == [1]


def test_a_late_ack_takes_its_frame_out_of_the_choice() -> None:
    driver = Driver(config={**ONE_MOTION, "burst_frames": 2})
    driver.stage.sizes = {1: 900, 2: 100}
    driver.run(1000)
    driver.ack(driver.shots[0], Outcome.UNKNOWN)  # too late, and the better one
    assert sent(driver.run(1000), resent=True) == [2]


def test_kept_frames_wait_while_a_burst_goes_on() -> None:
    driver = away()
    driver.stage.moving = True
    driver.run(100)
    back(driver)
    assert sent(driver.run(700), resent=True) == []


def test_after_a_reboot_kept_frames_still_have_their_old_boot() -> None:
    driver = away()
    driver.camera.reboot(BOOT + 1, driver.now_ms)
    back(driver)
    driver.run(10)
    assert (driver.shots[-1].boot_id, driver.frames[-1].resent) == (BOOT, True)


def test_frames_on_their_way_when_it_reboots_are_kept() -> None:
    driver = Driver()
    driver.run(0)
    driver.camera.reboot(BOOT + 1, driver.now_ms)
    assert driver.camera.kept == 1


def test_after_a_reboot_everything_is_numbered_anew() -> None:
    driver = Driver()
    driver.run(1600)
    driver.camera.reboot(BOOT + 1, driver.now_ms)
    driver.connect()
    driver.hub("online")
    driver.stage.moving = True
    out = driver.run(0)
    assert (driver.shots[-1].boot_id, driver.shots[-1].frame_id, driver.shots[-1].motion_id) == (BOOT + 1, 1, 1)
    assert sent(out) == [1]


def test_a_lost_connection_makes_the_hub_unknown() -> None:
    driver = Driver(moving=False)
    driver.camera.disconnected()
    driver.connect()
    assert not driver.camera.online
    driver.hub("online")
    assert driver.camera.online


def test_a_hub_that_goes_offline_stops_the_sending() -> None:
    driver = Driver()
    driver.run(0)
    driver.hub("offline")
    assert sent(driver.run(1500)) == []


def test_a_hub_status_that_is_none_means_away() -> None:
    driver = Driver()
    driver.camera.hub_said(b"", driver.now_ms)
    assert not driver.camera.online
