"""Both stores, as one fixture: what a test asserts holds for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.sealing import Keyring
from hub.store import Store
from hub.store.memory import MemoryStore
from hub.store.pictures import FolderPictures, MemoryPictures, PictureStore
from hub.store.sealed_pictures import SealedPictures
from hub.store.sqlite import SqliteStore


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "presenza.db")
    yield opened
    assert opened.problems() == []
    opened.close()


@pytest.fixture(params=["memory", "folder", "sealed"])
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> PictureStore:
    folder = FolderPictures(tmp_path / "pictures")
    sealed = SealedPictures(folder, Keyring(tmp_path / "secrets" / "site-key.json"))
    kinds: dict[str, PictureStore] = {"memory": MemoryPictures(), "folder": folder, "sealed": sealed}
    return kinds[request.param]
