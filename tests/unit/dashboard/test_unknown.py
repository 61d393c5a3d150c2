"""The queue of unknown faces: groups, giving a face to somebody, taking it back."""

import json

import pytest

from dashboard.people import queue
from hub.model import Outcome, Photo, Quality
from hub.payloads import EnrollReply, LikenessReply, PhotoVerdict
from tests.unit.dashboard.records import attended, see


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
    client.post("/unknown/undo/")
    assert keys(strangers) == ["01E00003.0", "01E00002.0", "01E00001.0"]
    assert strangers.store.photos("p-ada") == []
    assert strangers.pictures.keys("people/") == []


def test_ignored_faces_leave_the_queue_and_come_back(strangers, sign_in):
    client = sign_in("admin")
    client.post("/unknown/ignore/", {"face": ["01E00003.0", "01E00002.0"]})
    assert keys(strangers) == ["01E00001.0"]
    client.post("/unknown/undo/")
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
