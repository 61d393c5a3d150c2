"""A Firebase Storage emulator, one process for the whole run, on a free port; see tests/firestore_emulator.py.

It enforces neither `if_generation_match` nor the expiry of signed URLs: such tests show nothing here.
"""

import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub import settings
from hub.settings import Settings
from tests.firestore_emulator import free_port, new_name, running


@dataclass(frozen=True)
class StorageEmulator:
    """A running emulator. `address` is what STORAGE_EMULATOR_HOST shall say."""

    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def make_bucket(self, name: str) -> None:
        request = urllib.request.Request(
            f"{self.address}/storage/v1/b?project=test",
            data=f'{{"name": "{name}"}}'.encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30):
            pass


@contextmanager
def run_storage(log: Path) -> Iterator[StorageEmulator]:
    """An emulator until the block ends. Skips (under CI=true: fails) without its package."""
    program = Path(sys.executable).with_name("gcp-storage-emulator")
    if not program.is_file():
        pytest.skip("gcp-storage-emulator isn't installed: ./presenza test installs it.")
    emulator = StorageEmulator(free_port())
    command = [str(program), "start", "--host", "127.0.0.1", "--port", str(emulator.port), "--no-store-on-disk"]
    with running(command, f"{emulator.address}/storage/v1/b?project=test", log):
        yield emulator


@pytest.fixture(scope="session")
def storage_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StorageEmulator]:
    with run_storage(tmp_path_factory.mktemp("storage") / "emulator.log") as running:
        yield running


@pytest.fixture
def storage_bucket(storage_emulator: StorageEmulator, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a bucket without objects."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage_emulator.address)
    name = new_name("bucket")
    storage_emulator.make_bucket(name)
    return name


@pytest.fixture
def cloud(tmp_path: Path, firestore_project: str, storage_bucket: str) -> Settings:
    """Settings of a site whose people and pictures go to both emulators."""
    return settings.load(
        {},
        data_dir=tmp_path / "data",
        store="firestore",
        firebase_project=firestore_project,
        storage_bucket=storage_bucket,
        cloud_test=True,
    )
