"""What a start says when Google refuses, or can't be reached."""

import socket
import time
from pathlib import Path
from typing import Any

import grpc
import pytest

from hub import settings
from hub.cli import check_cloud
from hub.cli.check import run
from hub.cli.finding import Level
from hub.cloud import starting
from hub.cloud.starting import Trouble
from hub.pipeline import now_ms
from hub.settings import Settings
from tests.firestore_emulator import free_port
from tests.firestore_peer import (
    NO_DATABASE,
    NO_RIGHT,
    REVOKED,
    SWITCHED_OFF,
    TOKEN,
    WRONG_MODE,
    WRONG_TIME,
    key_file,
    run_peer,
    run_token_endpoint,
)


def load(**values: Any) -> Settings:
    return settings.load({}, store="firestore", firebase_project="a-school", cloud_test=True, **values)


def only(found: list[Trouble]) -> Trouble:
    (trouble,) = found
    return trouble


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ask a peer that is made with the given refusal; what was found."""

    def ask(refusal: Any = None, ahead_s: float = 0.0, **values: Any) -> list[Trouble]:
        with run_peer(refusal, ahead_s=ahead_s) as host:
            monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", host)
            return starting.look(load(**values), now_ms)

    return ask


def test_with_everything_right_there_is_nothing_to_say(cloud: Settings):
    assert starting.look(cloud, now_ms) == []


def test_a_key_that_google_accepts_is_nothing_to_say(asked: Any, tmp_path: Path):
    with run_token_endpoint(TOKEN) as address:
        assert asked(firebase_credentials=key_file(tmp_path / "key.json", token_uri=address)) == []


def test_a_revoked_key_is_said_with_its_file(asked: Any, tmp_path: Path):
    with run_token_endpoint(REVOKED) as address:
        trouble = only(asked(firebase_credentials=key_file(tmp_path / "key.json", token_uri=address)))
    assert trouble.reason == "key_revoked"
    assert str(tmp_path / "key.json") in trouble.message
    assert "Firebase console" in trouble.todo
    assert not trouble.away


def test_a_clock_that_makes_the_key_useless_is_not_called_a_revoked_key(asked: Any, tmp_path: Path):
    with run_token_endpoint(WRONG_TIME) as address:
        trouble = only(asked(firebase_credentials=key_file(tmp_path / "key.json", token_uri=address)))
    assert trouble.reason == "clock"


def test_a_token_that_can_not_be_fetched_is_the_lines_fault(asked: Any, tmp_path: Path):
    nobody = f"http://127.0.0.1:{free_port()}/token"
    trouble = only(asked(firebase_credentials=key_file(tmp_path / "key.json", token_uri=nobody)))
    assert (trouble.reason, trouble.away) == ("away", True)


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        ((grpc.StatusCode.NOT_FOUND, NO_DATABASE), "no_database"),
        ((grpc.StatusCode.INVALID_ARGUMENT, "Invalid resource field value in the request."), "no_database"),
        ((grpc.StatusCode.FAILED_PRECONDITION, WRONG_MODE), "datastore_mode"),
        ((grpc.StatusCode.PERMISSION_DENIED, NO_RIGHT), "forbidden"),
        ((grpc.StatusCode.PERMISSION_DENIED, SWITCHED_OFF), "api_disabled"),
        ((grpc.StatusCode.UNAUTHENTICATED, "Request had invalid authentication credentials."), "key_revoked"),
    ],
)
def test_a_wrong_project_is_told_by_what_google_says(asked: Any, refusal: Any, reason: str):
    trouble = only(asked(refusal))
    assert (trouble.reason, trouble.away) == (reason, False)
    assert trouble.todo
    if reason != "key_revoked":
        assert "a-school" in trouble.message


def test_a_quota_that_is_used_up_passes_by_itself(asked: Any):
    trouble = only(asked((grpc.StatusCode.RESOURCE_EXHAUSTED, "Quota exceeded.")))
    assert (trouble.reason, trouble.away) == ("quota", True)


def test_googles_own_trouble_is_no_fault_of_the_configuration(asked: Any):
    assert only(asked((grpc.StatusCode.UNAVAILABLE, "The service is currently unavailable."))).away


@pytest.mark.parametrize(("ahead_s", "word"), [(3600, "60 minutes behind"), (-3600, "60 minutes ahead of")])
def test_a_clock_that_is_off_is_said(asked: Any, ahead_s: float, word: str):
    trouble = only(asked(ahead_s=ahead_s))
    assert trouble.reason == "clock"
    assert word in trouble.message


def test_a_clock_that_is_a_little_off_is_let_be(asked: Any):
    assert asked(ahead_s=240) == []


def test_nobody_there_is_told_soon(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{free_port()}")
    assert only(starting.look(load(), now_ms)).away


def test_somebody_who_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(starting, "TIMEOUT_S", 0.5)
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen()
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{hole.getsockname()[1]}")
        started = time.monotonic()
        assert only(starting.look(load(), now_ms)).away
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("answers", [False, True], ids=["nobody there", "a black hole"])
def test_a_bucket_that_can_not_be_reached_is_the_lines_fault(
    cloud: Settings, monkeypatch: pytest.MonkeyPatch, answers: bool
):
    monkeypatch.setattr(starting, "TIMEOUT_S", 1.0)
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        if answers:
            hole.listen()
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{hole.getsockname()[1]}")
        trouble = only(starting.look(cloud, now_ms))
    assert (trouble.reason, trouble.away) == ("away", True)
    assert trouble.message.startswith("The bucket can't be reached")


def test_a_mistake_in_the_look_is_said_and_kills_nobody(cloud: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(starting, "_time_of_firestore", lambda settings: 1 // 0)
    trouble = only(starting.look(cloud, now_ms))
    assert trouble.reason == "mistake"
    assert "ZeroDivisionError" in trouble.message


def test_a_bucket_that_is_not_there_is_said(cloud: Settings):
    trouble = only(starting.look(cloud.model_copy(update={"storage_bucket": "not-there"}), now_ms))
    assert trouble.reason == "no_bucket"
    assert "not-there" in trouble.message


def test_no_sentence_holds_the_key(asked: Any, tmp_path: Path):
    path = key_file(tmp_path / "key.json")
    trouble = only(asked((grpc.StatusCode.PERMISSION_DENIED, NO_RIGHT), firebase_credentials=path))
    assert "PRIVATE KEY" not in trouble.message + trouble.todo


def findings(values: Settings) -> list[tuple[Level, str]]:
    return [(finding.level, finding.message) for finding in run(check_cloud.cloud, values)]


def test_check_says_nothing_of_the_cloud_where_nobody_wants_it(tmp_path: Path):
    assert findings(settings.load({}, data_dir=tmp_path)) == []


def test_check_tells_a_cloud_that_is_well(cloud: Settings):
    ((level, message),) = findings(cloud)
    assert level is Level.OK
    assert cloud.firebase_project in message


def test_check_fails_on_what_is_wrong_and_warns_of_what_is_away(cloud: Settings, monkeypatch: pytest.MonkeyPatch):
    ((level, _),) = findings(cloud.model_copy(update={"storage_bucket": "not-there"}))
    assert level is Level.FAIL
    ((level, message),) = findings(cloud.model_copy(update={"firebase_credentials": Path("/gone.json")}))
    assert (level, "can't be read" in message) == (Level.FAIL, True)
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{free_port()}")
    ((level, _),) = findings(cloud)
    assert level is Level.WARN


def test_check_tells_that_pictures_have_no_bucket(cloud: Settings):
    levels = [level for level, _ in findings(cloud.model_copy(update={"storage_bucket": ""}))]
    assert levels == [Level.WARN, Level.OK]
