"""Photos and tables from outside, the hub's verdicts in words, people who are forgotten."""

import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from dashboard.live import crops
from dashboard.people import enrol, table, uploads
from dashboard.people.archive import Archive
from hub.errors import InputError, InvalidImage, Unavailable
from hub.model import Outcome
from hub.payloads import RpcError
from tests.unit.dashboard.records import attended, jpeg, judge, see, zipped

NEW = {"name": "Dora New", "number": "7", "group": "5a", "consent": "agreed", "agreed": "on"}


def upload(client, *photos: bytes):
    files = [SimpleUploadedFile(f"{number}.jpg", photo, "image/jpeg") for number, photo in enumerate(photos)]
    return client.post("/people/p-ada/enrol/", {"photos": files})


# -- photos ---------------------------------------------------------------------
def test_a_photo_is_turned_upright_and_loses_its_metadata():
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a phone's maker"
    cleaned = Image.open(io.BytesIO(uploads.clean(jpeg(400, 300, exif=exif))))
    assert cleaned.size == (300, 400)
    assert not cleaned.getexif()


def a_bomb() -> bytes:
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("photo", "reason"),
    [
        (b"", "format"),
        (b"no picture", "format"),
        (b"GIF89a" + bytes(100), "format"),
        (jpeg()[:-2000], "decode"),
        (b"\xff\xd8" + bytes(uploads.MAX_BYTES), "too_large"),
        (jpeg(5000, 10), "pixels"),
        (a_bomb(), "pixels"),
    ],
)
def test_what_is_no_photo_is_refused_with_a_reason(photo, reason):
    with pytest.raises(InvalidImage) as refusal:
        uploads.clean(photo)
    assert refusal.value.reason == reason


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_other_formats_become_jpeg(form):
    out = io.BytesIO()
    Image.new("RGBA", (200, 200)).save(out, form)
    assert uploads.clean(out.getvalue())[:2] == b"\xff\xd8"


def test_large_photos_are_made_smaller():
    assert max(Image.open(io.BytesIO(uploads.clean(jpeg(4000, 3000)))).size) == uploads.SIDE


# -- enrolment ------------------------------------------------------------------
def test_verdicts_are_told_in_words(site, sign_in):
    duplicate = {"accepted": False, "reason": "duplicate", "duplicate_of": "p-bob"}
    site.line.answers["enroll"] = judge({"accepted": True}, {"accepted": False, "reason": "turned_away"}, duplicate)
    page = upload(sign_in("admin"), jpeg(), jpeg(), jpeg()).content.decode()
    assert "Good: this photo is enrolled." in page
    assert "Look straight into the camera." in page
    assert "This face is enrolled already, as Bob Sample." in page


def test_photos_wait_in_the_picture_store_only_as_long_as_they_are_judged(site, sign_in):
    there = []

    def answer(payload: bytes) -> bytes:
        there.extend(key for key in json.loads(payload)["photos"] if site.pictures.exists(key))
        return judge({"accepted": True})(payload)

    site.line.answers["enroll"] = answer
    upload(sign_in("admin"), jpeg())
    assert len(there) == 1
    assert site.pictures.keys("uploads/") == []


def test_a_bad_file_among_good_ones_costs_only_itself(site, sign_in):
    site.line.answers["enroll"] = judge({"accepted": True})
    page = upload(sign_in("admin"), b"rubbish", jpeg()).content.decode()
    assert "Good: this photo is enrolled." in page
    assert "This isn't a picture that can be used" in page.replace("&#x27;", "'")


@pytest.mark.parametrize(
    "answer", [Unavailable("The hub doesn't answer."), b"{", RpcError(error="busy", message="too many").encode()]
)
def test_without_a_verdict_nothing_is_enrolled_and_the_page_says_so(site, sign_in, answer):
    site.line.answers["enroll"] = answer
    answer = upload(sign_in("admin"), jpeg())
    assert answer.status_code == 422
    assert "could not be judged" in answer.content.decode()
    assert site.pictures.keys("uploads/") == []


def test_nobody_is_added_without_consent(site, sign_in):
    client = sign_in("admin")
    for missing in ("consent", "agreed"):
        answer = client.post("/people/add/", {**NEW, missing: ""})
        assert answer.status_code == 422
        assert "Dora New" in answer.content.decode()  # what was typed is still there
    assert len(site.store.people()) == 3
    client.post("/people/add/", NEW)
    added = next(person for person in site.store.people() if person.name == "Dora New")
    assert (added.consent.recorded_by, added.consent.text) == ("admin-0", "agreed")


def test_a_number_that_is_taken_is_said_beside_the_field(site, sign_in):
    answer = sign_in("admin").post("/people/add/", {**NEW, "number": "n-p-ada"})
    assert "Somebody else has this number." in answer.content.decode()


