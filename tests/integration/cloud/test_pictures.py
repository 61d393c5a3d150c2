"""Pictures in the bucket: sealed, bounded in time, errors in our words; and a folder with the bucket behind it."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub import settings
from hub.cloud import firebase
from hub.cloud.bucket import BucketPictures
from hub.cloud.mirrored_pictures import REST_S, MirroredPictures, Uploads
from hub.cloud.remote import NotAllowed, Refused, Unreachable
from hub.errors import NotFound
from hub.sealing import Keyring, key_id_of
from hub.settings import Settings
from hub.store.opening import open_pictures, open_uploads
from hub.store.pictures import FolderPictures
from hub.store.sealed_pictures import SealedPictures
from tests.storage_emulator import StorageEmulator

LAST = "last/door-1.jpg"
PATIENCE_S = 20.0  # for what takes less than a second on a quiet machine
KEY = "results/2026-11-23/01JABC.jpg"
PHOTO = "people/p-1/f-1.jpg"
JPEG = b"\xff\xd8\xff the face of Ada \xff\xd9"


@pytest.fixture
def site(tmp_path: Path, storage_bucket: str) -> Settings:
    return settings.load(
        {},
        data_dir=tmp_path / "hub",
        store="firestore",
        firebase_project="a-school",
        storage_bucket=storage_bucket,
        site_key_file=tmp_path / "site-key.json",
        cloud_test=True,
    )


@pytest.fixture
def elsewhere(site: Settings, tmp_path: Path) -> Settings:
    """A dashboard on another machine, with a copy of the key."""
    return site.model_copy(update={"data_dir": tmp_path / "dashboard"})


def bucket_of(site: Settings) -> BucketPictures:
    return BucketPictures(site, Keyring(site.site_key))


def mirrored(site: Settings, clock_s: list[float]) -> MirroredPictures:
    folder, keys = FolderPictures(site.pictures_dir), Keyring(site.site_key)
    return MirroredPictures(folder, SealedPictures(folder, keys), BucketPictures(site, keys), lambda: clock_s[0])


def in_bucket(site: Settings) -> dict[str, bytes]:
    return {blob.name: blob.download_as_bytes() for blob in firebase.bucket(site).list_blobs()}


def upload(site: Settings, key: str) -> None:
    uploads = open_uploads(site)
    assert uploads is not None
    uploads.upload(key)


@contextmanager
def silence() -> Iterator[str]:
    """The address of a server that takes requests and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


# -- the bucket ---------------------------------------------------------------------------------------
def test_nothing_that_can_be_looked_at_reaches_the_bucket(site: Settings) -> None:
    open_pictures(site).put(PHOTO, JPEG)
    upload(site, PHOTO)
    bucket_of(site).put(KEY, JPEG)
    objects = in_bucket(site)
    assert set(objects) == {f"main/{PHOTO}", f"main/{KEY}"}
    assert not any(JPEG[:8] in data for data in objects.values())
    assert {key_id_of(data) for data in objects.values()} == {Keyring(site.site_key).current_id()}


def test_sites_that_share_a_bucket_do_not_see_each_other(site: Settings) -> None:
    other = bucket_of(site.model_copy(update={"firebase_space": "other"}))
    bucket_of(site).put(KEY, JPEG)
    assert other.keys() == []
    assert not other.exists(KEY)


def test_an_object_that_somebody_else_put_there_is_no_picture(site: Settings) -> None:
    bucket = bucket_of(site)
    bucket.put(KEY, JPEG)
    bucket.put_sealed(PHOTO, in_bucket(site)[f"main/{KEY}"])
    with pytest.raises(NotFound, match=f"{PHOTO} in the bucket can't be opened"):
        bucket.get(PHOTO)


def test_a_bucket_that_is_not_there_is_named(site: Settings) -> None:
    wrong = bucket_of(site.model_copy(update={"storage_bucket": "not-there"}))
    for call in (lambda: wrong.put(KEY, b"x"), wrong.keys):
        with pytest.raises(NotAllowed, match=r"no bucket not-there.*PRESENZA_STORAGE_BUCKET"):
            call()


