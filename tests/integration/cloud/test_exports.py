"""A site goes from a file into the cloud, from there to another machine, and out of that into the same bytes."""

import asyncio
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from hub import settings
from hub.errors import Unavailable
from hub.exporting import export
from hub.importing import import_file
from hub.mirroring import open_sync
from hub.settings import Settings
from hub.store.opening import open_keys, open_pictures, open_store
from hub.store.sqlite import SqliteStore
from tests.integration.store.records import ENGINE
from tests.integration.store.test_documents import fill

PATIENCE_S = 60.0  # for what takes about a second on a quiet machine
NAMED = ("people/p-1/f-1.jpg", "results/2026-11-23/1.jpg")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The export of a site with something of every kind."""
    site = settings.load({}, data_dir=tmp_path / "site")
    with closing(open_store(site)) as store:
        fill(store)
    for key in NAMED:
        open_pictures(site).put(key, b"\xff\xd8\xff " + key.encode())
    export(site, tmp_path / "site.jsonl")
    return tmp_path / "site.jsonl"


async def synchronized(site: Settings, store: SqliteStore, until: Callable[[], bool]) -> None:
    sync = open_sync(site, store, open_pictures(site))
    assert sync is not None
    task = asyncio.create_task(sync.run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await asyncio.to_thread(until):
                await asyncio.sleep(0.05)
    finally:
        task.cancel()
        await asyncio.wait([task])


def is_sent(store: SqliteStore) -> bool:
    waits = store.outbox.waiting(1) + store.outbox.waiting(1, pictures=True) + store.outbox.dead()
    return not waits and store.outbox.figures().pulled_ms is not None


async def test_a_machine_that_gets_the_key_late_takes_in_the_faces_then(
    cloud: Settings, file: Path, tmp_path: Path
) -> None:
    with closing(open_store(cloud)) as store:
        import_file(file, store, open_pictures(cloud), open_keys(cloud))
        await synchronized(cloud, store, lambda: is_sent(store))
    there = cloud.model_copy(update={"data_dir": tmp_path / "elsewhere"})
    with closing(open_store(there)) as store:
        await synchronized(there, store, lambda: store.outbox.figures().pulled_ms is not None)
        assert {skipped.reason for skipped in store.mirror.skipped()} == {"sealed"}
        assert store.templates(ENGINE) == []
        shutil.copy(cloud.site_key, there.site_key)
        before = store.outbox.figures().pulled_ms
        await synchronized(there, store, lambda: store.outbox.figures().pulled_ms != before)
        assert store.mirror.skipped() == []
        assert len(store.templates(ENGINE)) == 2


async def test_from_a_file_through_the_cloud_to_another_machine_and_out_again(
    cloud: Settings, file: Path, tmp_path: Path
) -> None:
    hub = cloud.model_copy(update={"keep_events_days": 3650})
    with closing(open_store(hub)) as store:
        import_file(file, store, open_pictures(hub), open_keys(hub))
        await synchronized(hub, store, lambda: is_sent(store))
    there = hub.model_copy(update={"data_dir": tmp_path / "elsewhere", "site_key_file": tmp_path / "key.json"})
    shutil.copy(hub.site_key, there.site_key)
    with closing(open_store(there)) as store:
        with pytest.raises(Unavailable, match="hasn't got everything"):
            export(there, tmp_path / "early.jsonl")
        await synchronized(there, store, lambda: store.outbox.figures().pulled_ms is not None)
        assert store.outbox.figures().skipped == 0
    export(there, tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == file.read_bytes()
