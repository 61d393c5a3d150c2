"""Every address and every role: a view that is added is tested here without anybody thinking of it."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from dashboard.rights import GRANTS, Right, Role, right_of
from hub.model import Device, Photo, Quality
from hub.shadow import ConfigTemplate, WantedConfig
from tests.unit.dashboard.records import DAY, attended, jpeg, see

# What stands in an address's place for an argument.
ARGUMENTS = {
    "person_id": "p-ada", "day": DAY, "photo_id": "f-1", "job_id": "none", "event_id": "01E00001", "place": "0",
    "pk": "1", "device": "door-1", "op": "identify", "version": "1", "act": "disable", "form": "csv",
    "template": "doors",
}  # fmt: skip
OWN = {"sign-in", "sign-out", "language", "profile", "profile-token-add", "profile-token-remove"}


def patterns(found: list, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in found:
        route = prefix + str(each.pattern)
        if hasattr(each, "url_patterns"):
            yield from patterns(each.url_patterns, route)
        else:
            yield address(route), each


def address(route: str) -> str:
    route = re.sub(
        r"<(?:\w+:)?(\w+)>", lambda match: ARGUMENTS[match[1]], re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", route)
    )
    return "/" + route.replace("^", "").replace("$", "").replace("\\", "")


ALL = list(patterns(get_resolver().url_patterns))
VIEWS = [pytest.param(where, each, id=f"{each.name} {where}") for where, each in ALL if not where.startswith("/api/")]
ROLES = list(Role)


@pytest.fixture
def seen(site):
    """Ada was here, a stranger too."""
    see(site, 1, "p-ada", marks=(attended("p-ada"),))
    see(site, 2)
    site.store.add_device(Device("door-1", 1))
    site.store.add_photo(Photo("f-1", "p-ada", "people/p-ada/f-1.jpg", Quality(120, 90.0, 120.0, 0.1, 0.9), 1), [])
    site.pictures.put("people/p-ada/f-1.jpg", jpeg())
    site.store.want_config(WantedConfig("door-1", 1, {}, "admin", 1))
    site.store.put_config_template(ConfigTemplate("doors", {"led": "off"}, ("door-1",), "admin", 1))
    return site


@pytest.mark.parametrize(("where", "pattern"), VIEWS)
def test_every_view_names_the_right_that_it_needs(where: str, pattern: URLPattern):
    assert isinstance(right_of(pattern.callback), Right)


@pytest.mark.parametrize(("where", "pattern"), VIEWS)
def test_nobody_gets_in_without_signing_in(where: str, pattern: URLPattern, seen, accounts):
    client = Client(HTTP_HOST="localhost")
    for answer in (client.get(where), client.post(where)):
        if right_of(pattern.callback) is Right.ANYBODY:
            assert answer.status_code in (200, 302, 405, 422)
        else:
            assert answer.status_code == 302
            assert answer["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("where", "pattern"), VIEWS)
def test_a_role_reaches_what_it_has_the_right_to_and_nothing_else(where, pattern, role, seen, sign_in):
    client = sign_in(role.value, ("5a",) if role is Role.TEACHER else ())
    granted = right_of(pattern.callback) in GRANTS[role]
    for answer in (client.get(where), client.post(where)):
        if not granted:
            assert answer.status_code == 403
        elif pattern.name in ("people-import", "people-import-job"):  # for who sees everybody only
            assert answer.status_code in (200, 302, 403, 405, 422)
        else:
            assert answer.status_code in (200, 302, 404, 405, 422, 503)
        if pattern.name == "sign-out":
            return


@pytest.mark.parametrize(("where", "pattern"), VIEWS)
def test_a_viewer_changes_nothing_but_their_own_account(where: str, pattern: URLPattern, seen, sign_in):
    if pattern.name not in OWN:
        assert sign_in("viewer").post(where).status_code in (403, 405)


@pytest.mark.parametrize(("where", "pattern"), VIEWS)
def test_a_technician_sees_no_face_and_no_name(where: str, pattern: URLPattern, seen, sign_in):
    client = sign_in("technician")
    seen.pictures.put("last/door-1.jpg", b"\xff\xd8 a frame")
    for answer in (client.get(where), client.post(where)):
        if pattern.name == "sign-out":
            return
        assert not answer.headers.get("Content-Type", "").startswith("image/")
        text = answer.content.decode(errors="replace")
        assert "Ada" not in text
        assert "/faces/" not in text


def test_an_address_without_a_right_is_closed_to_everybody(sign_in, monkeypatch):
    from dashboard.people import views

    monkeypatch.delattr(views.people, "right")
    assert sign_in("admin").get("/people/").status_code == 403
