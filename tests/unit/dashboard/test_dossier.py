"""What is kept about a person, to be handed over to them: all of it, and nothing of anybody else."""

import io
import json
import zipfile

import pytest
from PIL import Image

from dashboard.audit.models import Entry
from hub.model import Box, Correction, Event, FaceResult, FrameKey, Outcome, Photo, Quality, Status
from tests.unit.dashboard.records import BOX, DAY, EIGHT_MS, attended, jpeg, see


@pytest.fixture
def kept(site):
    """Ada with a photo, a corrected day, and two sightings, in one of which Bob stands beside her."""
    site.store.add_photo(Photo("f-1", "p-ada", "people/p-ada/f-1.jpg", Quality(120, 90.0, 120.0, 0.1, 0.9), 1), [])
    site.pictures.put("people/p-ada/f-1.jpg", jpeg())
    see(site, 1, "p-ada", Outcome.RECOGNIZED, marks=(attended("p-ada"),))
    faces = (
        FaceResult(BOX, Outcome.ALREADY_MARKED, None, "p-ada", 0.3, 0.2, 0.0001),
        FaceResult(Box(100, 500, 250, 350), Outcome.RECOGNIZED, None, "p-bob", 0.3),
    )
    picture = f"results/{DAY}/01E00002.jpg"
    site.pictures.put(picture, jpeg())
    event = Event("01E00002", FrameKey("door-1", 7, 2), 2, EIGHT_MS, EIGHT_MS, Outcome.RECOGNIZED, None, faces,
                  640, 480, picture)  # fmt: skip
    site.store.record(event, (attended("p-bob"), attended("p-ada")))
    site.store.correct(Correction("c-1", "p-ada", DAY, Status.EXCUSED, "ill", "office", EIGHT_MS))
    return site


def fetch(client) -> tuple[dict, zipfile.ZipFile]:
    answer = client.get("/people/p-ada/data.zip")
    assert answer["Content-Disposition"] == 'attachment; filename="p-ada.zip"'
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    return json.loads(archive.read("data.json")), archive


def test_everything_about_a_person_is_there(kept, sign_in):
    told, archive = fetch(sign_in("admin"))
    assert told["person"]["name"] == "Ada Example"
    assert told["person"]["consent"]["text"] == "agreed"
    assert told["photos"][0]["file"] == "photos/f-1.jpg"
    (day,) = told["attendance"]
    assert (day["day"], day["status"], day["corrections"][0]["reason"]) == (DAY, "excused", "ill")
    assert [each["outcome"] for each in told["sightings"]] == ["already_marked", "recognized"]
    assert told["sightings"][0]["at"].startswith(f"{DAY}T08:00")
    assert all(archive.read(each["file"])[:2] == b"\xff\xd8" for each in told["sightings"] + told["photos"])


def test_nobody_else_is_in_it(kept, sign_in):
    told, archive = fetch(sign_in("admin"))
    text = json.dumps(told)
    assert not any(word in text for word in ("Bob", "p-bob", "Cem"))
    cut = Image.open(io.BytesIO(archive.read("sightings/01E00002-0.jpg")))
    assert cut.width < 400  # not the frame, in which Bob stands


def test_it_is_written_down_who_took_it_and_the_person_sees_who_looked(kept, sign_in):
    client = sign_in("admin")
    client.get("/people/p-ada/")
    told, _ = fetch(client)
    assert {"account": "admin-0", "action": "seen_person"}.items() <= told["who_looked_or_changed"][0].items()
    entry = Entry.objects.get(action="person_exported")
    assert (entry.target, entry.detail) == ("p-ada", "1 days, 3 pictures, 2 sightings")


def test_pictures_that_are_gone_are_left_out(kept, sign_in):
    for key in kept.pictures.keys():  # noqa: SIM118 - a method of the store
        kept.pictures.delete(key)
    told, archive = fetch(sign_in("admin"))
    assert archive.namelist() == ["data.json"]
    assert [each["file"] for each in told["sightings"]] == [None, None]


@pytest.mark.parametrize("role", ["teacher", "viewer", "technician"])
def test_only_an_administrator_takes_it(kept, sign_in, role):
    client = sign_in(role, ("5a",) if role == "teacher" else ())
    assert client.get("/people/p-ada/data.zip").status_code == 403
    if role != "technician":
        assert "data.zip" not in client.get("/people/p-ada/").content.decode()
