"""Pictures by key, in every picture store; and what only the folder promises."""

import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.errors import InputError, NotFound
from hub.store.pictures import FolderPictures, PictureStore

KEY = "results/2026-11-23/01JABC.jpg"
BAD_KEYS = [
    "", "/", "/etc/passwd", "a/", "a//b", "../a", "a/../b", "a/..", ".", "..", ".hidden", "a/.part", "a\\b",
    "a b", "a\x00b", "a\nb", "a\n", "ä.jpg", "C:a", "~", "a" * 201, "*", "a/%2e%2e/b", "\ud800",
]  # fmt: skip


def test_a_picture_is_read_as_written(pictures: PictureStore) -> None:
    pictures.put(KEY, b"\xff\xd8 one")
    assert pictures.get(KEY) == b"\xff\xd8 one"
    assert pictures.exists(KEY)


def test_a_picture_is_replaced(pictures: PictureStore) -> None:
    pictures.put(KEY, b"a longer first one")
    pictures.put(KEY, b"two")
    assert pictures.get(KEY) == b"two"
    assert pictures.keys() == [KEY]


def test_a_picture_is_gone_when_deleted(pictures: PictureStore) -> None:
    pictures.put(KEY, b"one")
    assert pictures.delete(KEY)
    assert not pictures.delete(KEY)
    assert not pictures.exists(KEY)
    assert pictures.keys() == []
    with pytest.raises(NotFound):
        pictures.get(KEY)


def test_a_picture_is_put_back_after_its_folder_went(pictures: PictureStore) -> None:
    pictures.put(KEY, b"one")
    pictures.delete(KEY)
    pictures.put(KEY, b"two")
    assert pictures.get(KEY) == b"two"


def test_keys_are_listed_by_prefix_in_order(pictures: PictureStore) -> None:
    for key in ("results/2026-11-23/b.jpg", "results/2026-11-230/c.jpg", "results/2026-11-23/a.jpg", "last/door-1.jpg"):
        pictures.put(key, b"x")
    assert pictures.keys("results/2026-11-23/") == ["results/2026-11-23/a.jpg", "results/2026-11-23/b.jpg"]
    assert pictures.keys("results/") == [*pictures.keys("results/2026-11-23/"), "results/2026-11-230/c.jpg"]
    assert pictures.keys("nothing/") == []
    assert len(pictures.keys()) == 4


def test_a_picture_knows_when_it_was_put(pictures: PictureStore) -> None:
    before_ms = time.time_ns() // 1_000_000 - 20  # a file system's clock ticks behind
    pictures.put(KEY, b"one")
    assert before_ms <= pictures.changed_ms(KEY) <= time.time_ns() // 1_000_000
    with pytest.raises(NotFound):
        pictures.changed_ms("results/none.jpg")


def test_a_folder_is_no_picture(pictures: PictureStore) -> None:
    pictures.put(KEY, b"one")
    assert not pictures.exists("results")
    assert not pictures.delete("results")
    with pytest.raises(NotFound):
        pictures.get("results/2026-11-23")
    with pytest.raises(NotFound):
        pictures.get(KEY + "/below")


@pytest.mark.parametrize("key", BAD_KEYS, ids=range(len(BAD_KEYS)))
def test_what_is_no_key_is_refused(pictures: PictureStore, key: str) -> None:
    for call in (pictures.get, pictures.exists, pictures.delete, lambda key: pictures.put(key, b"x")):
        with pytest.raises(InputError) as refusal:
            call(key)
        assert refusal.value.reason == "key"


@pytest.mark.parametrize("prefix", ["results", "/", "../", "results//", "results/../", "results/.", "a b/"])
def test_what_is_no_prefix_is_refused(pictures: PictureStore, prefix: str) -> None:
    with pytest.raises(InputError) as refusal:
        pictures.keys(prefix)
    assert refusal.value.reason == "key"


def test_many_threads_put_and_delete_side_by_side(pictures: PictureStore) -> None:
    def come_and_go(number: int) -> None:
        for _ in range(50):
            pictures.put(f"results/2026-11-23/{number}.jpg", b"x" * 100)
            assert pictures.delete(f"results/2026-11-23/{number}.jpg")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(come_and_go, range(4)))
    assert pictures.keys() == []


def test_a_reader_never_sees_half_a_picture(pictures: PictureStore) -> None:
    pictures.put("last/door-1.jpg", b"0" * 50_000)
    with ThreadPoolExecutor(2) as threads:
        writing = threads.submit(
            lambda: [pictures.put("last/door-1.jpg", str(n % 10).encode() * 50_000) for n in range(200)]
        )
        while not writing.done():
            seen = pictures.get("last/door-1.jpg")
            assert len(seen) == 50_000
            assert len(set(seen)) == 1
        writing.result()


def test_only_the_owner_can_read_the_folder(tmp_path: Path) -> None:
    FolderPictures(tmp_path / "data" / "pictures").put(KEY, b"x")
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


def test_empty_folders_are_not_left_behind(tmp_path: Path) -> None:
    pictures = FolderPictures(tmp_path / "pictures")
    pictures.put("people/p-1/a.jpg", b"x")
    pictures.put("people/p-2/b.jpg", b"x")
    pictures.delete("people/p-1/a.jpg")
    assert [path.name for path in (tmp_path / "pictures" / "people").iterdir()] == ["p-2"]


def test_a_write_that_fails_leaves_the_old_picture_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = FolderPictures(tmp_path)
    pictures.put(KEY, b"old")

    def refuse(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="no space"):
        pictures.put(KEY, b"new")
    assert pictures.get(KEY) == b"old"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["01JABC.jpg"]


def test_a_picture_cut_short_by_a_crash_is_not_listed_and_goes_in_the_end(tmp_path: Path) -> None:
    pictures = FolderPictures(tmp_path)
    pictures.put(KEY, b"x")
    half = tmp_path / "results/2026-11-23/.0123456789abcdef.part"
    half.write_bytes(b"half")
    os.utime(half, (1_000, 1_000))
    assert pictures.keys() == [KEY]
    assert pictures.tidy(999_999) == 0
    assert pictures.tidy(1_000_001) == 1
    assert not half.exists()
    assert pictures.get(KEY) == b"x"
