"""A teacher sees the people of their groups: everywhere, and nobody else anywhere."""

import pytest

from hub.model import Outcome
from tests.unit.dashboard.records import DAY, attended, see


@pytest.fixture
def teacher(site, sign_in):
    see(site, 1, "p-ada", Outcome.RECOGNIZED, marks=(attended("p-ada"),))
    see(site, 2, "p-cem", Outcome.RECOGNIZED, marks=(attended("p-cem"),))
    return sign_in("teacher", ("5a",))


@pytest.mark.parametrize(
    "where",
    ["/people/", "/today/", "/today/door/", f"/attendance/?day={DAY}", "/attendance/month/?month=2026-09", "/unknown/",
     f"/attendance/range/?from={DAY}&to={DAY}", f"/attendance/export.csv?day={DAY}", "/attendance/arrivals/"],
)  # fmt: skip
def test_no_page_names_who_is_not_theirs(teacher, where):
    assert "Cem" not in teacher.get(where).content.decode()


@pytest.mark.parametrize("where", ["/people/", f"/attendance/?day={DAY}", "/attendance/month/?month=2026-09"])
def test_their_own_people_are_shown(teacher, where):
    assert "Ada Example" in teacher.get(where).content.decode()


@pytest.mark.parametrize("where", ["", "edit/", "enrol/"])
def test_who_is_not_theirs_looks_like_nobody(teacher, where):
    assert teacher.get(f"/people/p-cem/{where}").status_code == 404
    assert teacher.get(f"/people/p-ada/{where}").status_code == 200


def test_a_day_of_somebody_elses_is_not_corrected(teacher, site):
    form = {"status": "excused", "reason": "ill at home"}
    assert teacher.post(f"/attendance/p-cem/{DAY}/correct/", form).status_code == 404
    assert site.store.corrections("p-cem", DAY) == []


def test_faces_and_frames_of_others_are_not_served(teacher):
    assert teacher.get("/faces/01E00001/0.jpg").status_code == 200
    assert teacher.get("/faces/01E00002/0.jpg").status_code == 404
    assert teacher.get("/pictures/01E00002.jpg").status_code == 404


def test_nobody_is_put_into_a_group_that_is_not_theirs(teacher, site):
    form = {"name": "Dora New", "number": "", "group": "6b", "consent": "agreed", "agreed": "on"}
    assert teacher.post("/people/add/", form).status_code == 422
    assert len(site.store.people()) == 3


def test_they_erase_nobody(teacher, site):
    assert teacher.post("/people/p-ada/erase/", {"sure": "yes"}).status_code == 403
    assert len(site.store.people()) == 3
