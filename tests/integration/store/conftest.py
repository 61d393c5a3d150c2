"""All stores, as one fixture: what a test asserts holds for each."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from hub import settings
from hub.cloud.bucket import BucketPictures
from hub.cloud.mirrored_pictures import MirroredPictures
from hub.sealing import Keyring
from hub.settings import load
from hub.store import Store
from hub.store.memory import MemoryStore
from hub.store.pictures import FolderPictures, MemoryPictures, PictureStore
from hub.store.sealed_pictures import SealedPictures
from hub.store.sqlite import SqliteStore
from tests.integration.store.relay import Machine, RelayStore


@pytest.fixture(params=["memory", "sqlite", "firestore"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(request, tmp_path)
    yield opened
    assert opened.problems() == []
    opened.close()


def open_store(request: pytest.FixtureRequest, folder: Path) -> Store:
    if request.param == "memory":
        return MemoryStore()
    if request.param == "sqlite":
        return SqliteStore(folder / "presenza.db")
    project = request.getfixturevalue("firestore_project")
    settings = load({}, data_dir=folder, store="firestore", firebase_project=project, cloud_test=True)
    keys = Keyring(folder / "site-key.json")
    relay = RelayStore(Machine(folder / "here", settings, keys), Machine(folder / "there", settings, keys))
    return cast("Store", relay)


@pytest.fixture(params=["memory", "folder", "sealed", "bucket", "mirrored"])
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> PictureStore:
    folder = FolderPictures(tmp_path / "pictures")
    sealed = SealedPictures(folder, Keyring(tmp_path / "secrets" / "site-key.json"))
    kinds: dict[str, PictureStore] = {"memory": MemoryPictures(), "folder": folder, "sealed": sealed}
    if request.param in kinds:
        return kinds[request.param]
    name = request.getfixturevalue("storage_bucket")
    cloud = {"store": "firestore", "firebase_project": "a-school", "storage_bucket": name, "cloud_test": True}
    site = settings.load({}, data_dir=tmp_path, **cloud)
    bucket = BucketPictures(site, Keyring(site.site_key))
    return bucket if request.param == "bucket" else MirroredPictures(folder, sealed, bucket)
