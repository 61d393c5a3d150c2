"""The queue of unknown faces: groups, giving a face to somebody, taking it back."""

import json
from dataclasses import replace

import pytest

from dashboard.people import queue, undo
from dashboard.people.unknown_views import CARDS
from hub.erase import erase_person
from hub.model import Box, Event, FacePlace, FaceResult, FrameKey, Outcome, Photo, Quality
from hub.payloads import EnrollReply, LikenessReply, PhotoVerdict
from tests.unit.dashboard.records import BOX, DAY, EIGHT_MS, attended, jpeg, see


@pytest.fixture
def strangers(site):
    """Three unknown faces; the hub finds the first and the last alike, and every photo good."""
    see(site, 1)
    see(site, 2)
    see(site, 3, device="door-2")

    def keep(payload: bytes) -> bytes:
        request = json.loads(payload)
        for key in request["photos"]:
            photo_id = key[-12:-4].lower()
            stored = f"people/{request['person_id']}/{photo_id}.jpg"
            site.pictures.put(stored, site.pictures.get(key))
            quality = Quality(120, 90.0, 120.0, 0.1, 0.9)
            site.store.add_photo(Photo(photo_id, request["person_id"], stored, quality, 1), [])
        told = [PhotoVerdict(photo=key, accepted=True) for key in request["photos"]]
        return EnrollReply(person_id=request["person_id"], photos=told).encode()

    site.line.answers |= {"likeness": LikenessReply(groups=[[0, 2], [1]]).encode(), "enroll": keep}
    return site


def keys(site) -> list[str]:
    return [seen.key for seen in queue.waiting(site)]


def latest(client) -> list:
    return [done for done, _ in client.get("/unknown/").context["latest"]]


def take_back(client, place: int = 0) -> None:
    client.post("/unknown/undo/", {"done": latest(client)[place].done_id})


def test_faces_are_put_together_as_the_hub_says(strangers, sign_in):
    answer = sign_in("viewer").get("/unknown/groups/")
    assert [[seen.key for seen in each.faces] for each in answer.context["strangers"]] == [
        ["01E00003.0", "01E00001.0"], ["01E00002.0"],
    ]  # fmt: skip
    assert answer.context["strangers"][0].cameras == ["door-1", "door-2"]


@pytest.mark.parametrize("groups", [None, [[0]], [[0, 1, 2, 2]], [[0, 1, 9]]])
def test_without_sense_from_the_hub_each_visit_is_a_group(strangers, sign_in, groups):
    strangers.line.answers["likeness"] = b"{" if groups is None else LikenessReply(groups=groups).encode()
    page = sign_in("viewer").get("/unknown/groups/").content.decode()
    assert page.count("Seen once") == 3
    assert "by visit" in page


def test_a_face_given_to_somebody_becomes_a_photo_and_leaves_the_queue(strangers, sign_in):
    client = sign_in("teacher", ("5a",))
    form = {"face": ["01E00003.0", "01E00001.0"], "person": "Ada Example (5a, n-p-ada)"}
    assert client.post("/unknown/assign/", form).status_code == 302
    assert keys(strangers) == ["01E00002.0"]
    assert len(strangers.store.photos("p-ada")) == 2
    assert strangers.store.event("01E00001").faces[0].person_id == "p-ada"


def test_it_can_be_taken_back(strangers, sign_in):
    client = sign_in("admin")
    client.post("/unknown/assign/", {"face": "01E00003.0", "person": "p-ada"})
    take_back(client)
    assert keys(strangers) == ["01E00003.0", "01E00002.0", "01E00001.0"]
    assert strangers.store.photos("p-ada") == []
    assert strangers.pictures.keys("people/") == []


def test_ignored_faces_leave_the_queue_and_come_back(strangers, sign_in):
    client = sign_in("admin")
    client.post("/unknown/ignore/", {"face": ["01E00003.0", "01E00002.0"]})
    assert keys(strangers) == ["01E00001.0"]
    take_back(client)
    assert len(keys(strangers)) == 3


def test_a_new_person_takes_faces_along(strangers, sign_in):
    form = {"name": "Dora New", "consent": "agreed", "agreed": "on", "face": ["01E00002.0"]}
    sign_in("admin").post("/people/add/", form)
    dora = next(person for person in strangers.store.people() if person.name == "Dora New")
    assert strangers.store.event("01E00002").faces[0].person_id == dora.person_id


@pytest.mark.parametrize("face", ["", "x", "01E00001", "01E00001.x", "01E00001.9", "nothing.0", "01E00009.0"])
def test_faces_that_are_not_in_the_queue_are_passed_over(strangers, sign_in, face):
    sign_in("admin").post("/unknown/ignore/", {"face": face})
    assert len(keys(strangers)) == 3


def test_a_face_is_nobodys_without_a_person_of_ones_own(strangers, sign_in):
    client = sign_in("teacher", ("6b",))
    for person in ("Ada Example", "p-ada", "", "Nobody"):
        assert client.post("/unknown/assign/", {"face": "01E00001.0", "person": person}).status_code in (302, 404)
    assert len(keys(strangers)) == 3


def test_faces_that_are_somebodys_are_not_in_the_queue(site):
    see(site, 1, "p-ada", Outcome.RECOGNIZED, marks=(attended("p-ada"),))
    see(site, 2, "p-ada", Outcome.UNCERTAIN)
    assert keys(site) == ["01E00002.0"]


