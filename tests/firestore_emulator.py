"""Google's own Firestore emulator, one process for the whole run, on a free port.

Usage, in any test (the fixtures are in tests/conftest.py):

    def test_something(cloud):            # FIRESTORE_EMULATOR_HOST and STORAGE_EMULATOR_HOST are set
        client = firebase.firestore_client(cloud)    # `cloud` is Settings: a project and a bucket of this test alone
        pictures = firebase.bucket(cloud)            # (see tests/storage_emulator.py)

or, without pictures, `firestore_project` (a project id of its own; FIRESTORE_EMULATOR_HOST is set) and
`firestore_emulator` (`.host` is HOST:PORT, for a proxy to stand before it). The emulator runs with the rules
that we ship; it lets admins pass, as Google does.

The emulator keeps everything in memory: to test an outage cut a line to it (tests/proxy.py), don't kill it.
Where it is missing such tests are skipped, except under CI=true, where they fail.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

import hub.cloud
from tests.firestore_calls import recording
from tests.firestore_indexes import without_index

JAR = Path(
    os.environ.get("FIRESTORE_EMULATOR_JAR")
    or "/usr/lib/google-cloud-sdk/platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"
)
MAIN = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"  # the jar's manifest names none
RULES = Path(hub.cloud.__file__).with_name("firestore.rules")
MISSING = (
    "Google's Firestore emulator isn't here: install Java 17 and the Debian package"
    " google-cloud-cli-firestore-emulator from Google Cloud's package archive, or set FIRESTORE_EMULATOR_JAR to its"
    f" jar (looked for {JAR})."
)
START_S = 60.0  # generous: the machine may be busy; it takes 3 to 5 s


@dataclass(frozen=True)
class FirestoreEmulator:
    """A running emulator. `host` is what FIRESTORE_EMULATOR_HOST shall say."""

    port: int

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def documents(self, project: str) -> str:
        """The REST address of a project's documents."""
        return f"http://{self.host}/v1/projects/{project}/databases/(default)/documents"

    def clear(self, project: str) -> None:
        """Delete every document of a project."""
        address = f"http://{self.host}/emulator/v1/projects/{project}/databases/(default)/documents"
        with urllib.request.urlopen(urllib.request.Request(address, method="DELETE"), timeout=30):
            pass


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def new_name(kind: str) -> str:
    """An id that no other test has, fit for a project or a bucket."""
    return f"{kind}-{uuid4().hex[:16]}"


@contextmanager
def run_firestore(log: Path, rules: Path | None = RULES) -> Iterator[FirestoreEmulator]:
    """An emulator until the block ends. Skips (under CI=true: fails) without Java or the jar."""
    if not JAR.is_file() or shutil.which("java") is None:
        pytest.skip(MISSING)
    emulator = FirestoreEmulator(free_port())
    small = ["-Xmx512m", "-XX:+UseSerialGC", "-Duser.language=en"]
    options = ["--host=127.0.0.1", f"--port={emulator.port}", *([f"--rules={rules}"] if rules else [])]
    with running(["java", *small, "-cp", str(JAR), MAIN, *options], f"http://{emulator.host}/", log):
        yield emulator


@contextmanager
def running(command: list[str], address: str, log: Path) -> Iterator[None]:
    """A server until the block ends, which begins when `address` answers."""
    # A test run that is killed takes its emulators along; 400 MB of Java are nothing to leave behind.
    tether = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    with log.open("ab") as output:
        process = subprocess.Popen([*tether, *command], stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        _wait(process, address, log)
        yield
    finally:
        process.send_signal(signal.SIGKILL)  # nothing in it is worth keeping
        process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except urllib.error.HTTPError:
            return  # it speaks
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} did not answer: {log.read_text(errors='replace')[-2000:]}")


@pytest.fixture(scope="session")
def firestore_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirestoreEmulator]:
    with run_firestore(tmp_path_factory.mktemp("firestore") / "emulator.log") as running:
        yield running


@pytest.fixture
def firestore_project(firestore_emulator: FirestoreEmulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The id of a project without documents. A query that Google would refuse for want of an index fails the test."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_emulator.host)
    project = new_name("test")
    with recording() as calls:
        yield project
    firestore_emulator.clear(project)
    assert without_index(calls.shapes) == [], "hub/cloud/firestore.indexes.json has no index for these queries"
