"""`presenza camera` as a process, on a real broker."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hub import wire
from hub.model import Outcome
from tests.hubside import HubSide, always, never
from tests.integration.brokers import Site


def camera(site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hub", "camera", *arguments]
    return subprocess.run(command, env=site.environ, capture_output=True, text=True, timeout=60, check=False)


def rows(done: subprocess.CompletedProcess[str]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    *lines, summary = [json.loads(line) for line in done.stdout.splitlines()]
    return lines, summary["summary"]


def test_cameras_get_identities_by_themselves_and_report_each_answer(broker_site: Site) -> None:
    with HubSide(broker_site.settings, always(Outcome.NO_FACE)) as hub:
        hub.is_("online")
        done = camera(broker_site, "--count", "2", "--wall", "--for", "3", "--fps", "5", "--json")
    lines, summary = rows(done)
    assert done.returncode == 0, done.stderr
    assert {line["device"] for line in lines} == {"sim-1", "sim-2"}
    assert {line["outcome"] for line in lines} == {"no_face"}
    assert (summary["cameras"], summary["answered"]) == (2, len(lines))


def test_a_second_run_takes_the_same_identities(broker_site: Site) -> None:
    with HubSide(broker_site.settings, always(Outcome.NO_FACE)) as hub:
        hub.is_("online")
        codes = [camera(broker_site, "--wall", "--for", "1", "--quiet").returncode for _ in range(2)]
    assert codes == [0, 0]


def test_credentials_come_from_a_file(broker_site: Site, tmp_path: Path) -> None:
    logins = [broker_site.add_camera(f"door-{number}") for number in (1, 2, 3)]
    file = tmp_path / "logins.jsonl"
    file.write_text("\n".join(json.dumps(login) for login in logins))
    with HubSide(broker_site.settings, always(Outcome.NO_FACE)) as hub:
        hub.is_("online")
        done = camera(broker_site, "--credentials", str(file), "--count", "2", "--wall", "--for", "3", "--json")
    lines, summary = rows(done)
    assert {line["device"] for line in lines} == {"door-1", "door-2"}
    assert summary["cameras"] == 2


def test_pictures_made_beforehand_are_sent_without_a_pause(broker_site: Site) -> None:
    with HubSide(broker_site.settings, always(Outcome.UNKNOWN)) as hub:
        hub.is_("online")
        options = ("--count", "3", "--no-scene", "--wall", "--fps", "10", "--for", "3", "--json")
        _, summary = rows(camera(broker_site, *options))
    assert summary["answered"] > 30


def test_frames_that_nobody_answers_are_a_failure(broker_site: Site) -> None:
    with HubSide(broker_site.settings, never) as hub:
        hub.is_("online")
        done = camera(broker_site, "--wall", "--no-scene", "--for", "4")
    assert done.returncode == 1
    assert "no ack" in done.stdout


def test_a_camera_that_is_refused_is_named_and_the_exit_code_says_so(broker_site: Site, tmp_path: Path) -> None:
    file = tmp_path / "login.json"
    file.write_text(json.dumps(broker_site.add_camera("door-1") | {"password": "wrong"}))
    done = camera(broker_site, "--credentials", str(file), "--wall", "--for", "2")
    assert done.returncode == 6
    assert "door-1: the broker refused the connection" in done.stderr


def test_without_a_broker_it_says_what_to_do(broker_site: Site) -> None:
    broker_site.stop()
    done = camera(broker_site, "--wall", "--for", "2")
    assert done.returncode == 6
    assert "presenza up" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_in_order_when_it_is_told_to(broker_site: Site, number: signal.Signals) -> None:
    with HubSide(broker_site.settings, always(Outcome.NO_FACE)) as hub:
        hub.is_("online")
        command = [sys.executable, "-m", "hub", "camera", "--wall", "--json"]
        with subprocess.Popen(command, env=broker_site.environ, stdout=subprocess.PIPE, text=True) as process:
            hub.frame(30)
            process.send_signal(number)
            out, _ = process.communicate(timeout=10)
        assert process.returncode == 0
        assert "summary" in json.loads(out.splitlines()[-1])
        assert hub.next(wire.STATUS, state="offline")


def test_wrong_options_are_refused(broker_site: Site) -> None:
    assert camera(broker_site, "--loss", "2").returncode == 2
    assert camera(broker_site, "--photos", "/nowhere").returncode == 2
