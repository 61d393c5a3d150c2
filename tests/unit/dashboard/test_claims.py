"""One-time codes for cameras: shown once, waited for, used or ended."""

import re
import time

import pytest

from broker import claims
from dashboard.devices import claim_views

HTMX = {"HTTP_HX_REQUEST": "true"}


def code_in(page: str) -> str:
    found = re.search(r'id="claim-code">([0-9A-Z]{4}-[0-9A-Z]{4})<', page)
    assert found
    return found[1]


@pytest.fixture
def client(site, sign_in):
    return sign_in("technician")


def test_a_code_is_shown_once_with_the_time_that_is_left(client):
    page = client.post("/claims/", {"device": "gate-1"}).content.decode()
    code = code_in(page)
    assert re.search(r"<strong>(10:00|9:5\d)</strong>", page)
    again = client.get("/claims/gate-1/").content.decode()
    assert code not in again
    assert "Waiting for the camera" in again


def test_a_code_that_a_camera_used_is_said_to_be_used(client, site):
    code = code_in(client.post("/claims/", {"device": "gate-1"}).content.decode())
    assert claims.redeem(site.settings, code, time.time()) == "gate-1"
    fragment = client.get("/claims/gate-1/", **HTMX).content.decode()
    assert "has used the code" in fragment
    assert "hx-trigger" not in fragment
    assert "<html" not in fragment


def test_what_is_noted_of_a_camera_is_kept_with_its_code_and_with_a_newer_one(client, site, monkeypatch):
    client.post("/claims/", {"device": "gate-1", "note": "at the gate"})
    assert claims.note_of(site.settings, "gate-1") == "at the gate"
    later = time.time() + claims.LIFETIME_S + 1
    monkeypatch.setattr(claim_views.time, "time", lambda: later)
    assert '<input type="hidden" name="note" value="at the gate">' in client.get("/claims/gate-1/").content.decode()


def test_a_code_that_nobody_used_ends(client, monkeypatch):
    client.post("/claims/", {"device": "gate-1"})
    later = time.time() + claims.LIFETIME_S + 1
    monkeypatch.setattr(claim_views.time, "time", lambda: later)
    assert "was not used" in client.get("/claims/gate-1/", **HTMX).content.decode()


def test_a_used_code_is_not_said_to_have_ended_when_its_time_is_over(client, site, monkeypatch):
    code = code_in(client.post("/claims/", {"device": "gate-1"}).content.decode())
    claims.redeem(site.settings, code, time.time())
    client.get("/claims/gate-1/")
    later = time.time() + claims.LIFETIME_S + 1
    monkeypatch.setattr(claim_views.time, "time", lambda: later)
    assert "has used the code" in client.get("/claims/gate-1/").content.decode()


@pytest.mark.parametrize("name", ["", "Door 1", "hub"])
def test_a_name_that_cannot_be_gets_no_code(client, name):
    answer = client.post("/claims/", {"device": name})
    assert answer.status_code == 422
    assert 'id="claim-code"' not in answer.content.decode()


def test_another_sessions_invitation_is_not_shown(client, sign_in):
    client.post("/claims/", {"device": "gate-1"})
    assert sign_in("admin").get("/claims/gate-1/").status_code == 404


def test_a_newer_code_for_the_same_camera_ends_the_older_one(client, sign_in):
    client.post("/claims/", {"device": "gate-1"})
    other = sign_in("admin")
    other.post("/claims/", {"device": "gate-1"})
    assert "was not used" in client.get("/claims/gate-1/").content.decode()
    assert "Waiting for the camera" in other.get("/claims/gate-1/").content.decode()
