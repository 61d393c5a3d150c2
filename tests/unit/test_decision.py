"""What a frame's faces mean: outcomes, ranks, claims on attendance, what is told to whom."""

from dataclasses import replace
from datetime import time
from zoneinfo import ZoneInfo

import numpy as np

from hub import decision
from hub.attendance import Rules
from hub.identity import Gallery
from hub.model import Analysis, Box, Evidence, Face, Frame, Marked, Outcome, Quality, Reason, Template

RULES = Rules(ZoneInfo("UTC"), time(4, 0), time(9, 0))
AT = 1_790_000_000_000
FINE = Quality(120, 100.0, 120.0, 0.1, 0.9)
FRAME = Frame("door-1", 1, 2, 3, AT, AT, b"", clock_set=True)


def towards(axis: int, amount: float = 1.0) -> np.ndarray:
    vector = np.zeros(128, np.float32)
    vector[axis] = amount
    return vector


ADA, BOB = towards(0), towards(1)
GALLERY = Gallery([Template("ada", "1", "e", ADA), Template("bob", "2", "e", BOB)])


def face(vector: np.ndarray | None, reason: Reason | None = None, left: int = 0) -> Face:
    return Face(Box(0, left + 100, 100, left), FINE, reason, vector)


def judge(*faces: Face) -> decision.Verdict:
    seen = [None if each.vector is None else Evidence(each.vector) for each in faces]
    return decision.judge(FRAME, Analysis(640, 480, faces), seen, "event", decision.Door(GALLERY, RULES))


def test_a_frame_without_faces_claims_nothing():
    verdict = judge()
    assert (verdict.event.outcome, verdict.marks) == (Outcome.NO_FACE, ())


def test_a_known_face_claims_its_person_s_day():
    verdict = judge(face(ADA))
    assert verdict.event.outcome is Outcome.RECOGNIZED
    assert [(mark.person_id, mark.first_seen_ms) for mark in verdict.marks] == [("ada", AT)]


def test_every_face_is_judged_and_the_best_rank_is_the_frame_s():
    verdict = judge(face(towards(5, 3.0)), face(BOB, left=200), face(None, Reason.BLURRED, left=400))
    assert [result.outcome for result in verdict.event.faces] == ["unknown", "recognized", "low_quality"]
    assert verdict.event.outcome is Outcome.RECOGNIZED


def test_low_quality_carries_its_reason_into_the_ack():
    ack = decision.ack_of(judge(face(None, Reason.TOO_DARK)).event)
    assert (ack.outcome, ack.reason) == (Outcome.LOW_QUALITY, Reason.TOO_DARK)


def test_one_person_can_not_be_two_faces_of_a_frame():
    near, nearer = ADA + towards(7, 0.2), ADA + towards(7, 0.1)
    verdict = judge(face(near), face(nearer, left=200))
    assert [result.outcome for result in verdict.event.faces] == ["uncertain", "recognized"]
    assert len(verdict.marks) == 1


def test_who_was_marked_before_is_already_marked():
    verdict = judge(face(ADA))
    settled = verdict.event.settled({"ada": Marked(verdict.marks[0], created=False)})
    assert settled.outcome is Outcome.ALREADY_MARKED


def test_who_was_removed_meanwhile_is_unknown():
    settled = judge(face(ADA)).event.settled({})
    assert (settled.outcome, settled.faces[0].person_id) == (Outcome.UNKNOWN, None)


def test_an_ack_names_nobody():
    ack = decision.ack_of(judge(face(ADA)).event, hub_ms=12.6)
    assert b"ada" not in ack.encode()
    assert (ack.boot_id, ack.frame_id, ack.motion_id, ack.faces, ack.hub_ms) == (1, 2, 3, 1, 13)


def test_a_result_names_the_person_and_the_attendance():
    verdict = judge(face(ADA))
    marked = {"ada": Marked(verdict.marks[0], created=True)}
    result = decision.result_of(verdict.event, "main", {"ada": "Ada Example"}, marked, {"total": 12.34})
    assert (result.faces[0].name, result.ms) == ("Ada Example", {"total": 12.3})
    assert result.faces[0].attendance is not None
    assert result.faces[0].attendance.created


def test_a_result_names_nobody_for_an_unknown_face():
    verdict = judge(face(towards(5, 3.0)))
    result = decision.result_of(verdict.event, "main", {"ada": "Ada Example"}, {}, {})
    assert (result.faces[0].person_id, result.faces[0].name) == (None, None)


def test_a_face_that_is_recognized_already_is_no_stranger_when_its_evidence_is_gone():
    again = replace(face(None), settled=0)
    assert judge(again).event.outcome is Outcome.UNCERTAIN


def test_a_face_far_from_everybody_is_unknown_without_a_whole_encoding():
    far = replace(face(None), part=towards(3))
    assert judge(far).event.outcome is Outcome.UNKNOWN


def test_a_poor_face_is_recognized_but_never_called_a_stranger():
    known, stranger = face(ADA, Reason.COVERED), face(towards(5, 3.0), Reason.COVERED, left=200)
    assert [result.outcome for result in judge(known, stranger).event.faces] == ["recognized", "low_quality"]
    assert judge(stranger).event.reason is Reason.COVERED