def test_more_than_the_last_thing_can_be_taken_back(strangers, sign_in):
    client = sign_in("admin")
    client.post("/unknown/ignore/", {"face": "01E00001.0"})
    client.post("/unknown/assign/", {"face": "01E00002.0", "person": "p-ada"})
    client.post("/unknown/ignore/", {"face": "01E00003.0"})
    assert [done.what for done in latest(client)] == ["ignore", "assign", "ignore"]
    assert "1 face given to Ada Example" in client.get("/unknown/").content.decode()
    take_back(client, 2)
    assert keys(strangers) == ["01E00001.0"]
    take_back(client, 1)
    assert keys(strangers) == ["01E00002.0", "01E00001.0"]
    assert strangers.store.photos("p-ada") == []
    assert [done.what for done in latest(client)] == ["ignore"]


def test_the_list_of_what_was_done_stays_short(strangers, sign_in):
    client = sign_in("admin")
    for _ in range(12):
        client.post("/unknown/ignore/", {"face": "01E00001.0"})
        strangers.store.ignore_faces([FacePlace("01E00001", 0)], ignored=False)
    assert len(latest(client)) == undo.KEPT
    assert client.post("/unknown/undo/", {"done": "nothing"}).status_code == 302
    assert len(latest(client)) == undo.KEPT


def test_an_uncertain_face_leaves_the_queue_with_a_name_and_comes_back_as_it_was(strangers, sign_in):
    see(strangers, 4, "p-cem", Outcome.UNCERTAIN)
    client = sign_in("admin")
    client.post("/unknown/assign/", {"face": "01E00004.0", "person": "p-ada"})
    assert "01E00004.0" not in keys(strangers)
    assert strangers.store.event("01E00004").faces[0].person_id == "p-ada"
    take_back(client)
    assert "01E00004.0" in keys(strangers)
    assert strangers.store.event("01E00004").faces[0].person_id == "p-cem"


def test_what_is_taken_back_survives_that_somebody_was_erased(strangers, sign_in):
    see(strangers, 4, "p-cem", Outcome.UNCERTAIN)
    client = sign_in("admin")
    client.post("/unknown/assign/", {"face": ["01E00004.0", "01E00001.0"], "person": "p-ada"})
    for person_id in ("p-ada", "p-cem"):
        erase_person(strangers.store, strangers.pictures, person_id)
    assert "somebody who was erased since" in client.get("/unknown/").content.decode()
    take_back(client)
    assert strangers.store.event("01E00004").faces[0].person_id is None


def test_a_stranger_beside_somebody_who_was_recognized_waits_too(strangers, sign_in):
    two_faces(strangers, 4)
    assert keys(strangers)[0] == "01E00004.1"
    client = sign_in("admin")
    client.post("/unknown/assign/", {"face": "01E00004.1", "person": "p-bob"})
    faces = strangers.store.event("01E00004").faces
    assert [face.person_id for face in faces] == ["p-ada", "p-bob"]


def test_a_teacher_is_not_asked_about_who_is_perhaps_of_another_group(strangers, sign_in):
    see(strangers, 4, "p-cem", Outcome.UNCERTAIN)
    client = sign_in("teacher", ("5a",))
    shown = [seen.key for each in client.get("/unknown/").context["strangers"] for seen in each.faces]
    assert "01E00004.0" not in shown
    client.post("/unknown/ignore/", {"face": "01E00004.0"})
    assert "01E00004.0" in keys(strangers)


def two_faces(site, frame_id: int) -> None:
    """Ada, who is recognized, and a stranger beside her."""
    ada = FaceResult(BOX, Outcome.RECOGNIZED, None, "p-ada", 0.31)
    stranger = FaceResult(Box(100, 500, 250, 350), Outcome.UNKNOWN)
    event_id, at_ms = f"01E{frame_id:05d}", EIGHT_MS + frame_id
    picture = f"results/{DAY}/{event_id}.jpg"
    site.pictures.put(picture, jpeg())
    key = FrameKey("door-1", 7, frame_id)
    event = Event(event_id, key, frame_id, at_ms, at_ms, Outcome.RECOGNIZED, None, (ada, stranger), 640, 480, picture)
    site.store.record(event, (attended("p-ada"),))


def test_a_long_queue_is_shown_piece_by_piece(strangers, sign_in):
    for number in range(10, 10 + CARDS):
        see(strangers, number)
    page = sign_in("admin").get("/unknown/")
    assert len(page.context["strangers"]) == CARDS
    assert "more come when they are done" in page.content.decode()
    assert page.context["strangers"][0].faces[0].key == f"01E{9 + CARDS:05d}.0"  # the newest


def test_names_with_markup_are_choices_as_text(strangers, sign_in):
    name = '"><script>alert(1)</script>'
    strangers.store.update_person(replace(strangers.store.person("p-ada"), name=name))
    page = sign_in("admin").get("/unknown/").content.decode()
    assert "<script>alert" not in page
    assert "&quot;&gt;&lt;script&gt;alert(1)" in page


def test_what_is_kept_to_be_taken_back_stays_small(strangers, sign_in, monkeypatch):
    monkeypatch.setattr(undo, "KEPT_FACES", 2)
    client = sign_in("admin")
    client.post("/unknown/ignore/", {"face": "01E00001.0"})
    client.post("/unknown/ignore/", {"face": ["01E00002.0", "01E00003.0"]})
    assert [done.count for done in latest(client)] == [2]
