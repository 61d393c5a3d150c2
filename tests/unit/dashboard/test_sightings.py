"""One face of an event: how sure its name is, and what happens when somebody says that it isn't them."""

import json
from dataclasses import replace

import numpy as np
import pytest
from django.utils import translation

from dashboard import words
from dashboard.audit.models import Entry
from dashboard.live.feed import Feed
from dashboard.live.hall import hall
from hub.errors import Unavailable
from hub.model import Event, FacePlace, FaceResult, FrameKey, Negative, Outcome
from hub.payloads import DenyReply, RpcError
from tests.unit.dashboard.records import BOX, DAY, EIGHT_MS, attended, result, see

WHERE = "/sightings/01E00001/0/"


@pytest.fixture
def seen(site):
    """Ada's attendance began with an event; the hub notes corrections as it does."""
    mark = replace(attended("p-ada"), event_id="01E00001", first_seen_ms=EIGHT_MS)
    see(site, 1, "p-ada", Outcome.RECOGNIZED, marks=(mark,))

    def note(payload: bytes) -> bytes:
        asked = json.loads(payload)
        event_id, place = asked["event_id"], asked["face"]
        if asked["undo"]:
            who = site.store.undo_denial(FacePlace(event_id, place))
        else:
            who = site.store.event(event_id).faces[place].person_id
            vector = np.ones(128, np.float32)
            site.store.deny(Negative(event_id, place, who, "engine", vector, asked["by"], EIGHT_MS + 5))
        return DenyReply(event_id=event_id, face=place, person_id=who, undone=asked["undo"]).encode()

    site.line.answers["not_this_person"] = note
    return site


def text(answer) -> str:
    return answer.content.decode().replace("&#x27;", "'")


def test_the_page_says_what_the_correction_does_and_doesnt(seen, sign_in):
    page = text(sign_in("admin").get(WHERE))
    assert "Is this Ada Example?" in page
    assert "waits with the unknown faces" in page
    assert "Attendance stays as it is" in page
    assert "This is not Ada Example" in page


def test_not_this_person_reaches_the_hub_the_pages_and_the_audit_log(seen, sign_in):
    client = sign_in("teacher", ("5a",))
    page = text(client.post(f"{WHERE}not/", follow=True))
    assert json.loads(seen.line.requests[-1][1]) == {
        "v": 1, "event_id": "01E00001", "face": 0, "by": "teacher-1", "undo": False,
    }  # fmt: skip
    assert "Noted: this is not Ada Example." in page
    assert "teacher-1 said that this is not Ada Example." in page
    assert "attendance of that day began with this visit" in page
    assert f"/attendance/p-ada/{DAY}/" in page
    assert ("renamed", "01E00001") in seen.line.told
    entry = Entry.objects.get(action="face_denied")
    assert (entry.username, entry.target, entry.detail) == ("teacher-1", "01E00001.0", "p-ada, 1 faces")


def test_it_is_taken_back_as_easily(seen, sign_in):
    client = sign_in("admin")
    before = seen.store.event("01E00001")
    client.post(f"{WHERE}not/")
    assert "Take the correction back" in text(client.get(WHERE))
    assert "may be Ada Example again" in text(client.post(f"{WHERE}not/undo/", follow=True))
    assert seen.store.event("01E00001") == before
    assert Entry.objects.filter(action="denial_undone").count() == 1


def test_a_correction_is_on_the_persons_page_and_in_the_queue(seen, sign_in):
    client = sign_in("admin")
    assert f'href="{WHERE}"' in text(client.get("/people/p-ada/"))
    client.post(f"{WHERE}not/")
    page = text(client.get("/people/p-ada/"))
    assert "Not Ada Example, said admin-0" in page
    assert f"{WHERE}not/undo/" in page
    shown = [each.key for group in client.get("/unknown/").context["strangers"] for each in group.faces]
    assert shown == ["01E00001.0"]


