"""The bad line itself, before anything else is judged by it: with Firestore's emulator behind it."""

import time
from collections.abc import Iterator

import pytest
from google.api_core.exceptions import AlreadyExists, DeadlineExceeded, GoogleAPICallError, ServiceUnavailable
from google.cloud.firestore import Client

from hub.cloud import firebase
from hub.settings import Settings
from tests.firestore_emulator import FirestoreEmulator
from tests.proxy import Line


@pytest.fixture
def line(firestore_emulator: FirestoreEmulator) -> Iterator[Line]:
    with Line(firestore_emulator.port, seed=5) as opened:
        yield opened


@pytest.fixture
def straight(cloud: Settings) -> Client:
    """A client that has nothing to do with the line."""
    return firebase.firestore_client(cloud)


@pytest.fixture
def client(cloud: Settings, straight: Client, line: Line, monkeypatch: pytest.MonkeyPatch) -> Client:
    """One that reaches the same project over the line."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", line.host)
    return firebase.firestore_client(cloud)


def exists(client: Client, name: str) -> bool:
    return bool(client.document(f"a/{name}").get(timeout=20, retry=None).exists)


def create(client: Client, name: str, timeout_s: float = 20) -> None:
    client.document(f"a/{name}").create({}, timeout=timeout_s, retry=None)


def until_created(client: Client, name: str) -> None:
    """Try again as the product does; that it is there already means that it was ours."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            return create(client, name)
        except AlreadyExists:
            return None
        except GoogleAPICallError:
            time.sleep(0.05)  # gRPC itself waits about a second before it connects anew
    raise AssertionError("the line never came back")


def test_an_unharmed_line_passes_everything(client: Client):
    create(client, "1")
    assert exists(client, "1")


def test_a_cut_line_refuses_and_a_mended_one_passes(client: Client, line: Line):
    create(client, "1")
    line.cut()
    with pytest.raises(ServiceUnavailable):
        create(client, "2")
    line.mend()
    until_created(client, "3")


def test_a_black_hole_takes_everything_and_never_answers(client: Client, straight: Client, line: Line):
    create(client, "1")
    line.swallow()
    with pytest.raises(DeadlineExceeded):
        create(client, "2", 1)
    assert not exists(straight, "2")
    line.mend()
    until_created(client, "3")


def test_a_lost_reply_leaves_a_document_that_nobody_was_told_of(client: Client, straight: Client, line: Line):
    create(client, "0")
    line.lose_replies(1.0)
    with pytest.raises(GoogleAPICallError):
        create(client, "1")
    line.mend()
    assert exists(straight, "1")
    assert line.lost == 1
