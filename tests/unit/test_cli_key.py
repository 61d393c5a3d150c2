"""`presenza key`, and the line about it in `presenza check`."""

from pathlib import Path

import click
import pytest

from hub import settings
from hub.cli import check_key
from hub.cli.check import run
from hub.store.opening import open_pictures
from tests.unit.command_line import CommandLine, presenza

__all__ = ["presenza"]

ADA = ("--name", "Ada", "--consent", "I agree.")


def enrol(presenza: CommandLine) -> str:
    added = presenza("people", "add", *ADA, presenza.photo("1.jpg", "face ada"), "--json")
    return str(added.json["person_id"])


def loaded(presenza: CommandLine) -> settings.Settings:
    return settings.load({}, data_dir=presenza.folder / "data")


def levels(presenza: CommandLine) -> list[str]:
    return [finding.level.value for finding in run(check_key.site_key, loaded(presenza))]


def test_show_lists_the_key_and_never_what_it_is(presenza: CommandLine):
    enrol(presenza)
    shown = presenza("key", "show", "--json")
    (key,) = shown.json["keys"]
    assert (key["current"], key["sealed"]) == (True, 3)  # two vectors and a photo
    assert (shown.json["plain"], shown.json["lost"]) == (0, {})
    secret = loaded(presenza).site_key.read_text().split('"secret": "')[1].split('"')[0]
    assert secret not in shown.out + presenza("key", "show").out


def test_rotate_seals_everything_anew_and_forgets_the_old_key(presenza: CommandLine):
    enrol(presenza)
    (before,) = presenza("key", "show", "--json").json["keys"]
    rotated = presenza("key", "rotate", "--json")
    assert rotated.json["dropped"] == [before["key_id"]]
    assert (rotated.json["vectors"], rotated.json["pictures"], rotated.json["failed"]) == (2, 1, [])
    (after,) = presenza("key", "show", "--json").json["keys"]
    assert (after["key_id"], after["sealed"]) == (rotated.json["key_id"], 3)
    assert presenza("people", "alike", "--json").code == 0


def test_finish_makes_no_new_key(presenza: CommandLine):
    enrol(presenza)
    (before,) = presenza("key", "show", "--json").json["keys"]
    finished = presenza("key", "rotate", "--finish", "--json")
    assert (finished.json["key_id"], finished.json["vectors"]) == (before["key_id"], 0)


def test_a_picture_that_cannot_be_opened_is_named(presenza: CommandLine):
    enrol(presenza)
    open_pictures(loaded(presenza)).put("last/door-1.jpg", b"x")
    path = loaded(presenza).pictures_dir / "last/door-1.jpg"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    rotated = presenza("key", "rotate")
    assert rotated.code == 1
    assert "last/door-1.jpg can't be opened" in rotated.err


def test_the_key_may_lie_elsewhere(presenza: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PRESENZA_SITE_KEY_FILE", str(tmp_path / "elsewhere" / "key.json"))
    enrol(presenza)
    assert presenza("key", "show", "--json").json["file"] == str(tmp_path / "elsewhere" / "key.json")
    assert not (tmp_path / "data" / "secrets").exists()


def test_without_the_key_every_command_says_what_to_do_and_forget_lost_makes_room(presenza: CommandLine):
    person_id = enrol(presenza)
    loaded(presenza).site_key.unlink()
    refused = presenza("people", "list")
    assert refused.code == 1
    assert "presenza key forget" in refused.err
    assert levels(presenza) == ["fail"]
    forgotten = presenza("key", "forget", "--yes", "--json")
    assert forgotten.json == {"photos_and_corrections": 1, "pictures": 1}
    assert [(row["person_id"], row["photos"]) for row in presenza("people", "list", "--json").json] == [(person_id, 0)]
    added = presenza("people", "add", "--to", person_id, presenza.photo("2.jpg", "face ada"), "--json")
    assert added.json["photos"][0]["accepted"]


def test_forget_lost_asks_before_it_deletes(presenza: CommandLine):
    enrol(presenza)
    loaded(presenza).site_key.unlink()
    with pytest.raises(click.Abort):
        presenza("key", "forget")
    assert not loaded(presenza).site_key.exists()


def test_check_says_how_the_key_is(presenza: CommandLine):
    assert levels(presenza) == ["ok"]
    enrol(presenza)
    assert levels(presenza) == ["ok"]
    (loaded(presenza).pictures_dir / "last").mkdir()
    (loaded(presenza).pictures_dir / "last/door-1.jpg").write_bytes(b"\xff\xd8 of an older version")
    assert levels(presenza) == ["warn"]
    loaded(presenza).site_key.chmod(0o644)
    assert levels(presenza) == ["fail", "warn"]