def test_the_day_leads_to_the_picture_that_it_began_with(seen, sign_in):
    page = text(sign_in("admin").get(f"/attendance/p-ada/{DAY}/"))
    assert f'href="{WHERE}"' in page
    assert "Not Ada Example?" in page


def test_who_may_not_correct_sees_the_face_and_no_button(seen, sign_in):
    client = sign_in("viewer")
    page = text(client.get(WHERE))
    assert "Is this Ada Example?" in page
    assert "/not/" not in page
    assert "Not Ada Example?" not in text(client.get(f"/attendance/p-ada/{DAY}/"))


def test_a_teacher_corrects_their_own_people_only(seen, sign_in):
    client = sign_in("teacher", ("6b",))
    for answer in (client.get(WHERE), client.post(f"{WHERE}not/"), client.post(f"{WHERE}not/undo/")):
        assert answer.status_code == 404
    assert seen.line.requests == []
    sign_in("admin").post(f"{WHERE}not/")
    assert client.get(WHERE).status_code == 404  # whose it was is nobody else's business afterwards either


def test_said_twice_it_is_noted_once(seen, sign_in):
    client = sign_in("admin")
    for _ in range(2):
        assert client.post(f"{WHERE}not/").status_code == 302
    assert len(seen.line.requests) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Unavailable("The hub doesn't answer."), "The hub doesn't answer."),
        (RpcError(error="no_face", message="english").encode(), "could not be found again"),
        (RpcError(error="notfound", message="english").encode(), "isn't kept any more"),
        (RpcError(error="busy", message="The hub serves too many requests.").encode(), "too many"),
        (b"{", "can't be read"),
    ],
)
def test_what_could_not_be_noted_is_said(seen, sign_in, answer, said):
    seen.line.answers["not_this_person"] = answer
    page = text(sign_in("admin").post(f"{WHERE}not/", follow=True))
    assert "That could not be noted" in page
    assert said in page
    assert Entry.objects.filter(action="face_denied").count() == 0


def test_without_its_picture_there_is_nothing_to_learn_from(seen, sign_in):
    seen.store.purge_pictures(1 << 60)
    page = text(sign_in("admin").get(WHERE))
    assert "nothing can be learned from it" in page
    assert f"{WHERE}not/" not in page


@pytest.mark.parametrize("where", ["/sightings/nothing/0/", "/sightings/01E00001/7/", "/sightings/01E00001/x/"])
def test_what_is_not_there_is_not_there(seen, sign_in, where):
    assert sign_in("admin").get(where).status_code == 404


@pytest.fixture
def visits(seen):
    """A second picture of the same visit, and one of another."""
    first = seen.store.event("01E00001")
    again = replace(first, event_id="01E00002", key=FrameKey("door-1", 7, 2), received_ms=EIGHT_MS + 900)
    later = replace(first, event_id="01E00003", key=FrameKey("door-1", 7, 3), motion_id=99)
    for event in (again, later):
        seen.store.record(event, (attended("p-ada"),))
    return seen


def named(site) -> list[str]:
    return [event.event_id for event in site.store.events(person_id="p-ada")]


def test_a_whole_visit_is_corrected_and_taken_back_at_once(visits, sign_in):
    client = sign_in("admin")
    assert "Also the other picture of this visit" in text(client.get(WHERE))
    page = text(client.post(f"{WHERE}not/", {"visit": "1"}, follow=True))
    assert named(visits) == ["01E00003"]
    assert Entry.objects.get(action="face_denied").detail == "p-ada, 2 faces"
    assert "Corrected with it" in page
    client.post(f"{WHERE}not/undo/", {"visit": "1"})
    assert named(visits) == ["01E00003", "01E00002", "01E00001"]


def test_one_picture_alone_is_corrected_where_that_is_wanted(visits, sign_in):
    sign_in("admin").post(f"{WHERE}not/")
    assert named(visits) == ["01E00003", "01E00002"]


