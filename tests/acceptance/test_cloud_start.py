"""`presenza hub` with a cloud that it can't use: what can only be wrong stops it; else it says so and does its work."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.acceptance.stack import Stack, portrait, run, scene, until
from tests.firestore_emulator import free_port, new_name
from tests.firestore_peer import NO_DATABASE, REVOKED, key_file, run_peer, run_token_endpoint

FIRESTORE = {
    "PRESENZA_STORE": "firestore",
    "PRESENZA_FIREBASE_PROJECT": "a-school",
    "PRESENZA_CLOUD_TEST": "true",
}


def cloud_lines(stack: Stack) -> list[dict[str, Any]]:
    """What the hub logged of its first look at the cloud."""
    lines = [json.loads(line) for line in stack.log.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] in ("cloud", "cloud reached")]


def first_look(stack: Stack, **environ: str) -> dict[str, Any]:
    """Start the hub, let it recognize somebody, and return what it says of the cloud."""
    stack.start_hub(**(FIRESTORE | {"PRESENZA_LOG_FORMAT": "json"} | environ))
    assert stack.door.send(scene(portrait("obama", 3)))["outcome"] == "recognized"
    until(lambda: cloud_lines(stack))
    assert stack.stop_hub() == 0
    return cloud_lines(stack)[0]


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"PRESENZA_FIREBASE_PROJECT": ""}, "PRESENZA_STORE = firestore needs PRESENZA_FIREBASE_PROJECT"),
        ({"PRESENZA_FIREBASE_CREDENTIALS": "/gone.json"}, "names /gone.json, which can't be read"),
        ({"PRESENZA_FIREBASE_CREDENTIALS": "/etc/hostname"}, "is no key file of a service account"),
        (
            {"FIRESTORE_EMULATOR_HOST": "127.0.0.1:1", "PRESENZA_CLOUD_TEST": "false"},
            "FIRESTORE_EMULATOR_HOST would send people and attendance to an emulator",
        ),
    ],
)
def test_what_can_only_be_wrong_stops_the_start(tmp_path: Path, environ: dict[str, str], sentence: str):
    ended = run("hub", env=clean(tmp_path) | FIRESTORE | environ, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr


def clean(folder: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.endswith("_EMULATOR_HOST")}
    return inherited | {"PRESENZA_DATA_DIR": str(folder)}


@pytest.mark.engine
def test_a_hub_whose_key_was_revoked_says_so_and_takes_attendance(stack: Stack, tmp_path: Path):
    with run_token_endpoint(REVOKED) as address:
        key = key_file(tmp_path / "key.json", token_uri=address)
        said = first_look(
            stack, PRESENZA_FIREBASE_CREDENTIALS=str(key), FIRESTORE_EMULATOR_HOST=f"127.0.0.1:{free_port()}"
        )
    assert (said["level"], said["reason"]) == ("error", "key_revoked")
    assert str(key) in said["message"]
    assert "Firebase console" in said["todo"]
    assert "PRIVATE KEY" not in stack.log


@pytest.mark.engine
@pytest.mark.parametrize(
    ("peer", "reason"),
    [
        (lambda: run_peer((grpc.StatusCode.NOT_FOUND, NO_DATABASE)), "no_database"),
        (lambda: run_peer(ahead_s=3600), "clock"),
    ],
    ids=["wrong project", "clock off"],
)
def test_a_hub_that_google_sends_away_says_why_and_takes_attendance(stack: Stack, peer: Callable[[], Any], reason: str):
    with peer() as host:
        said = first_look(stack, FIRESTORE_EMULATOR_HOST=host)
    assert (said["level"], said["reason"]) == ("error", reason)


@pytest.mark.engine
def test_a_hub_whose_bucket_is_not_there_says_so_and_takes_attendance(
    stack: Stack, firestore_project: str, storage_bucket: str
):
    environ = {"PRESENZA_FIREBASE_PROJECT": firestore_project, "PRESENZA_STORAGE_BUCKET": new_name("gone")}
    said = first_look(stack, **emulators(), **environ)
    assert (said["level"], said["reason"]) == ("error", "no_bucket")
    assert environ["PRESENZA_STORAGE_BUCKET"] in said["message"]


def emulators() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.endswith("_EMULATOR_HOST")}
