"""System, settings, what browsers may do, and the API."""

import json
import tomllib

import pytest
from django.test import Client

from dashboard.accounts.models import ApiToken, User
from dashboard.live.hall import hall
from dashboard.rights import Role
from dashboard.security import host_allowed, origin_allowed
from dashboard.system import stats
from hub.live_settings import in_force
from hub.payloads import HubStatus, Stats
from tests.unit.dashboard.conftest import PASSWORD
from tests.unit.dashboard.records import DAY, attended, see

FIGURES = Stats(
    counts={"frames": 12, "chunks_refused": {"crc32": 3}},
    ms={"recognize": {"p50": 20.0, "p95": 31.5, "p99": 40.0, "n": 12}},
    gauges={"bytes_waiting": 4096, "frames_waiting": 2, "people": 3, "pid": 4711, "since_ms": 1_790_000_000_000},
)


@pytest.fixture
def hub(site):
    hall.feed.hub = HubStatus(state="online", hub_id="h")
    site.line.answers["stats"] = FIGURES.encode()
    return site


@pytest.fixture
def token(site, accounts):
    """`token("viewer")` gives a program's client."""

    def make(role: str, groups: tuple[str, ...] = ()) -> Client:
        user = User.objects.create_user(f"program-{role}", PASSWORD, Role(role), groups)
        return Client(HTTP_HOST="localhost", HTTP_AUTHORIZATION=f"Bearer {ApiToken.issue(user, 'test')}")

    return make


def test_the_hubs_figures_are_shown(hub, sign_in):
    page = sign_in("technician").get("/system/").content.decode()
    assert all(words in page for words in ("recognize", "31.5", "chunks refused: crc32", "Waiting pictures"))


def test_what_the_hub_is_like_now_is_said_in_words_that_fit(hub, sign_in):
    page = " ".join(sign_in("technician").get("/system/").content.decode().split())
    card = page.partition("The hub right now</h2>")[2].partition("</section>")[0]
    for label in (
        "Running since</dt> <dd>09/21/2026",
        "People</dt> <dd>3<",
        "Waiting pictures</dt> <dd>2<",
        "Their size</dt> <dd>4.0 KB<",
    ):
        assert label in card
    assert "pid" not in card
    assert "4711" not in card
    assert "encoded" not in card  # only while photos are encoded anew
    assert card.index("Running since") < card.index("People") < card.index("Waiting pictures")


def test_photos_that_are_encoded_anew_are_shown_while_they_are(hub, sign_in):
    hub.line.answers["stats"] = Stats(
        counts={}, ms={}, gauges={"photos_encoded": 0, "photos_to_encode": 7, "assembler": {"late": 1}}
    ).encode()
    page = " ".join(sign_in("technician").get("/system/").content.decode().split())
    assert "Photos encoded anew</dt> <dd>0<" in page
    assert "Of so many photos</dt> <dd>7<" in page
    assert "assembler: late</dt> <dd>1<" in page


def test_the_page_stands_without_a_hub(site, sign_in):
    assert "The hub doesn't answer" in sign_in("technician").get("/system/").content.decode()


def test_prometheus_reads_the_figures_with_a_token(hub, token):
    text = token("technician").get("/metrics").content.decode()
    assert "presenza_hub_up 1" in text
    assert 'presenza_hub_chunks_refused_total{reason="crc32"} 3' in text
    assert 'presenza_hub_stage_ms{stage="recognize",quantile="0.95"} 31.5' in text
    for line in text.splitlines():
        float(line.rpartition(" ")[2])


def test_metrics_are_not_for_everybody(site, token):
    assert token("viewer").get("/metrics").status_code == 403
    assert Client(HTTP_HOST="localhost", HTTP_AUTHORIZATION="Bearer pz_guess").get("/metrics").status_code == 302


def test_health_is_the_store_and_the_line(site, accounts):
    client = Client(HTTP_HOST="localhost")
    assert client.get("/healthz").json() == {"ok": True, "store": True, "broker": True}
    site.line.connected = False
    assert client.get("/healthz").status_code == 503


# -- settings -------------------------------------------------------------------
FORM = {
    "time_zone": "Europe/Berlin", "day_start": "04:00", "late_after": "08:15", "keep_pictures_days": "7",
    "keep_events_days": "90", "fpir": "0.003", "min_face_px": "56",
}  # fmt: skip


def test_settings_are_written_to_the_file_and_hold_at_once(site, sign_in):
    (site.settings.data_dir / "presenza.toml").write_text('http_port = 8123\ntime_zone = "Europe/Berlin"\n')
    assert sign_in("admin").post("/settings/", FORM).status_code == 302
    written = tomllib.loads((site.settings.data_dir / "presenza.toml").read_text())
    assert written["late_after"] == "08:15"
    assert written["keep_pictures_days"] == 7
    assert written["http_port"] == 8123
    assert site.settings.late_after.isoformat("minutes") == "08:15"


@pytest.mark.parametrize(
    ("name", "value"), [("time_zone", "Mars/Olympus"), ("late_after", "25:00"), ("keep_events_days", "0")]
)
def test_a_bad_setting_is_said_beside_its_field_and_nothing_is_written(site, sign_in, name, value):
    answer = sign_in("admin").post("/settings/", {**FORM, name: value})
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {name}
    assert value in answer.content.decode()
    assert not (site.settings.data_dir / "presenza.toml").exists()


def test_what_the_environment_decides_cannot_be_changed(site, sign_in, monkeypatch):
    monkeypatch.setenv("PRESENZA_LATE_AFTER", "09:00")
    page = sign_in("admin").get("/settings/").content.decode()
    assert "PRESENZA_LATE_AFTER" in page