def test_a_bucket_that_is_away_is_said_at_once(site: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    bucket = bucket_of(site)
    for call in (lambda: bucket.put(KEY, b"x"), lambda: bucket.get(KEY), bucket.keys, lambda: bucket.delete(KEY)):
        with pytest.raises(Unreachable):
            call()


def test_a_bucket_that_never_answers_costs_seconds_and_is_not_asked_again_at_once(
    site: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.cloud.bucket.ONCE", {"retry": None, "timeout": (0.3, 0.3)})
    with silence() as address:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
        now_s = [1000.0]
        pictures = mirrored(site, now_s)
        started = time.monotonic()
        with pytest.raises(Unreachable):
            pictures.get(KEY)
        assert time.monotonic() - started < 3
        with pytest.raises(Unreachable, match="just now"):
            pictures.get(PHOTO)
        now_s[0] += REST_S + 1
        with pytest.raises(Unreachable, match="Timeout"):
            pictures.get(PHOTO)


# -- a folder with the bucket behind it ---------------------------------------------------------------
def test_a_machine_elsewhere_shows_what_the_hub_has_sent_and_keeps_it(site: Settings, elsewhere: Settings) -> None:
    open_pictures(site).put(KEY, JPEG)
    there = open_pictures(elsewhere)
    upload(site, KEY)
    assert there.exists(KEY)
    assert there.get(KEY) == JPEG
    bucket_of(site).delete(KEY)
    assert there.get(KEY) == JPEG
    kept = (elsewhere.pictures_dir / KEY).read_bytes()
    assert JPEG[:8] not in kept


def test_a_picture_that_is_nowhere_is_asked_for_once_a_minute(site: Settings) -> None:
    now_s = [1000.0]
    pictures = mirrored(site, now_s)
    with pytest.raises(NotFound):
        pictures.get(KEY)
    bucket_of(site).put(KEY, JPEG)
    assert not pictures.exists(KEY)
    now_s[0] += 61
    assert pictures.get(KEY) == JPEG


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_dashboard_elsewhere_shows_the_last_frame_of_a_camera_always_anew(
    site: Settings, elsewhere: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.cloud.last_frames.EACH_S", 0.1)
    hub, there = open_pictures(site), open_pictures(elsewhere)
    assert not there.exists(LAST)
    with pytest.raises(NotFound):
        there.get(LAST)
    hub.put(LAST, JPEG)
    until(lambda: there.exists(LAST))
    assert there.get(LAST) == JPEG
    before_ms = there.changed_ms(LAST)
    hub.put(LAST, JPEG + b"2")
    until(lambda: there.get(LAST) == JPEG + b"2")
    assert there.changed_ms(LAST) > before_ms
    assert there.keys() == []
    assert JPEG[:8] not in in_bucket(site)[f"main/{LAST}"]
    hub.delete(LAST)
    assert not there.exists(LAST)


def test_of_many_frames_of_a_camera_few_are_sent_and_the_newest_for_sure(
    site: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.cloud.last_frames.EACH_S", 0.3)
    sent: list[str] = []
    put_sealed = BucketPictures.put_sealed

    def counted(bucket: BucketPictures, key: str, sealed: bytes) -> None:
        sent.append(key)
        put_sealed(bucket, key, sealed)

    monkeypatch.setattr(BucketPictures, "put_sealed", counted)
    hub = open_pictures(site)
    for number in range(100):
        hub.put(LAST, JPEG + bytes([number]))
    until(lambda: bucket_of(site).exists(LAST) and bucket_of(site).get(LAST) == JPEG + bytes([99]))
    assert len(sent) <= 10


def test_a_frame_that_is_deleted_while_it_is_on_its_way_does_not_stay_in_the_bucket(
    site: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_sealed, under_way, deleted = BucketPictures.put_sealed, threading.Event(), threading.Event()

    def slow(bucket: BucketPictures, key: str, sealed: bytes) -> None:
        under_way.set()
        assert deleted.wait(PATIENCE_S)
        put_sealed(bucket, key, sealed)

    def watched(bucket: BucketPictures, key: str) -> bool:
        there = delete(bucket, key)
        if deleted.is_set():
            gone.set()
        return there

    delete, gone = BucketPictures.delete, threading.Event()
    monkeypatch.setattr(BucketPictures, "put_sealed", slow)
    monkeypatch.setattr(BucketPictures, "delete", watched)
    hub = open_pictures(site)
    hub.put(LAST, JPEG)
    assert under_way.wait(PATIENCE_S)
    hub.delete(LAST)
    deleted.set()
    assert gone.wait(PATIENCE_S)
    assert in_bucket(site) == {}


def test_while_the_bucket_is_away_frames_cost_no_time_and_the_newest_goes_afterwards(
    site: Settings, monkeypatch: pytest.MonkeyPatch, storage_emulator: StorageEmulator
) -> None:
    monkeypatch.setattr("hub.cloud.last_frames.EACH_S", 0.05)
    monkeypatch.setattr("hub.cloud.last_frames.AWAY_S", 0.2)
    folder, keys = FolderPictures(site.pictures_dir), Keyring(site.site_key)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    bucket = BucketPictures(site, keys)
    hub = MirroredPictures(folder, SealedPictures(folder, keys), bucket)
    started = time.monotonic()
    for number in range(20):
        hub.put(LAST, JPEG + bytes([number]))
    assert time.monotonic() - started < 2
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage_emulator.address)
    bucket._opened = None  # the library looks for its emulator once
    until(lambda: bucket_of(site).exists(LAST) and bucket_of(site).get(LAST) == JPEG + bytes([19]))


def test_a_photo_that_a_dashboard_elsewhere_takes_in_is_found_by_the_hub(site: Settings, elsewhere: Settings) -> None:
    there, hub = open_pictures(elsewhere), open_pictures(site)
    there.put("uploads/01J", JPEG)
    assert hub.get("uploads/01J") == JPEG
    hub.delete("uploads/01J")
    assert in_bucket(site) == {}


def test_photos_that_wait_for_nobody_any_more_leave_the_bucket(site: Settings) -> None:
    pictures = open_pictures(site)
    pictures.put("uploads/01J", JPEG)
    pictures.tidy(time.time_ns() // 1_000_000 - 60_000)
    assert len(in_bucket(site)) == 1
    pictures.tidy(time.time_ns() // 1_000_000 + 60_000)
    assert in_bucket(site) == {}


def test_while_the_bucket_is_away_pictures_are_kept_shown_and_deleted(
    site: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    pictures = open_pictures(site)
    for key in (KEY, "uploads/01J", "last/door-1.jpg"):
        pictures.put(key, JPEG)
        assert pictures.get(key) == JPEG
        assert pictures.delete(key)
    assert not pictures.exists(KEY)


# -- the outbox's hands -------------------------------------------------------------------------------
def test_what_went_before_it_was_sent_is_left_alone(site: Settings) -> None:
    upload(site, KEY)
    assert in_bucket(site) == {}


def test_sending_twice_and_deleting_twice_is_the_same_as_once(site: Settings) -> None:
    open_pictures(site).put(KEY, JPEG)
    upload(site, KEY)
    upload(site, KEY)
    assert bucket_of(site).get(KEY) == JPEG
    uploads = open_uploads(site)
    assert uploads is not None
    uploads.delete(KEY)
    uploads.delete(KEY)
    assert in_bucket(site) == {}


def test_a_picture_of_an_older_version_is_sealed_before_it_leaves(site: Settings) -> None:
    FolderPictures(site.pictures_dir).put(KEY, JPEG)
    upload(site, KEY)
    assert JPEG[:8] not in in_bucket(site)[f"main/{KEY}"]
    assert bucket_of(site).get(KEY) == JPEG


def test_after_a_rotation_the_bucket_gets_what_is_under_the_new_key(site: Settings) -> None:
    pictures, keys = open_pictures(site), Keyring(site.site_key)
    pictures.put(KEY, JPEG)
    upload(site, KEY)
    new = keys.add().key_id
    assert pictures.reseal(KEY)
    upload(site, KEY)
    assert key_id_of(in_bucket(site)[f"main/{KEY}"]) == new


def test_what_cannot_be_sealed_never_leaves(site: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, keys = FolderPictures(site.pictures_dir), Keyring(site.site_key)
    folder.put(KEY, JPEG)
    here = SealedPictures(folder, keys)
    monkeypatch.setattr(here, "reseal", lambda key: False)
    with pytest.raises(Refused, match="isn't sealed"):
        Uploads(folder, here, BucketPictures(site, keys)).upload(KEY)
    assert in_bucket(site) == {}


def test_many_threads_share_one_bucket(site: Settings) -> None:
    bucket = bucket_of(site)

    def come_and_go(number: int) -> None:
        for _ in range(5):
            bucket.put(f"last/{number}.jpg", JPEG * number)
            assert bucket.get(f"last/{number}.jpg") == JPEG * number

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(come_and_go, range(1, 9)))
    assert len(bucket.keys()) == 8
