"""A site in one file, and back: nothing is lost or changed, and a file that isn't whole changes nothing."""

import gzip
import hashlib
import json
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub import settings
from hub.errors import Conflict, InputError, KeyMissing, NotFound, StoreCorrupt
from hub.exporting import export
from hub.importing import Imported, import_file
from hub.sealing import Keyring
from hub.settings import Settings
from hub.store.documents import Kind
from hub.store.opening import open_keys, open_pictures, open_store
from tests.integration.store.records import ENGINE, a_person, a_photo, a_template, a_vector
from tests.integration.store.test_documents import fill

JPEG = b"\xff\xd8\xff the face of Ada \xff\xd9"
NAMED = ("people/p-1/f-1.jpg", "results/2026-11-23/1.jpg")


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    """A site with something of every kind, whose pictures are there."""
    made = settings.load({}, data_dir=tmp_path / "site")
    with closing(open_store(made)) as store:
        fill(store)
    for key in (*NAMED, "last/door-1.jpg", "uploads/01J"):
        open_pictures(made).put(key, JPEG + key.encode())
    return made


@pytest.fixture
def other(tmp_path: Path) -> Settings:
    """An empty site with a key of its own."""
    return settings.load({}, data_dir=tmp_path / "other")


def take_in(site: Settings, file: Path, **how: Any) -> Imported:
    with closing(open_store(site)) as store:
        return import_file(file, store, open_pictures(site), open_keys(site), **how)


def is_empty(site: Settings) -> bool:
    with closing(open_store(site)) as store:
        return not any(store.documents.count(kind) for kind in Kind) and not open_pictures(site).keys()


def written(file: Path, change: Callable[[list[dict[str, Any]]], None]) -> Path:
    """A copy of an export with other content, and a checksum that fits."""
    lines = [json.loads(line) for line in file.read_bytes().splitlines()]
    change(lines)
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines[:-1])
    tail = {"lines": len(lines) - 1, "sha256": hashlib.sha256(body).hexdigest()}
    copy = file.with_name("changed.jsonl")
    copy.write_bytes(body + json.dumps(tail).encode() + b"\n")
    return copy


