"""Who may send a large body is decided by the head of the request."""

import pytest

from dashboard.accounts.models import ApiToken, User
from dashboard.bodies import SMALL, Head, refusal
from dashboard.security import BODY_MAX, IMPORT_MAX

ENROL = "/people/p-ada/enrol/"
LARGE = SMALL + 1


def head(path: str, length: int | None = LARGE, client=None, **more: str) -> Head:
    cookies = client.cookies if client else {}
    cookie = "; ".join(f"{name}={each.value}" for name, each in cookies.items())
    return Head(path, length, "localhost", cookie, **more)


def test_nobody_sends_anything_large_without_signing_in(site, accounts):
    assert refusal(head(ENROL)) == 401
    assert refusal(head("/people/import/", 300_000_000)) == 401
    assert refusal(Head(ENROL, LARGE, "localhost", "presenza_session=made-up")) == 401


def test_the_sign_in_page_takes_nothing_large_at_all(site, accounts):
    assert refusal(head("/sign-in/")) == 413


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("admin", ENROL, None),
        ("admin", "/people/import/", None),
        ("viewer", ENROL, 403),
        ("technician", ENROL, 403),
        ("technician", "/devices/door-1/config/", None),
        ("admin", "/nothing/here/", 404),
    ],
)
def test_a_role_sends_where_it_may_change_something(sign_in, role, path, status):
    assert refusal(head(path, client=sign_in(role))) == status


def test_a_body_has_a_length_and_a_limit(sign_in):
    client = sign_in("admin")
    assert refusal(head(ENROL, None, client)) == 411
    assert refusal(head(ENROL, BODY_MAX + 1, client)) == 413
    assert refusal(head("/people/import/", BODY_MAX + 1, client)) is None
    assert refusal(head("/people/import/", IMPORT_MAX + 1, client)) == 413


def test_a_program_is_known_by_its_token_where_programs_are_let_in(sign_in):
    sign_in("admin")
    token = ApiToken.issue(User.objects.get(username="admin-0"), "a program")
    assert refusal(head("/metrics", authorization=f"Bearer {token}")) is None
    assert refusal(head(ENROL, authorization=f"Bearer {token}")) == 401


def test_a_foreign_name_for_this_machine_is_refused(site, accounts):
    assert refusal(Head(ENROL, LARGE, "evil.example")) == 421


def test_an_account_that_was_closed_sends_nothing(sign_in):
    client = sign_in("admin")
    User.objects.update(is_active=False)
    assert refusal(head(ENROL, client=client)) == 401
