"""Sealing: what opens again, what doesn't, and the file of the keys."""

import json
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, current_thread

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tuned
from hypothesis import strategies as st

from hub.errors import KeyMissing, SealBroken, StoreCorrupt, Unavailable
from hub.sealing import OVERHEAD, Keyring, key_id_of

SECRET = b"a face, or what stands for one"


@pytest.fixture
def keys(tmp_path: Path) -> Keyring:
    return Keyring(tmp_path / "secrets" / "site-key.json")


@given(data=st.binary(max_size=500), context=st.text())
@tuned(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_sealed_opens_under_its_context(keys: Keyring, data: bytes, context: str):
    context = context.encode(errors="ignore").decode()
    assert keys.open(keys.seal(data, context), context) == data


def test_what_was_sealed_for_one_thing_does_not_open_for_another(keys: Keyring):
    sealed = keys.seal(SECRET, "template:f-1:dlib:0")
    with pytest.raises(SealBroken):
        keys.open(sealed, "template:f-2:dlib:0")


def test_no_byte_can_be_changed(keys: Keyring):
    sealed = keys.seal(SECRET, "x")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises((SealBroken, KeyMissing)):
            keys.open(bytes(changed), "x")


@pytest.mark.parametrize("size", [0, 1, 36, 40, 66])
def test_what_was_cut_short_does_not_open(keys: Keyring, size: int):
    with pytest.raises(SealBroken):
        keys.open(keys.seal(SECRET, "x")[:size], "x")


def test_sealed_bytes_are_taken_for_nothing_else(keys: Keyring):
    vector = keys.seal(b"\0" * 4 * 128, "x")
    assert len(vector) % 4 != 0
    assert not vector.startswith(b"\xff\xd8")
    assert len(vector) == 512 + OVERHEAD
    assert key_id_of(vector) == keys.current_id()


@pytest.mark.parametrize("plain", [b"", b"\xff\xd8 a JPEG \xff\xd9" * 10, b"\0" * 512])
def test_what_is_not_sealed_has_no_key(plain: bytes):
    assert key_id_of(plain) is None


def test_nothing_of_the_plain_bytes_is_left_and_no_sealing_is_like_another(keys: Keyring):
    first, second = keys.seal(SECRET, "x"), keys.seal(SECRET, "x")
    assert SECRET[:8] not in first
    assert first != second


def names_in(keys: Keyring) -> list[str]:
    return sorted(path.name for path in keys.path.parent.iterdir())


# -- the file -----------------------------------------------------------------------------------------
def test_the_first_sealing_makes_a_key_that_only_its_owner_can_read(keys: Keyring):
    assert not keys.exists()
    keys.seal(SECRET, "x")
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.path.parent.stat().st_mode) == 0o700
    assert names_in(keys) == ["site-key.json", "site-key.json.lock"]


