"""`presenza export` and `presenza import`."""

import stat
from pathlib import Path

import pytest

from hub import supervise
from tests.unit.command_line import CommandLine, presenza

__all__ = ["presenza"]


@pytest.fixture
def file(presenza: CommandLine, tmp_path: Path) -> Path:
    """An export of a site with one person."""
    photo = presenza.photo("1.jpg", "face ada")
    presenza("people", "add", "--name", "Ada", "--consent", "I agree.", photo)
    assert presenza("export", tmp_path / "site.jsonl.gz").code == 0
    return tmp_path / "site.jsonl.gz"


def test_export_says_what_is_in_the_file_and_that_nothing_is_encrypted(presenza: CommandLine, file: Path):
    done = presenza("export", file.with_name("again.jsonl"), "--json")
    assert (done.json["documents"], done.json["pictures"], done.json["gone"]) == (2, 1, 0)
    assert done.json["counts"]["people"] == 1
    assert "nothing in it is encrypted" in done.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_import_brings_people_to_another_site(presenza: CommandLine, file: Path, tmp_path: Path):
    there = ("--data-dir", tmp_path / "other")
    done = presenza("import", file, *there, "--json")
    assert (done.json["documents"], done.json["pictures"], done.json["changed"]) == (2, 1, 2)
    assert [person["name"] for person in presenza("people", "list", *there, "--json").json] == ["Ada"]


def test_import_into_a_site_with_people_needs_merge(presenza: CommandLine, file: Path):
    refused = presenza("import", file)
    assert refused.code == 4
    assert "--merge" in refused.err
    assert presenza("import", file, "--merge", "--json").json["changed"] == 0


def test_nothing_may_run_on_the_site_unless_merging(presenza: CommandLine, file: Path, tmp_path: Path):
    with supervise.only_one(tmp_path / "other"):
        refused = presenza("import", file, "--data-dir", tmp_path / "other")
        assert refused.code == 5
        assert presenza("import", file, "--merge", "--data-dir", tmp_path / "other").code == 0


def test_a_file_that_is_no_export_is_refused_with_its_line(presenza: CommandLine, tmp_path: Path):
    (tmp_path / "notes.txt").write_text("Dear diary\n")
    refused = presenza("import", tmp_path / "notes.txt")
    assert refused.code == 2
    assert "Line 1: It is no line of an export" in refused.err
