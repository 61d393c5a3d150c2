"""From a one-time code to a recognized face, with the real commands."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import broker
from hub.cli.broker import register
from tests.acceptance.stack import PATIENCE_S, Stack, portrait, presenza, run

pytestmark = pytest.mark.engine


@pytest.fixture
def desk(stack: Stack) -> Iterator[None]:
    running = broker.Desk(stack.site.settings, lambda device: register(stack.site.settings, device))
    running.start()
    yield
    running.stop()


def start_camera(stack: Stack, folder: Path, code: str) -> subprocess.Popen[bytes]:
    photos = folder / "photos" / "obama"
    photos.mkdir(parents=True, exist_ok=True)
    shutil.copy(portrait("obama", 3), photos)
    options = ["--claim", code, "--credentials", str(folder / "camera.json"), "--photos", str(photos.parent)]
    return presenza(
        "camera", *options, "--pairs", "0", "--for", str(PATIENCE_S), "--json",
        env=stack.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def outcomes(camera: subprocess.Popen[bytes]) -> Iterator[tuple[str, str]]:
    assert camera.stdout is not None
    for line in camera.stdout:
        row = json.loads(line)
        yield row["device"], row["outcome"]


def test_an_invited_camera_claims_its_identity_and_its_frames_are_recognized(stack, desk, tmp_path):
    stack.start_hub()
    code = json.loads(run("device", "invite", "gate-1", "--json", env=stack.environ).stdout)["code"]
    with start_camera(stack, tmp_path, code) as camera:
        assert ("gate-1", "recognized") in outcomes(camera)
        camera.terminate()
        _, said = camera.communicate(timeout=PATIENCE_S)
    assert "claim: this camera is gate-1 now" in said.decode()
    assert stack.seen_today() == ["Obama"]
    assert (tmp_path / "camera.json").stat().st_mode & 0o077 == 0
    listed = json.loads(run("device", "list", "--json", env=stack.environ).stdout)
    assert "gate-1" in [row["device"] for row in listed]
    with start_camera(stack, tmp_path, code) as again:  # the code is used up; the file holds the identity
        assert ("gate-1", "already_marked") in outcomes(again)
        again.terminate()
        again.communicate(timeout=PATIENCE_S)
