from hub.model import Outcome, Reason
from hub.payloads import Ack
from hub.simulator.outputs import Answered, Unanswered
from hub.simulator.shots import Shot
from hub.simulator.tally import Tally, line_of, row_of, sentence_of


def answered(outcome: Outcome, ms: float | None = 86.04, reason: Reason | None = None) -> Answered:
    ack = Ack(boot_id=1, frame_id=12, motion_id=7, outcome=outcome, reason=reason, faces=1, hub_ms=80)
    return Answered(ack, ms, resent=False)


UNANSWERED = Unanswered(Shot(1, 13, 7, 0, b""), resent=True)


def test_a_row_says_what_became_of_a_frame() -> None:
    row = row_of("door-1", answered(Outcome.LOW_QUALITY, reason=Reason.BLURRED))
    assert row == {
        "device": "door-1", "boot_id": 1, "frame_id": 12, "motion_id": 7, "resent": False,
        "outcome": "low_quality", "reason": "blurred", "faces": 1, "ms": 86.0, "hub_ms": 80,
    }  # fmt: skip


def test_a_line_is_for_people() -> None:
    line = line_of(row_of("door-1", answered(Outcome.LOW_QUALITY, reason=Reason.BLURRED)))
    assert line.split() == ["door-1", "frame", "12", "86.0", "ms", "low_quality", "(blurred)"]


def test_a_frame_without_an_ack_is_said_to_be_one() -> None:
    assert line_of(row_of("door-1", UNANSWERED)).split() == ["door-1", "frame", "13", "no", "ack", "sent", "again"]


def test_the_summary_counts_outcomes_and_times() -> None:
    tally = Tally()
    for ms in (10.0, 20.0, 30.0, None):
        tally.add(answered(Outcome.UNKNOWN, ms))
    tally.add(UNANSWERED)
    summary = tally.summary(2, ["door-2"])
    assert summary["outcomes"] == {"unknown": 4}
    assert (summary["answered"], summary["without_ack"], summary["ms_median"]) == (4, 1, 20.0)
    assert sentence_of(summary).startswith("2 camera(s): 4 frames answered: 4 unknown; 1 without an ack; median 20.0")


def test_the_summary_of_nothing_is_a_sentence_too() -> None:
    assert sentence_of(Tally().summary(1, [])) == "1 camera(s): 0 frames answered; 0 without an ack."
