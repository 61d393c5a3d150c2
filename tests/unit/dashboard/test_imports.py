"""Many people at once: what becomes of each line, and a report that is still there after a restart."""

import json
import threading

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from dashboard.people import bulk, table
from dashboard.people.archive import Archive
from dashboard.people.enrol import Verdict
from dashboard.people.reports import KEPT, Report, Reports
from hub.errors import NotFound, Unavailable
from tests.unit.dashboard.records import jpeg, judge, zipped

AGREED = {"consent": "agreed", "agreed": "on"}
JOB = "01K00000000000000000000000"


def begin(client, text: str, *, again: bool = False, **photos: bytes) -> str:
    """Import a table; the address of its report, when it is done."""
    ticked = {"again": "on"} if again else {}
    files = {"table": SimpleUploadedFile("people.csv", text.encode())}
    if photos:
        archive = zipped({f"{name}.jpg": photo for name, photo in photos.items()})
        files["photos"] = SimpleUploadedFile("photos.zip", archive.getvalue())
    where = client.post("/people/import/", {**files, **AGREED, **ticked})["Location"]
    for thread in threading.enumerate():
        if thread.name == "import":
            thread.join(10)
    return where


def test_a_line_that_fails_costs_only_itself(site):
    site.line.answers["enroll"] = judge({"accepted": True})
    archive = Archive(zipped({"d.jpg": jpeg()}))
    lines = table.read(b"name,number,photos\nDora,1,d.jpg\nErna,1,\n,3,\nFritz,4,gone.jpg\n")
    reports = [bulk.one(site, line, archive, "agreed", "admin") for line in lines]
    assert [report.ok for report in reports] == [True, False, False, False]
    assert [report.problem for report in reports] == ["", "taken", "name", ""]
    assert reports[3].photos[0].reason == "not_in_zip"
    assert {person.name for person in site.store.people()} >= {"Dora", "Fritz"}


def test_without_a_hub_the_person_is_added_and_the_line_says_what_is_missing(site):
    site.line.answers["enroll"] = Unavailable("The hub doesn't answer.")
    (line,) = table.read(b"name,photos\nDora,d.jpg\n")
    report = bulk.one(site, line, Archive(zipped({"d.jpg": jpeg()})), "agreed", "admin")
    assert (report.problem, bool(report.person_id)) == ("no_answer", True)


def test_an_import_runs_to_its_end_and_reports_each_line(site, sign_in):
    client = sign_in("admin")
    page = client.get(begin(client, "name,number\nDora,1\nErna,2\nFritz,1\n")).content.decode()
    assert "3 of 3" in page
    assert "Erna" in page
    assert "Somebody else has this number." in page
    assert "1 line needs a look" in page
    assert "hx-trigger" not in page.partition('id="job"')[2].partition(">")[0]  # it asks no more


TWICE = "name,number,group\nDora,,9z\nErna,77,9z\n"


def test_a_table_that_is_imported_again_adds_nobody_again(site, sign_in):
    client = sign_in("admin")
    begin(client, TWICE)
    before = site.store.people()
    page = client.get(begin(client, TWICE)).content.decode()
    assert "Left out: somebody of this name and group is there already" in page
    assert "Somebody else has this number." in page
    assert site.store.people() == before


def test_who_wants_it_has_a_namesake_added(site, sign_in):
    client = sign_in("admin")
    begin(client, TWICE)
    begin(client, TWICE, again=True)
    assert [person.name for person in site.store.people(group="9z")] == ["Dora", "Dora", "Erna"]


def test_a_namesake_of_another_group_or_with_a_number_is_somebody_else(site, sign_in):
    begin(sign_in("admin"), "name,number,group\nDora,,9z\nDora,,9y\nDora,5,9z\nDora,,9z\n")
    added = [(person.group, person.number) for person in site.store.people() if person.name == "Dora"]
    assert sorted(added) == [("9y", ""), ("9z", ""), ("9z", "5")]


def test_the_report_is_still_there_after_a_restart_in_any_language(site, sign_in):
    client = sign_in("admin")
    where = begin(client, "name,number\nDora,1\nErna,1\n")
    client.cookies["presenza_language"] = "de"
    page = client.get(where).content.decode()  # nothing is kept in memory: each request reads the file
    assert "2 von 2" in page
    assert "Dora" in page
    listed = client.get("/people/import/").content.decode()
    assert where in listed