def test_a_hub_that_goes_away_in_between_has_noted_what_it_has(visits, sign_in):
    note = visits.line.answers["not_this_person"]
    answers = iter([note, Unavailable("The hub doesn't answer.")])

    def once(payload: bytes) -> bytes:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer(payload)

    visits.line.answers["not_this_person"] = once
    page = text(sign_in("admin").post(f"{WHERE}not/", {"visit": "1"}, follow=True))
    assert "That could not be noted" in page
    assert "Noted: this is not Ada Example." in page
    assert Entry.objects.get(action="face_denied").detail == "p-ada, 1 faces"


def test_other_pictures_of_the_visit_are_beside_it(visits, sign_in):
    page = text(sign_in("admin").get(WHERE))
    assert "/sightings/01E00002/0/" in page
    assert "/sightings/01E00003/0/" not in page


def test_a_stranger_is_nobody(site, sign_in):
    see(site, 1)
    client = sign_in("admin")
    assert "Nobody was recognized" in text(client.get(WHERE))
    assert client.post(f"{WHERE}not/").status_code == 302
    assert site.line.requests == []


# -- the feed ---------------------------------------------------------------------
def test_the_feed_offers_the_correction_to_those_who_may(seen, sign_in):
    hall.feed.result(result(1, "p-ada", "recognized", result_id="01E00001"))
    for client, may in ((sign_in("admin"), True), (sign_in("teacher", ("5a",)), True), (sign_in("viewer"), False)):
        page = text(client.get("/today/"))
        assert f'class="not" href="{WHERE}"' in page  # one row is made for all; the page's style hides the link
        assert ('class="feed may-correct"' in page) is may
    assert "may-correct" not in text(sign_in("admin", ("wall",)).get("/today/door/"))


def event_of(shown, person_id: str | None) -> Event:
    (face,) = shown.faces
    face = FaceResult(BOX, face.outcome, None, person_id)
    key = FrameKey(shown.device, shown.boot_id, shown.frame_id)
    at_ms = shown.received_ms
    return Event(shown.result_id, key, shown.motion_id, at_ms, at_ms, shown.outcome, None, (face,), 640, 480, "x.jpg")


def test_the_feed_forgets_a_name_that_was_denied_and_has_it_back():
    feed, shown = Feed(), result(1, "p-ada", "recognized")
    feed.result(shown)
    feed.take()
    feed.event(event_of(shown, None))  # as it is read again from the store
    (row,) = feed.rows.values()
    assert (row.person_id, row.outcome, feed.changed) == (None, Outcome.UNKNOWN, True)
    feed.renamed(event_of(shown, "p-ada"))
    (row,) = feed.rows.values()
    assert (row.person_id, row.outcome) == ("p-ada", Outcome.RECOGNIZED)


def test_a_stranger_who_was_named_by_hand_was_a_stranger_then():
    feed, shown = Feed(), result(1)
    feed.result(shown)
    feed.renamed(event_of(shown, "p-ada"))
    (row,) = feed.rows.values()
    assert (row.person_id, row.outcome) == (None, Outcome.UNKNOWN)


# -- how sure, in words -------------------------------------------------------------
@pytest.mark.parametrize(
    ("outcome", "score", "sure", "sentence"),
    [
        ("recognized", 0.00001, "Very sure", "Of 100,000 strangers"),
        ("recognized", 0.0000001, "Very sure", "Of a million strangers, not one"),
        ("already_marked", 0.002, "Sure", "Of 500 strangers"),
        ("uncertain", 0.02, "Not certain", "Of 50 strangers"),
        ("uncertain", 0.00001, "Not certain", "fits somebody else nearly as well"),
        ("recognized", None, "", ""),
        ("unknown", 0.5, "", ""),
        ("uncertain", 1.0, "Not certain", "Of 2 strangers"),
    ],
)
def test_how_sure_a_name_is_is_said_in_words(outcome, score, sure, sentence):
    with translation.override("en"):
        assert words.certainty(outcome, score, 0.003) == sure
        assert sentence in words.likelihood(outcome, score, 0.003)