def test_those_who_come_first_at_once_agree_on_one_key(tmp_path: Path):
    path = tmp_path / "secrets" / "site-key.json"
    rings = [Keyring(path) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        sealed = list(threads.map(lambda ring: ring.seal(SECRET, "x"), rings))
    assert len({key_id_of(each) for each in sealed}) == 1
    assert [rings[0].open(each, "x") for each in sealed] == [SECRET] * 8


def test_a_new_key_seals_at_once_in_other_processes_and_the_old_one_still_opens(keys: Keyring):
    other = Keyring(keys.path)
    before = other.seal(SECRET, "x")
    added = keys.add()
    assert key_id_of(other.seal(SECRET, "x")) == added.key_id
    assert other.open(before, "x") == SECRET
    assert [key.key_id for key in other.all()] == [key_id_of(before), added.key_id]


def test_a_key_that_came_after_the_ring_was_read_opens(keys: Keyring):
    other = Keyring(keys.path)
    other.seal(SECRET, "x")
    keys.add()
    assert other.open(keys.seal(SECRET, "x"), "x") == SECRET


def test_a_dropped_key_opens_nothing_and_the_current_one_cannot_be_dropped(keys: Keyring):
    before = keys.seal(SECRET, "x")
    added = keys.add()
    old = key_id_of(before)
    keys.drop([old or "", added.key_id])
    assert [key.key_id for key in Keyring(keys.path).all()] == [added.key_id]
    with pytest.raises(KeyMissing, match=f"lacks the key {old}.*Put that file back from a backup"):
        Keyring(keys.path).open(before, "x")


def test_those_who_add_keys_at_once_lose_none(keys: Keyring):
    keys.current_id()
    with ThreadPoolExecutor(4) as threads:
        added = list(threads.map(lambda _: Keyring(keys.path).add().key_id, range(8)))
    assert {key.key_id for key in keys.all()} >= set(added)
    assert len(keys.all()) == 9


def killed_at(step: str, work: Callable[[], object]) -> None:
    """Do some work in a process that dies before a step of the file system."""
    child = os.fork()
    if not child:
        setattr(os, step, lambda *arguments, **more: os._exit(9))
        work()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize(("step", "begun"), [("fsync", False), ("link", False), ("fsync", True), ("replace", True)])
def test_what_a_killed_process_left_half_done_goes_with_the_next_change(keys: Keyring, step: str, *, begun: bool):
    if begun:
        keys.add()
    killed_at(step, keys.add)
    assert len([name for name in names_in(keys) if name.endswith(".new")]) == 1
    Keyring(keys.path).add()
    assert names_in(keys) == ["site-key.json", "site-key.json.lock"]
    assert len(keys.all()) == 1 + begun


def test_only_what_is_half_done_of_this_key_file_is_removed(keys: Keyring):
    keys.add()
    others = [".other.json.0123456789abcdef.new", ".site-key.json.new", "site-key.json.0123456789abcdef.new"]
    for name in others:
        (keys.path.parent / name).write_text("not ours")
    keys.add()
    assert names_in(keys) == sorted([*others, "site-key.json", "site-key.json.lock"])


def test_what_a_living_process_writes_is_left_alone(keys: Keyring, monkeypatch: pytest.MonkeyPatch):
    keys.add()
    written, go_on = Event(), Event()
    original = os.fsync

    def slow(descriptor: int) -> None:
        if current_thread().name.startswith("slow"):
            written.set()
            assert go_on.wait(30)
        original(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    with ThreadPoolExecutor(1, "slow") as first, ThreadPoolExecutor(1, "quick") as second:
        slowly = first.submit(Keyring(keys.path).add)
        assert written.wait(30)
        half_done = [name for name in names_in(keys) if name.endswith(".new")]
        quickly = second.submit(Keyring(keys.path).add)
        assert len(half_done) == 1
        assert set(half_done) <= set(names_in(keys))
        assert not quickly.done()
        go_on.set()
        assert {slowly.result(30).key_id, quickly.result(30).key_id} < {key.key_id for key in keys.all()}
    assert names_in(keys) == ["site-key.json", "site-key.json.lock"]


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[]", "{}", '{"format": 1, "current": "00000000", "keys": {}}',
        '{"format": 1, "current": "0a", "keys": {"0a": {"created_ms": 1, "secret": "AA=="}}}',
        '{"format": "x", "current": 1, "keys": []}', "\xff",
    ],
)  # fmt: skip
def test_a_file_that_is_none_of_ours_is_refused_with_a_sentence(keys: Keyring, content: str):
    keys.path.parent.mkdir()
    keys.path.write_text(content, encoding="latin-1")
    with pytest.raises(StoreCorrupt, match=r"site-key\.json is no key file of Presenza.*backup"):
        keys.seal(SECRET, "x")


def test_who_has_read_the_keys_goes_on_when_the_file_is_gone_or_spoilt_and_makes_no_other(keys: Keyring):
    before = keys.seal(SECRET, "x")
    kept = keys.path.read_bytes()
    keys.path.unlink()
    assert key_id_of(keys.seal(SECRET, "x")) == key_id_of(before)
    assert not keys.exists()
    keys.path.write_bytes(kept[:50])
    assert key_id_of(keys.seal(SECRET, "x")) == key_id_of(before)
    keys.path.write_bytes(kept)
    assert Keyring(keys.path).open(keys.seal(SECRET, "x"), "x") == SECRET


def test_a_file_of_a_newer_version_is_refused(keys: Keyring):
    keys.current_id()
    values = json.loads(keys.path.read_text())
    keys.path.write_text(json.dumps({**values, "format": 2}))
    with pytest.raises(StoreCorrupt, match="newer version"):
        Keyring(keys.path).all()


def test_a_folder_in_which_nothing_can_be_made_is_named(tmp_path: Path):
    (tmp_path / "secrets").write_text("a file")
    with pytest.raises(Unavailable, match=r"site-key\.json, the site's key, can't be"):
        Keyring(tmp_path / "secrets" / "site-key.json").seal(SECRET, "x")


def test_no_key_is_ever_shown(keys: Keyring):
    keys.current_id()
    (key,) = keys.all()
    assert str(key.secret)[2:-1] not in repr(key)
    assert "secret" not in repr(key)