def test_no_name_is_in_the_report(site, sign_in):
    site.line.answers["enroll"] = judge({"accepted": False, "reason": "duplicate", "duplicate_of": "p-bob"})
    begin(sign_in("admin"), "name,number,photos\nDora Dole,1,dora.jpg\nErna Ernst,1,\n", dora=jpeg())
    (path,) = (site.settings.data_dir / "imports").glob("*.jsonl")
    kept = path.read_text()
    assert not any(word in kept for word in ("Dora", "dora", "Erna", "Ernst", "Bob"))
    assert path.stat().st_mode & 0o077 == 0


def test_somebody_who_was_erased_is_named_in_no_report(site, sign_in):
    client = sign_in("admin")
    where = begin(client, "name,number\nDora,1\n")
    person_id = next(person.person_id for person in site.store.people() if person.name == "Dora")
    site.store.remove_person(person_id)
    page = client.get(where).content.decode()
    assert "erased since" in page
    assert person_id not in page


def test_a_report_that_was_broken_off_says_how_far_it_came(site, sign_in):
    reports = bulk.reports(site)
    journal = reports.begin(JOB, "admin", 3, 1)
    journal.report(Report(2, "p-ada"))
    assert reports.read(JOB).state == "running"
    journal._file.write(b'{"line": 3, "pers')  # the process dies in the middle of a line
    journal._file.close()
    job = reports.read(JOB)
    assert (job.state, job.done, job.last_line) == ("interrupted", 1, 2)
    page = sign_in("admin").get(f"/people/import/{JOB}/").content.decode()
    assert "The dashboard was restarted during this import." in page
    assert "line 2" in page


@pytest.mark.parametrize("job_id", ["none", "../../etc/passwd", JOB, ""])
def test_a_report_that_is_not_there_is_not_there(tmp_path, job_id):
    with pytest.raises(NotFound):
        Reports(tmp_path / "imports").read(job_id)


def test_only_the_newest_reports_are_kept(tmp_path):
    reports = Reports(tmp_path)
    for number in range(KEPT + 3):
        reports.begin(f"01K{number:023d}", "admin", 1, 1).end("done")
    assert len(reports.newest()) == KEPT
    assert reports.newest()[0].job_id.endswith(str(KEPT + 2))


def test_a_duplicate_is_decided_in_the_report(site, sign_in):
    def answer(payload: bytes) -> bytes:
        sure = json.loads(payload)["allow_duplicate"]
        like_bob = {"accepted": False, "reason": "duplicate", "duplicate_of": "p-bob"}
        return judge({"accepted": True} if sure else like_bob)(payload)

    site.line.answers["enroll"] = answer
    client = sign_in("admin")
    where = begin(client, "name,photos\nDora,d.jpg\nErna,e.jpg\n", d=jpeg(), e=jpeg())
    job_id = where.split("/")[-2]
    first = client.get(where)
    assert first.content.decode().count("enrol anyway") == 2
    for line, do in zip(first.context["lines"], ("leave", "anyway"), strict=True):
        form = {"photo": line["photos"][0]["ticket"], "do": do, "job": job_id}
        answered = client.post(f"/people/{line['person_id']}/enrol/decide/", form)
        assert answered["Location"] == where
    page = client.get(where).content.decode()
    assert "Left out: it is the same person." in page
    assert "Good: this photo is enrolled." in page
    assert "enrol anyway" not in page
    assert site.pictures.keys("uploads/") == []


def test_what_was_never_decided_is_no_choice_any_more(site, sign_in):
    site.line.answers["enroll"] = judge({"accepted": False, "reason": "duplicate", "duplicate_of": "p-bob"})
    client = sign_in("admin")
    where = begin(client, "name,photos\nDora,d.jpg\n", d=jpeg())
    site.pictures.delete(site.pictures.keys("uploads/")[0])  # as retention does after a day
    page = client.get(where).content.decode()
    assert "as Bob Sample" in page
    assert "enrol anyway" not in page


def test_a_decision_is_kept_with_the_photo_it_is_about(tmp_path):
    reports = Reports(tmp_path)
    journal = reports.begin(JOB, "admin", 1, 1)
    waits = [Verdict(str(place), False, "duplicate", "", "p-bob", "", f"uploads/{place}") for place in (1, 2)]
    journal.report(Report(2, "p-ada", "", tuple(waits)))
    journal.end("done")
    reports.decided(JOB, "uploads/2", Verdict("", True))
    (report,) = reports.read(JOB).reports
    assert report.photos == (waits[0], Verdict("2", True))
