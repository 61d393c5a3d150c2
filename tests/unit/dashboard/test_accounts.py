"""Signing in, accounts, tokens, the audit log."""

import pytest
from django.test import Client

from dashboard.accounts import throttle
from dashboard.accounts.first import first_admin, set_account
from dashboard.accounts.models import ApiToken, User
from dashboard.audit.models import Entry
from dashboard.rights import Role
from hub.errors import InputError
from tests.unit.dashboard.conftest import PASSWORD
from tests.unit.dashboard.records import DAY, see


def sign_in_form(password: str = PASSWORD, **more: str):
    client = Client(HTTP_HOST="localhost")
    return client, client.post("/sign-in/", {"username": "ines", "password": password, **more})


@pytest.fixture
def ines(site, accounts) -> User:
    return User.objects.create_user("ines", PASSWORD, Role.VIEWER)


def test_the_first_start_makes_one_administrator(accounts):
    password = first_admin()
    assert User.objects.get().check_password(password)
    assert User.objects.get().role == "admin"
    assert first_admin() is None


def test_an_account_is_made_or_mended_on_the_terminal(accounts):
    first = set_account("max", "teacher", ["6b", "5a"])
    second = set_account("max", "viewer", [])
    user = User.objects.get()
    assert (user.role, user.groups) == ("viewer", [])
    assert user.check_password(second)
    assert not user.check_password(first)
    for name, role in (("no body", "admin"), ("max", "king")):
        with pytest.raises(InputError):
            set_account(name, role, [])


def test_signing_in_leads_to_the_page_that_was_asked_for(ines):
    assert sign_in_form(next="/people/")[1]["Location"] == "/people/"


@pytest.mark.parametrize(
    "elsewhere", ["https://example.org/", "//example.org", "javascript:alert(1)", "/\\example.org"]
)
def test_signing_in_never_leads_elsewhere(ines, elsewhere):
    assert sign_in_form(next=elsewhere)[1]["Location"] == "/"


def test_tries_are_slowed_down_even_with_the_right_password(ines):
    for _ in range(throttle.ACCOUNT_TRIES):
        assert "match" in sign_in_form("wrong")[1].content.decode()
    assert "Too many tries" in sign_in_form()[1].content.decode()
    assert Entry.objects.filter(action="sign_in_failed").count() == throttle.ACCOUNT_TRIES


def test_many_accounts_from_one_address_are_slowed_down_too(ines):
    for number in range(throttle.ADDRESS_TRIES):
        throttle.failed(f"user-{number}", "127.0.0.1")
    assert "Too many tries" in sign_in_form()[1].content.decode()


def test_after_a_while_tries_count_no_more(ines, monkeypatch):
    for _ in range(throttle.ACCOUNT_TRIES):
        throttle.failed("ines", "127.0.0.1")
    later = throttle.now_ms() + throttle.WINDOW_MS + 1
    monkeypatch.setattr(throttle, "now_ms", lambda: later)
    assert throttle.wait_s("ines", "127.0.0.1") == 0


def test_a_closed_account_does_not_get_in_and_is_put_out(ines):
    client, answer = sign_in_form()
    assert answer.status_code == 302
    User.objects.update(is_active=False)
    assert client.get("/today/").status_code == 302
    assert sign_in_form()[1].status_code == 422


def test_a_password_is_changed_with_the_one_so_far(ines):
    client, _ = sign_in_form()
    assert client.post("/account/", {"password": "wrong", "new_password": "another good one"}).status_code == 422
    assert client.post("/account/", {"password": PASSWORD, "new_password": "short"}).status_code == 422
    assert client.post("/account/", {"password": PASSWORD, "new_password": "another good one"}).status_code == 302
    assert client.get("/today/").status_code == 200
    assert sign_in_form("another good one")[1].status_code == 302


def test_an_administrator_makes_accounts_with_groups(site, sign_in):
    client = sign_in("admin")
    form = {"username": "max", "role": "teacher", "groups": "6b, 5a,", "is_active": "on", "new_password": PASSWORD}
    assert client.post("/settings/accounts/add/", form).status_code == 302
    assert User.objects.get(username="max").groups == ["5a", "6b"]
    assert client.post("/settings/accounts/add/", form).status_code == 422


def test_the_last_administrator_stays_one(site, sign_in):
    client = sign_in("admin")
    own = User.objects.get(username="admin-0")
    form = {"username": "admin-0", "role": "viewer", "groups": "", "is_active": "on", "new_password": ""}
    assert "last administrator" in client.post(f"/settings/accounts/{own.pk}/", form).content.decode()
    assert User.objects.get(pk=own.pk).role == "admin"


def test_tokens_are_shown_once_and_kept_as_a_hash(site, sign_in):
    client = sign_in("viewer")
    page = client.post("/account/tokens/", {"name": "screen"}).content.decode()
    token = page.partition('<code class="secret">')[2].partition("<")[0]
    assert token.startswith("pz_")
    assert token not in client.get("/account/").content.decode()
    assert ApiToken.objects.get().digest != token


def test_the_language_of_an_account_wins(ines):
    client, _ = sign_in_form()
    client.post("/language/", {"language": "de", "next": "/today/"})
    assert "Heute" in client.get("/today/", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert User.objects.get().language == "de"


def test_views_of_names_and_faces_and_changes_are_on_record_without_names(site, sign_in):
    see(site, 1, "p-ada")
    client = sign_in("admin")
    for where in ("/today/", "/people/", "/people/p-ada/", f"/attendance/?day={DAY}", "/pictures/01E00001.jpg"):
        client.get(where)
    client.post(f"/attendance/p-ada/{DAY}/correct/", {"status": "late", "reason": "train was late"})
    client.get("/people/")  # where the message that names Ada is shown
    page = client.get("/settings/audit/").content.decode()
    for action in ("seen_today", "seen_people", "seen_person", "seen_attendance_day", "seen_picture", "corrected"):
        assert action in page
    assert "Ada" not in page
    assert {entry.username for entry in Entry.objects.all()} == {"admin-0"}


def test_the_audit_log_can_be_searched(site, sign_in):
    client = sign_in("admin")
    client.get("/people/p-ada/")
    client.get("/people/p-bob/")
    page = client.get("/settings/audit/?target=p-ada").content.decode()
    assert "p-ada" in page
    assert "p-bob" not in page