def line_of(lines: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(line for line in lines if line.get("kind") == kind)


# -- there and back -----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["site.jsonl", "site.jsonl.gz"])
def test_a_round_trip_through_another_site_gives_the_same_bytes(
    site: Settings, other: Settings, tmp_path: Path, name: str
) -> None:
    export(site, tmp_path / name)
    imported = take_in(other, tmp_path / name)
    assert imported.counts == {kind.value: imported.counts[kind] for kind in Kind} | {"pictures": 2}
    assert all(imported.counts.values())
    again = tmp_path / f"again-{name}"
    export(other, again)
    assert again.read_bytes() == (tmp_path / name).read_bytes()
    assert open_keys(site).current_id() != open_keys(other).current_id()


def test_an_imported_site_reads_as_the_first_one_did(site: Settings, other: Settings, tmp_path: Path) -> None:
    export(site, tmp_path / "site.jsonl")
    take_in(other, tmp_path / "site.jsonl")
    with closing(open_store(site)) as here, closing(open_store(other)) as there:
        assert here.people() == there.people()
        assert here.events() == there.events()
        assert here.attendance("2026-01-01", "2026-12-31") == there.attendance("2026-01-01", "2026-12-31")
        assert [(t.photo_id, t.vector.tobytes()) for t in here.templates(ENGINE)] == [
            (t.photo_id, t.vector.tobytes()) for t in there.templates(ENGINE)
        ]
        assert there.negatives(ENGINE)[0].vector.tobytes() == a_vector(9).tobytes()
        assert there.problems() == []
    assert {key: open_pictures(other).get(key) for key in open_pictures(other).keys()} == {  # noqa: SIM118
        key: JPEG + key.encode() for key in NAMED
    }
    plain = a_vector(1).tobytes()[:64]
    assert not any(plain in path.read_bytes() for path in other.data_dir.rglob("*") if path.is_file())


def test_only_the_owner_can_read_an_export_and_none_is_replaced(site: Settings, tmp_path: Path) -> None:
    export(site, tmp_path / "site.jsonl")
    assert stat.S_IMODE((tmp_path / "site.jsonl").stat().st_mode) == 0o600
    with pytest.raises(Conflict, match="never replaces"):
        export(site, tmp_path / "site.jsonl")
    assert {path.name for path in tmp_path.iterdir()} == {"site", "site.jsonl"}


def test_a_picture_that_is_gone_stays_gone(site: Settings, other: Settings, tmp_path: Path) -> None:
    open_pictures(site).delete(NAMED[1])
    assert export(site, tmp_path / "site.jsonl").gone == 1
    take_in(other, tmp_path / "site.jsonl")
    export(other, tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "site.jsonl").read_bytes()


def test_a_site_without_a_database_or_without_its_key_is_not_exported(
    site: Settings, other: Settings, tmp_path: Path
) -> None:
    with pytest.raises(NotFound):
        export(other, tmp_path / "none.jsonl")
    site.site_key.unlink()
    with pytest.raises(KeyMissing):
        export(site, tmp_path / "none.jsonl")
    assert {path.name for path in tmp_path.iterdir()} == {"site"}


def test_a_damaged_face_is_named_and_leaves_no_file(site: Settings, tmp_path: Path) -> None:
    site.site_key.unlink()
    Keyring(site.site_key).add()
    with pytest.raises((KeyMissing, StoreCorrupt)):
        export(site, tmp_path / "none.jsonl")
    assert not list(tmp_path.glob("*none*"))


# -- what is refused ----------------------------------------------------------------------------------
def test_a_file_that_was_cut_short_anywhere_changes_nothing(site: Settings, other: Settings, tmp_path: Path) -> None:
    export(site, tmp_path / "site.jsonl")
    whole = (tmp_path / "site.jsonl").read_bytes()
    cut = tmp_path / "cut.jsonl"
    for size in [0, 1, *range(100, len(whole) - 1, 997), len(whole) - 1]:
        cut.write_bytes(whole[:size])
        with pytest.raises(InputError):
            take_in(other, cut)
    packed = gzip.compress(whole)
    for size in (20, len(packed) // 2, len(packed) - 9):
        cut.write_bytes(packed[:size])
        with pytest.raises(InputError):
            take_in(other, cut)
    assert is_empty(other)


def test_no_byte_can_be_changed(site: Settings, other: Settings, tmp_path: Path) -> None:
    export(site, tmp_path / "site.jsonl")
    whole = (tmp_path / "site.jsonl").read_bytes()
    bad = tmp_path / "bad.jsonl"
    for place in range(0, len(whole), 211):
        bad.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(InputError):
            take_in(other, bad)
    assert is_empty(other)


BAD: dict[str, tuple[Callable[[list[dict[str, Any]]], Any], str]] = {
    "a field of the wrong kind": (
        lambda lines: line_of(lines, "people")["fields"].update(created_ms="yesterday"),
        "Line 2: created_ms is no whole number",
    ),
    "a field is missing": (lambda lines: line_of(lines, "people")["fields"].pop("name"), "Line 2: name is missing"),
    "a kind that nobody knows": (lambda lines: lines[1].update(kind="cats"), "Line 2: kind is none of people"),
    "a vector that is none": (
        lambda lines: line_of(lines, "negatives")["fields"].update(vector="AAA="),
        r"Line \d+: vector holds no face vector",
    ),
    "no base64": (
        lambda lines: line_of(lines, "pictures").update(data="%%%"),
        r"Line \d+: data is no base64",
    ),
    "a picture's key that leads elsewhere": (
        lambda lines: line_of(lines, "pictures").update(key="people/../../secrets/site-key.json"),
        r"Line \d+: This is no key of the picture store",
    ),
    "a picture of another kind": (
        lambda lines: line_of(lines, "pictures").update(key="last/door-1.jpg"),
        r"Line \d+: key begins with none of people/",
    ),
    "counts that aren't so": (lambda lines: lines[0]["counts"].update(people=3), "The file holds 2 people"),
    "a newer version": (lambda lines: lines[0].update(version=2), "Line 1: It was written by a newer version"),
    "another program's file": (lambda lines: lines[0].update(format="x"), "Line 1: It is no export of Presenza"),
    "no head": (lambda lines: lines.pop(0), "Line 1: An export begins with one line"),
    "no object": (lambda lines: lines.insert(1, [1]), "Line 2: It is no line of an export"),  # type: ignore[arg-type]
    "a person that isn't in it": (
        lambda lines: [lines.remove(line_of(lines, "people")), lines[0]["counts"].update(people=1)],
        r"Line \d+: It names a person who isn't here",
    ),
}


@pytest.mark.parametrize(("change", "said"), BAD.values(), ids=BAD)
def test_a_bad_line_is_named_with_its_number_and_changes_nothing(
    site: Settings, other: Settings, tmp_path: Path, change: Callable[[list[dict[str, Any]]], None], said: str
) -> None:
    export(site, tmp_path / "site.jsonl")
    with pytest.raises(InputError, match=said):
        take_in(other, written(tmp_path / "site.jsonl", change))
    assert is_empty(other)


def test_an_import_that_is_interrupted_leaves_the_site_empty(site: Settings, other: Settings, tmp_path: Path) -> None:
    export(site, tmp_path / "site.jsonl")
    size = (tmp_path / "site.jsonl").stat().st_size

    def stop(done: int, total: int) -> None:
        if done > size + size * 0.9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_in(other, tmp_path / "site.jsonl", show=stop)
    assert is_empty(other)
    take_in(other, tmp_path / "site.jsonl")


# -- merging ------------------------------------------------------------------------------------------
def test_a_site_that_is_not_empty_is_left_alone_unless_merging(site: Settings, other: Settings, tmp_path: Path) -> None:
    export(site, tmp_path / "site.jsonl")
    with closing(open_store(other)) as store:
        store.add_person(a_person("p-9", name="Zoe"))
        store.add_photo(a_photo("f-9", "p-9"), [a_template("f-9", "p-9", seed=9)])
    with pytest.raises(Conflict, match="isn't empty: it has 1 people"):
        take_in(other, tmp_path / "site.jsonl")
    take_in(other, tmp_path / "site.jsonl", merge=True)
    with closing(open_store(other)) as store:
        assert [person.name for person in store.people()] == ["Ada Ödegård", "Bob", "Zoe"]
        assert len(store.templates(ENGINE)) == 3


def test_merging_twice_changes_nothing_the_second_time(site: Settings, other: Settings, tmp_path: Path) -> None:
    export(site, tmp_path / "site.jsonl")
    first = take_in(other, tmp_path / "site.jsonl", merge=True)
    second = take_in(other, tmp_path / "site.jsonl", merge=True)
    assert first.changed > 10
    assert (second.changed, second.pictures) == (0, 0)
    export(other, tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "site.jsonl").read_bytes()


def test_a_merge_that_stops_at_a_line_is_repeated_when_that_is_settled(
    site: Settings, other: Settings, tmp_path: Path
) -> None:
    export(site, tmp_path / "site.jsonl")
    with closing(open_store(other)) as store:
        store.add_person(a_person("p-9", number="0007"))
    with pytest.raises(InputError, match=r"Line 2: Another person has its number"):
        take_in(other, tmp_path / "site.jsonl", merge=True)
    with closing(open_store(other)) as store:
        store.update_person(a_person("p-9", number="9"))
    take_in(other, tmp_path / "site.jsonl", merge=True)
    with closing(open_store(other)) as store:
        assert len(store.people()) == 3
