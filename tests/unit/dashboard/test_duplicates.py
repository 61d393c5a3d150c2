"""A face that is enrolled already under another name: somebody says whether it is one person or two."""

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from dashboard.audit.models import Entry
from dashboard.people import enrol, uploads
from hub.erase import erase_person
from hub.errors import Unavailable
from hub.model import Photo, Quality
from tests.unit.dashboard.records import jpeg, judge

LIKE_BOB = {"accepted": False, "reason": "duplicate", "duplicate_of": "p-bob"}
ENROL = "/people/p-ada/enrol/"


@pytest.fixture
def refused(site):
    """The hub says that the photo shows Bob, unless somebody made sure."""

    def answer(payload: bytes) -> bytes:
        sure = json.loads(payload)["allow_duplicate"]
        return judge({"accepted": True, "looks_like": "p-bob"} if sure else LIKE_BOB, lacks=("few_photos",))(payload)

    site.line.answers["enroll"] = answer
    site.store.add_photo(Photo("f-1", "p-bob", "people/p-bob/f-1.jpg", Quality(120, 90.0, 120.0, 0.1, 0.9), 1), [])
    site.pictures.put("people/p-bob/f-1.jpg", jpeg())
    return site


def upload(client, **headers: str) -> str:
    file = SimpleUploadedFile("ada.jpg", jpeg(), "image/jpeg")
    return client.post(ENROL, {"photos": file}, **headers).content.decode()


def ticket(page: str) -> str:
    return re.search(r'name="photo" value="([^"]+)"', page)[1]


def decide(client, page: str, do: str, **more: str):
    return client.post(f"{ENROL}decide/", {"photo": ticket(page), "do": do, **more})


def waiting(site) -> list[str]:
    return site.pictures.keys("uploads/")


def test_the_page_shows_both_faces_and_asks(refused, sign_in):
    client = sign_in("admin")
    page = upload(client)
    assert "This face is enrolled already, as Bob Sample." in page
    assert "Another person: enrol anyway" in page
    assert "/people/p-bob/photos/f-1.jpg" in page
    shown = client.get(f"{ENROL}waiting.jpg", {"photo": ticket(page)})
    assert shown["Content-Type"] == "image/jpeg"


def test_who_made_sure_enrols_anyway_and_it_is_written_down(refused, sign_in):
    client = sign_in("admin")
    page = decide(client, upload(client), "anyway").content.decode()
    assert "Good: this photo is enrolled." in page
    assert "It looks like Bob Sample" in page
    assert "Three photos are advised" in page
    assert json.loads(refused.line.requests[-1][1])["allow_duplicate"] is True
    entry = Entry.objects.get(action="enrolled_anyway")
    assert (entry.username, entry.target, entry.detail) == ("admin-0", "p-ada", "1 of 1 photos; looks like p-bob")
    assert waiting(refused) == []


def test_the_same_person_is_left_out_and_the_photo_is_gone(refused, sign_in):
    client = sign_in("admin")
    page = decide(client, upload(client), "leave").content.decode()
    assert "Left out: it is the same person." in page
    assert waiting(refused) == []
    assert len(refused.line.requests) == 1
    assert Entry.objects.filter(action="duplicate_left_out").count() == 1


def test_a_browser_that_runs_scripts_gets_the_one_verdict_and_the_photos(refused, sign_in):
    client = sign_in("admin")
    page = upload(client, HTTP_HX_REQUEST="true")
    answer = client.post(f"{ENROL}decide/", {"photo": ticket(page), "do": "anyway"}, HTTP_HX_REQUEST="true")
    text = answer.content.decode()
    assert text.lstrip().startswith("<li")
    assert 'hx-swap-oob="true"' in text
    assert "<html" not in text


def test_without_a_hub_the_photo_goes_on_waiting(refused, sign_in):
    client = sign_in("admin")
    page = upload(client)
    refused.line.answers["enroll"] = Unavailable("The hub doesn't answer.")
    assert decide(client, page, "anyway").status_code == 422
    assert len(waiting(refused)) == 1


def test_a_photo_that_is_gone_is_said_to_be(refused, sign_in):
    client = sign_in("admin")
    page = upload(client)
    refused.pictures.delete(waiting(refused)[0])
    assert "send it again" in decide(client, page, "anyway").content.decode()


@pytest.mark.parametrize("photo", ["", "rubbish", "uploads/2026-09-28/p-ada/1.jpg"])
def test_only_what_this_dashboard_gave_out_is_taken(refused, sign_in, photo):
    client = sign_in("admin")
    upload(client)
    client.post(f"{ENROL}decide/", {"photo": photo, "do": "leave"})
    client.post(f"{ENROL}decide/", {"photo": photo, "do": "anyway"})
    assert client.get(f"{ENROL}waiting.jpg", {"photo": photo}).status_code == 404
    assert len(waiting(refused)) == 1
    assert len(refused.line.requests) == 1


def test_a_photo_of_one_person_is_not_enrolled_for_another(refused, sign_in):
    client = sign_in("admin")
    given = ticket(upload(client))
    client.post("/people/p-cem/enrol/decide/", {"photo": given, "do": "anyway"})
    assert len(refused.line.requests) == 1
    assert client.get("/people/p-cem/enrol/waiting.jpg", {"photo": given}).status_code == 404


def test_a_teacher_decides_about_their_own_people_only(refused, sign_in):
    own = upload(sign_in("teacher", ("5a",)))
    assert "enrol anyway" in own
    refused.line.answers["enroll"] = judge({**LIKE_BOB, "duplicate_of": "p-cem"})
    page = upload(sign_in("teacher", ("5a", "5b")))
    assert "as somebody of another group" in page
    assert "Cem" not in page
    assert "enrol anyway" not in page
    assert len(waiting(refused)) == 1  # the first one's: what nobody here can decide isn't kept


def test_whom_a_good_photo_looks_like_is_not_named_across_groups(refused, sign_in):
    refused.line.answers["enroll"] = judge({"accepted": True, "looks_like": "p-cem"})
    page = upload(sign_in("teacher", ("5a",)))
    assert "It looks like somebody else" in page
    assert "Cem" not in page


def test_photos_that_wait_go_with_the_person(refused, sign_in):
    upload(sign_in("admin"))
    assert len(waiting(refused)) == 1
    erase_person(refused.store, refused.pictures, "p-ada")
    assert waiting(refused) == []


def test_each_of_several_photos_has_its_own_verdict(refused):
    refused.line.answers["enroll"] = judge({"accepted": True}, {"accepted": True})
    keys = uploads.put(refused, "p-ada", [jpeg(), jpeg()])
    verdicts = enrol.anyway(refused, "p-ada", [keys[0], "uploads/2026-09-28/p-ada/gone.jpg", keys[1]]).verdicts
    assert [verdict.reason for verdict in verdicts] == ["", "missing", ""]
    assert waiting(refused) == []


def test_a_photo_that_a_form_names_many_times_is_enrolled_once(refused, sign_in):
    client = sign_in("admin")
    given = ticket(upload(client))
    assert client.post(f"{ENROL}decide/", {"photo": [given] * 200, "do": "anyway"}).status_code == 200
    assert len(json.loads(refused.line.requests[-1][1])["photos"]) == 1
