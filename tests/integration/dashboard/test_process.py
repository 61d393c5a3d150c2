"""The dashboard as a process: it starts, says what is wrong, and ends when it is told to."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.store.opening import open_store
from tests.integration.brokers import Site, free_port

pytest.importorskip("daphne")

PATIENCE_S = 60


def start(site: Site, port: int) -> subprocess.Popen[str]:
    environment = site.environ | {"PRESENZA_HTTP_PORT": str(port)}
    command = [sys.executable, "-m", "dashboard"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def serving(site: Site, port: int) -> Iterator[str]:
    """What the process prints until it listens."""
    process = start(site, port)
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith("Dashboard:"):
            break
    try:
        yield said
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0


def health(port: int) -> dict[str, bool]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


def wait_for(port: int, **wanted: bool) -> None:
    while {name: health(port)[name] for name in wanted} != wanted:
        pass


def test_the_first_start_prints_a_password_once_and_the_port_answers(broker_site):
    port = free_port()
    with serving(broker_site, port) as first:
        assert re.search(r"user name admin, password [0-9a-f-]{19} \(shown this once\)", first)
        wait_for(port, ok=True)
    with serving(broker_site, port) as second:
        assert "password" not in second
    folder = broker_site.settings.data_dir
    assert (folder / "dashboard.db").stat().st_mode & 0o077 == 0
    assert (folder / "secrets" / "dashboard.key").stat().st_mode & 0o077 == 0


def test_it_comes_back_by_itself_when_the_broker_does(broker_site):
    port = free_port()
    with serving(broker_site, port):
        wait_for(port, broker=True)
        broker_site.stop()
        wait_for(port, broker=False)
        broker_site.start()
        wait_for(port, broker=True)


def test_a_taken_port_is_named(broker_site):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start(broker_site, port)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 5
    assert f"Port {port}" in said


def test_a_relay_that_cannot_live_ends_the_process_with_its_reason(broker_site):
    (broker_site.settings.secrets_dir / "dashboard.password").write_text("wrong")
    process = start(broker_site, free_port())
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 6
    assert "the dashboard stops: The broker refused the user 'dashboard'" in said


def test_two_processes_serve_one_site(broker_site: Site, tmp_path: Path):
    open_store(broker_site.settings).close()
    ports = free_port(), free_port()
    with serving(broker_site, ports[0]), serving(broker_site, ports[1]):
        for port in ports:
            wait_for(port, ok=True)
