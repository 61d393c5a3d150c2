"""Both stores, as one fixture: what a test asserts holds for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.store import Store
from hub.store.memory import MemoryStore
from hub.store.pictures import FolderPictures, MemoryPictures, PictureStore
from hub.store.sqlite import SqliteStore


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "presenza.db")
    yield opened
    assert opened.problems() == []
    opened.close()


@pytest.fixture(params=["memory", "folder"])
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> PictureStore:
    return MemoryPictures() if request.param == "memory" else FolderPictures(tmp_path / "pictures")