def test_a_person_is_forgotten_everywhere_with_a_receipt(site, sign_in):
    event = see(site, 1, "p-ada", Outcome.RECOGNIZED, marks=(attended("p-ada"),))
    client = sign_in("admin")
    assert client.get(f"/faces/{event.event_id}/0.jpg").status_code == 200
    client.post("/people/p-ada/erase/", {})
    assert len(site.store.people()) == 3
    page = client.post("/people/p-ada/erase/", {"sure": "yes"}).content.decode()
    assert "Receipt" in page
    assert "Ada" not in page
    assert site.pictures.keys() == []
    assert client.get(f"/faces/{event.event_id}/0.jpg").status_code == 404
    assert ("erased", "p-ada") in site.line.told


def test_search_finds_every_word_in_any_order(site):
    assert [person.name for person in site.roster().search("EXAMPLE ad")] == ["Ada Example"]
    assert [person.name for person in site.roster().search("5a")] == ["Ada Example", "Bob Sample"]


# -- many at once ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name,numbr\nAda,1\n", "Line 1, column 2: “numbr” is none of"),
        ("number,group\n1,2\n", "the column “name” is missing"),
        ("name,name\nAda,Ada\n", "is there twice"),
        ("name,number\nAda,1,5a\n", "Line 2 has a cell too much, in column 3"),
        ('name\n"Ada\n', "isn't CSV"),
        ("", "the column “name” is missing"),
    ],
)
def test_a_table_that_is_wrong_names_line_and_column(text, sentence):
    with pytest.raises(InputError, match=sentence):
        table.read(text.encode())


def test_a_table_in_another_encoding_names_the_line():
    with pytest.raises(InputError, match="Line 3"):
        table.read("name\nAda\nJörg\n".encode("latin-1"))


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_tables_of_any_spreadsheet_are_read(sign):
    text = f"\ufeffName{sign}Number{sign}Photos\nJörg{sign}7{sign}{'a.jpg' if sign == ';' else 'a.jpg;b.jpg'}\n\n"
    line = table.read(text.encode())[0]
    assert (line.number_in_file, line.name, line.number, line.photos[0]) == (2, "Jörg", "7", "a.jpg")


@pytest.mark.parametrize("name", ["../a.jpg", "/etc/passwd", "a/../../b.jpg", "..\\a.jpg", "C:\\a.jpg"])
def test_paths_that_lead_out_of_a_zip_are_refused(name):
    with pytest.raises(InputError, match="leads out"):
        Archive(zipped({name: b"x"}))


def test_a_zip_bomb_and_links_are_refused():
    with pytest.raises(InputError, match="unpacks to far more"):
        Archive(zipped({"a.jpg": bytes(9 * 1024 * 1024)}))
    with pytest.raises(InputError, match="link"):
        Archive(zipped({"a.jpg": b"/etc/passwd"}, external_attr=0o120777 << 16))
    with pytest.raises(InputError, match="no ZIP"):
        Archive(io.BytesIO(b"rubbish"))


def test_a_photo_is_found_by_its_name_in_any_folder():
    archive = Archive(zipped({"photos/5a/ada.jpg": b"jpeg"}))
    assert archive.read("ada.jpg") == b"jpeg"
    with pytest.raises(InvalidImage):
        archive.read("bob.jpg")


def test_a_table_with_a_wrong_column_imports_nobody(site, sign_in):
    files = {"table": SimpleUploadedFile("people.csv", b"nmae\nDora\n")}
    answer = sign_in("admin").post("/people/import/", {**files, "consent": "my own words", "agreed": "on"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "column 1" in page
    assert "my own words" in page
    assert len(site.store.people()) == 3


# -- faces ----------------------------------------------------------------------
def test_a_face_is_cut_square_even_at_the_edge():
    from hub.model import Box

    for box in (Box(0, 640, 90, 560), Box(100, 300, 250, 150), Box(0, 640, 480, 0)):
        left, top, right, bottom = crops.square(box, 640, 480)
        assert right - left == bottom - top
        assert 0 <= left < right <= 640
        assert 0 <= top < bottom <= 480
    assert Image.open(io.BytesIO(crops.crop(jpeg(), Box(100, 300, 250, 150)))).size == (crops.SIDE, crops.SIDE)
    assert crops.crop(b"no jpeg", Box(1, 2, 2, 1)) is None


def test_requests_are_split_so_that_the_hub_answers_in_time(site):
    site.line.answers["enroll"] = lambda payload: judge(*[{"accepted": True}] * len(json.loads(payload)["photos"]))(
        payload
    )
    judged = enrol.enrol(site, "p-ada", [enrol.Upload(str(number), jpeg(80, 60)) for number in range(12)])
    assert len(judged.verdicts) == 12
    assert [len(json.loads(payload)["photos"]) for _, payload in site.line.requests] == [10, 2]