# -- browsers -------------------------------------------------------------------
def test_pages_allow_no_inline_code_and_no_foreign_address(site, sign_in):
    for where in ("/today/", "/people/p-ada/", "/attendance/month/", "/settings/", "/unknown/", "/system/"):
        answer = sign_in_for(where, sign_in)
        policy = answer.headers["Content-Security-Policy"]
        text = answer.content.decode()
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "<style" not in text
        assert " style=" not in text
        assert " onclick=" not in text
        assert text.count("<script") == text.count("<script src=")
        assert 'src="http' not in text


def sign_in_for(where: str, sign_in):
    User.objects.all().delete()
    return sign_in("admin").get(where)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("localhost:8000", True),
        ("127.0.0.1", True),
        ("[::1]:8000", True),
        ("192.168.1.20:8000", True),
        ("evil.example", False),
        ("", False),
        ("localhost.evil.example", False),
    ],
)
def test_only_addresses_and_own_names_are_answered(host, allowed):
    assert host_allowed(host) is allowed


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:8000", True),
        ("http://localhost:9000", False),
        ("https://evil.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_a_websocket_comes_from_our_own_pages(origin, allowed):
    assert origin_allowed(origin, "localhost:8000") is allowed


def test_a_foreign_host_and_a_body_too_large_are_refused_unread(site, accounts):
    assert Client(HTTP_HOST="evil.example").get("/sign-in/").status_code == 421
    answer = Client(HTTP_HOST="localhost").generic("POST", "/sign-in/", b"x", CONTENT_LENGTH=str(1 << 40))
    assert answer.status_code == 413


def test_a_form_from_elsewhere_is_refused(site, sign_in):
    client = sign_in("admin")
    client.handler.enforce_csrf_checks = True
    assert client.post("/people/p-ada/erase/", {"sure": "yes"}).status_code == 403
    assert len(site.store.people()) == 3


# -- the API --------------------------------------------------------------------
def test_the_api_answers_nobody_without_a_token(site, sign_in):
    for client in (Client(HTTP_HOST="localhost"), sign_in("admin")):
        for where in ("today", "attendance", "people", "devices"):
            assert client.get(f"/api/v1/{where}?from={DAY}&to={DAY}").status_code == 401


@pytest.mark.parametrize(("role", "status"), [("admin", 200), ("teacher", 200), ("viewer", 200), ("technician", 403)])
def test_the_api_keeps_to_the_rights_of_the_account(site, token, role, status):
    client = token(role)
    assert client.get("/api/v1/today").status_code == status
    assert client.get("/api/v1/people").status_code == status
    assert client.get("/api/v1/devices").status_code == (200 if role in ("admin", "technician") else 403)
    mark = client.post(
        f"/api/v1/attendance/p-ada/{DAY}", {"status": "late", "reason": "bus"}, content_type="application/json"
    )
    assert mark.status_code == {"admin": 200, "teacher": 404}.get(role, 403)


def test_the_api_reads_and_marks(site, token):
    see(site, 1, marks=(attended("p-ada"),))
    client = token("admin")
    rows = client.get(f"/api/v1/attendance?from={DAY}&to={DAY}").json()
    assert {row["person_id"]: row["status"] for row in rows} == {
        "p-ada": "present",
        "p-bob": "absent",
        "p-cem": "absent",
    }
    body = {"status": "excused", "reason": "ill at home"}
    marked = client.post(f"/api/v1/attendance/p-bob/{DAY}", body, content_type="application/json").json()
    assert (marked["status"], marked["corrected"]) == ("excused", True)
    assert client.get("/api/v1/people?q=cem").json()["people"][0]["name"] == "Cem Other"


@pytest.mark.parametrize(
    "query", ["", f"from={DAY}", "from=x&to=y", f"from={DAY}&to=2025-01-01", "from=2020-01-01&to=2026-01-01"]
)
def test_the_api_says_what_is_wrong(site, token, query):
    assert token("admin").get(f"/api/v1/attendance?{query}").status_code in (400, 422)


def test_the_api_describes_itself(site, accounts):
    schema = json.loads(Client(HTTP_HOST="localhost").get("/api/openapi.json").content)
    known = {"today", "attendance", "people", "devices", "attendance/{person_id}/{day}"}
    assert set(schema["paths"]) == {f"/api/v1/{name}" for name in known}


# -- settings in force ------------------------------------------------------------
def told(site, **changed: str) -> None:
    """The hub tells what it has in force."""
    site.refresh_settings()
    hall.feed.hub = HubStatus(state="online", hub_id="h")
    stats._last.clear()
    site.line.answers["stats"] = FIGURES.model_copy(
        update={"in_force": {**in_force(site.settings), **changed}}
    ).encode()


def test_what_is_saved_and_what_is_in_force_are_compared(site, sign_in):
    client = sign_in("admin")
    told(site)
    assert "is in force at the hub" in client.get("/settings/").content.decode()
    told(site, late_after="07:55", min_face_px="99")
    page = client.get("/settings/").content.decode()
    for words in ("07:55", "within seconds", "99", "next start"):
        assert words in page
    fragment = client.get("/settings/", HTTP_HX_REQUEST="true").content.decode()
    assert "every 1s" in fragment
    assert "<html" not in fragment


def test_without_a_hub_nothing_is_claimed_of_what_is_in_force(site, sign_in):
    page = sign_in("admin").get("/settings/").content.decode()
    assert "isn't known now" in page.replace("&#x27;", "'")
    assert "is in force at the hub" not in page
