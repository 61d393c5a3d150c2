"""Django set up once, on a folder of its own; a site in memory for each test; accounts of every role."""

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

import pytest

pytest.importorskip("django")


def _set_up() -> None:
    """Django reads its settings once; the environment is as it was afterwards."""
    import django
    from django.conf import settings

    folder = tempfile.TemporaryDirectory(prefix="presenza-dashboard-")
    there = {"DJANGO_SETTINGS_MODULE": "dashboard.settings", "PRESENZA_DATA_DIR": folder.name}
    with mock.patch.dict(os.environ, {**there, "PRESENZA_TIME_ZONE": "Europe/Berlin"}):
        django.setup()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real one takes half a second
    settings.TEST_FOLDER = folder  # lives as long as the settings


_set_up()

from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from broker import Identity, claims  # noqa: E402
from broker.admin import check_name  # noqa: E402
from dashboard import runtime as runtime_module  # noqa: E402
from dashboard.accounts.models import User  # noqa: E402
from dashboard.live import crops  # noqa: E402
from dashboard.live.hall import hall  # noqa: E402
from dashboard.rights import Role  # noqa: E402
from dashboard.runtime import Runtime  # noqa: E402
from dashboard.system import stats  # noqa: E402
from hub import settings as hub_settings  # noqa: E402
from hub.errors import Conflict, Unavailable  # noqa: E402
from hub.model import Consent, Event, Person  # noqa: E402
from hub.settings import Settings  # noqa: E402
from hub.store.memory import MemoryStore  # noqa: E402
from hub.store.pictures import MemoryPictures  # noqa: E402

PASSWORD = "correct horse battery"
CONSENT = Consent("agreed", "admin", 1_000, "2026-1")


@dataclass
class FakeLine:
    """A line that keeps what is sent, and answers requests from a table: method → bytes or an exception."""

    connected: bool = True
    published: list[tuple[str, bytes, bool]] = field(default_factory=list)
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None) -> None:
        del expiry_s
        if not self.connected:
            raise Unavailable("There is no connection to the broker.")
        self.published.append((topic, payload, retain))

    def request(self, method: str, payload: bytes, timeout_s: float = 30.0) -> bytes:
        del timeout_s
        self.requests.append((method, payload))
        answer = self.answers.get(method, Unavailable("The hub doesn't answer."))
        if isinstance(answer, Exception):
            raise answer
        return answer(payload) if callable(answer) else answer

    def erased(self, person_id: str) -> None:
        self.told.append(("erased", person_id))

    def renamed(self, event: Event) -> None:
        self.told.append(("renamed", event.event_id))

    def attendance_changed(self) -> None:
        self.told.append(("attendance", ""))

    def forget_camera(self, device: str) -> None:
        self.told.append(("forgotten", device))

    def rollout_waits(self) -> None:
        self.told.append(("rollout", ""))


@pytest.fixture(scope="session", autouse=True)
def _database() -> None:
    setup_test_environment()
    call_command("migrate", verbosity=0, interactive=False)


@pytest.fixture
def accounts() -> Iterator[None]:
    """A database that is as it was after the test."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class FakeAdmin:
    """The broker's administrator without a broker: it remembers who has an identity."""

    known: ClassVar[dict[str, bool]] = {}  # camera -> disabled

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def __enter__(self) -> "FakeAdmin":
        return self

    def __exit__(self, *_: object) -> None: ...

    def add_device(self, device: str) -> str:
        check_name(device)
        if device in self.known:
            raise Conflict("It has an identity already.")
        self.known[device] = False
        return "a-new-password"

    def invite(self, device: str, note: str = "") -> str:
        check_name(device)
        return claims.invite(self.settings, device, time.time(), note)

    def rotate(self, device: str) -> str:
        del device
        return "another-password"

    def disable(self, device: str) -> None:
        self.known[device] = True

    def enable(self, device: str) -> None:
        self.known[device] = False

    def remove(self, device: str) -> None:
        self.known.pop(device, None)

    def list(self) -> list[Identity]:
        return [Identity(device, disabled) for device, disabled in self.known.items()]


def _credentials(settings: object, device: str, password: str) -> dict[str, object]:
    del settings
    known = {"device": device, "site": "main", "username": device, "password": password}
    return {**known, "host": "127.0.0.1", "port": 8883, "tls": True, "ca": "-----BEGIN CERTIFICATE-----"}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """A site in memory: Ada and Bob in 5a, Cem in 6b."""
    monkeypatch.setattr("broker.Admin", FakeAdmin)
    monkeypatch.setattr("broker.camera_credentials", _credentials)
    FakeAdmin.known.clear()
    settings = hub_settings.load({}, data_dir=tmp_path, time_zone="Europe/Berlin")
    settings.secrets_dir.mkdir(mode=0o700)
    opened = Runtime(settings, MemoryStore(), MemoryPictures(), FakeLine())
    for person_id, name, group in (
        ("p-ada", "Ada Example", "5a"),
        ("p-bob", "Bob Sample", "5a"),
        ("p-cem", "Cem Other", "6b"),
    ):
        opened.store.add_person(Person(person_id, name, f"n-{person_id}", group, CONSENT, 1_000))
    hall.__init__()  # one process has one hall; each test a new one
    crops.forget()
    stats._last.clear()
    runtime_module.install(opened)
    return opened


@pytest.fixture
def sign_in(site: Runtime, accounts: None):
    """`sign_in("teacher", groups=["5a"])` gives a client that is signed in with such an account."""

    def make(role: str, groups: tuple[str, ...] = ()) -> Client:
        user = User.objects.create_user(f"{role}-{len(groups)}", PASSWORD, Role(role), groups)
        client = Client(raise_request_exception=True, HTTP_HOST="localhost")
        client.force_login(user)
        return client

    return make
