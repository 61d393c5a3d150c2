"""The main job with the real commands: frames in, acks, attendance and results out."""

import json

import pytest

from hub import wire
from hub.store.opening import open_pictures
from tests.acceptance.stack import portrait, run, scene

pytestmark = pytest.mark.engine


def test_a_person_is_recognized_once_a_day_and_a_stranger_never(stack):
    stack.start_hub()
    door = stack.door
    assert door.send(scene(portrait("obama", 3)))["outcome"] == "recognized"
    assert door.send(scene(portrait("obama", 2)))["outcome"] == "already_marked"
    assert door.send(scene(portrait("astronaut")))["outcome"] == "unknown"
    assert door.send(scene())["outcome"] == "no_face"
    assert door.send(b"\xff\xd8 this is no picture \xff\xd9")["outcome"] == "invalid"
    assert door.send(b"GIF89a, honestly")["outcome"] == "invalid"
    assert stack.seen_today() == ["Obama"]


def test_all_people_in_a_frame_are_marked(stack):
    stack.start_hub()
    ack = stack.door.send(scene(portrait("obama", 3), portrait("biden")))
    assert (ack["outcome"], ack["faces"]) == ("recognized", 2)
    assert stack.seen_today() == ["Biden", "Obama"]


def test_the_result_tells_dashboards_what_the_ack_does_not(stack):
    stack.start_hub()
    ack = stack.door.send(scene(portrait("obama", 3)))
    result = stack.result_of(ack["frame_id"])
    (face,) = result["faces"]
    assert (face["name"], face["attendance"]["created"], face["attendance"]["status"]) == ("Obama", True, "present")
    assert (result["width"], result["height"]) == (640, 480)
    assert (stack.site.settings.pictures_dir / result["picture"]).is_file()
    assert "Obama" not in str(ack)


def test_a_frame_that_is_sent_again_gets_the_same_ack_and_counts_once(stack):
    stack.start_hub()
    sent = stack.door.put(scene(portrait("obama", 3)))
    first = stack.door.ack_of(sent)
    again = stack.door.send_again(sent)
    assert first == again


def test_who_is_enrolled_while_the_hub_runs_is_known_within_a_second(stack):
    stack.start_hub()
    door = stack.door
    assert door.send(scene(portrait("astronaut")))["outcome"] == "unknown"
    run(
        "people", "add", "--name", "Eileen", "--consent", "Public figure", str(portrait("astronaut")), env=stack.environ
    )
    outcome = door.send(scene(portrait("astronaut")), wire.LAST)["outcome"]
    while outcome == "unknown":  # the gallery is looked at four times a second
        outcome = door.send(scene(portrait("astronaut")))["outcome"]
    assert outcome == "recognized"


def test_logs_hold_no_names(stack):
    stack.start_hub()
    stack.door.send(scene(portrait("obama", 3)))
    assert stack.stop_hub() == 0
    assert "hub stopped" in stack.log
    assert "obama" not in stack.log.lower()


def test_a_dashboard_enrols_by_request_and_the_next_frame_is_recognized(stack):
    stack.start_hub()
    person_id = json.loads(
        run("people", "add", "--name", "Eileen", "--consent", "Public figure", "--json", env=stack.environ).stdout
    )["person_id"]
    pictures = open_pictures(stack.site.settings)
    pictures.put("uploads/good", portrait("astronaut").read_bytes())
    pictures.put("uploads/wall", scene())
    pictures.put("uploads/other", portrait("biden").read_bytes())
    request = {"v": 1, "person_id": person_id, "photos": ["uploads/good", "uploads/wall", "uploads/other"]}
    answer = stack.ask("enroll", request)
    assert [photo["reason"] for photo in answer["photos"]] == [None, "no_face", "duplicate"]
    outcome = "unknown"
    while outcome == "unknown":  # the gallery is looked at four times a second
        outcome = stack.door.send(scene(portrait("astronaut")))["outcome"]
    assert outcome == "recognized"
