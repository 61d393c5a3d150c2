"""One camera first, then the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model import Outcome
from hub.rollout import Rollout, Send, Snapshot, Stage
from hub.shadow import Reported

CAMERAS = ["door-1", "door-2", "door-3"]
APPLIED = Reported(4, "applied")
REFUSED = Reported(4, "rejected", (("rotate", "this camera can do 0, 180 only"),))


def begun() -> Rollout:
    rollout = Rollout(CAMERAS, patience_ms=1000)
    assert rollout.begin(0) == [Send("door-1")]
    rollout.sent("door-1", 4)
    return rollout


def proving() -> Rollout:
    rollout = begun()
    assert rollout.reported("door-1", APPLIED, 10) == [Snapshot("door-1")]
    return rollout


def stages(rollout: Rollout) -> list[Stage]:
    return [each.stage for each in rollout.progress]


def test_the_rest_follow_when_the_first_applied_it_and_its_frame_came():
    rollout = proving()
    assert rollout.took("door-1", 7, 20) == []
    assert rollout.framed("door-1", 7, Outcome.NO_FACE, 30) == [Send("door-2"), Send("door-3")]
    for device in CAMERAS[1:]:
        rollout.sent(device, 4)
        rollout.reported(device, APPLIED, 40)
    assert rollout.all_applied
    assert rollout.is_over


def test_the_picture_may_come_before_the_cameras_answer():
    rollout = proving()
    assert rollout.framed("door-1", 7, Outcome.UNKNOWN, 20) == []
    assert rollout.took("door-1", 7, 30) == [Send("door-2"), Send("door-3")]


def test_a_picture_from_before_the_change_proves_nothing():
    rollout = proving()
    rollout.took("door-1", 7, 20)
    assert rollout.framed("door-1", 6, Outcome.NO_FACE, 30) == []
    assert stages(rollout)[0] is Stage.PROVING


def test_a_refusal_of_the_first_stops_it_with_the_cameras_words():
    rollout = begun()
    assert rollout.reported("door-1", REFUSED, 10) == []
    assert rollout.stopped
    assert rollout.is_over
    assert stages(rollout) == [Stage.REFUSED, Stage.QUEUED, Stage.QUEUED]
    assert rollout.progress[0].message == "rotate: this camera can do 0, 180 only"


def test_a_first_camera_that_says_nothing_stops_it():
    rollout = begun()
    assert rollout.tick(999) == []
    rollout.tick(1000)
    assert (stages(rollout)[0], rollout.stopped) == (Stage.SILENT, True)


def test_a_first_camera_whose_frames_no_longer_come_stops_it():
    rollout = proving()
    rollout.tick(1010)
    assert (stages(rollout)[0], rollout.stopped) == (Stage.BROKEN, True)


@pytest.mark.parametrize("outcome", [Outcome.INVALID, Outcome.ERROR])
def test_frames_that_the_hub_can_no_longer_read_stop_it(outcome: Outcome):
    rollout = proving()
    rollout.took("door-1", 7, 20)
    assert rollout.framed("door-1", 7, outcome, 30) == []
    assert rollout.stopped


def test_a_camera_that_can_take_no_picture_is_asked_again_and_stops_it_in_the_end():
    rollout = proving()
    rollout.declined("door-1", "the hub is away")
    assert not rollout.stopped
    rollout.tick(1010)
    assert rollout.stopped
    assert "the hub is away" in rollout.progress[0].message


def test_while_the_hub_is_busy_another_picture_is_asked_for():
    rollout = Rollout(CAMERAS, patience_ms=60_000)
    rollout.begin(0)
    rollout.sent("door-1", 4)
    rollout.reported("door-1", APPLIED, 0)
    rollout.took("door-1", 7, 20)
    assert rollout.framed("door-1", 7, Outcome.BUSY, 30) == []
    assert rollout.tick(4000) == []
    assert rollout.tick(5000) == [Snapshot("door-1")]


def test_another_camera_that_refuses_does_not_hold_the_others_up():
    rollout = proving()
    rollout.took("door-1", 7, 20)
    rollout.framed("door-1", 7, Outcome.NO_FACE, 30)
    for device, report in (("door-2", REFUSED), ("door-3", APPLIED)):
        rollout.sent(device, 4)
        rollout.reported(device, report, 40)
    assert stages(rollout) == [Stage.APPLIED, Stage.REFUSED, Stage.APPLIED]
    assert (rollout.is_over, rollout.stopped, rollout.all_applied) == (True, False, False)


def test_what_other_cameras_and_other_versions_say_changes_nothing():
    rollout = begun()
    rollout.reported("gate-1", APPLIED, 10)
    rollout.reported("door-2", APPLIED, 10)
    rollout.reported("door-1", Reported(3, "applied"), 10)
    assert stages(rollout) == [Stage.SENT, Stage.QUEUED, Stage.QUEUED]


def test_a_camera_that_could_not_be_sent_anything_is_named():
    rollout = Rollout(CAMERAS, patience_ms=1000)
    rollout.begin(0)
    rollout.failed("door-1", "The broker is away.")
    assert rollout.stopped


@pytest.mark.parametrize("cameras", [[], ["door-1", "door-1"]])
def test_cameras_are_given_each_once(cameras: list[str]):
    with pytest.raises(ValueError, match="each once"):
        Rollout(cameras, patience_ms=1)


devices = st.sampled_from([*CAMERAS, "gate-1"])
events = st.one_of(
    st.tuples(st.just("reported"), devices, st.sampled_from([APPLIED, REFUSED, Reported(3, "applied")])),
    st.tuples(st.just("took"), devices, st.integers(0, 3)),
    st.tuples(st.just("framed"), devices, st.integers(0, 3), st.sampled_from(list(Outcome))),
    st.tuples(st.just("tick")),
)


@given(st.lists(st.tuples(events, st.integers(0, 400)), max_size=30))
def test_the_rest_are_never_sent_anything_before_the_first_has_proved_itself(happened: list):
    rollout, now, sent = begun(), 0, ["door-1"]
    for (name, *values), later in happened:
        now += later
        steps = getattr(rollout, name)(*values, now)
        for step in steps:
            if isinstance(step, Send):
                assert rollout.progress[0].stage is Stage.APPLIED
                sent.append(step.device)
                rollout.sent(step.device, 4)
    assert len(sent) == len(set(sent))
    assert rollout.stopped == (rollout.progress[0].stage in {Stage.REFUSED, Stage.SILENT, Stage.BROKEN})
    rollout.tick(now + 100_000)
    rollout.tick(now + 200_000)
    assert rollout.is_over
