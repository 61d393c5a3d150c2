"""One home each: what import-linter can't see."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [path for folder in ("hub", "broker", "dashboard") for path in sorted((ROOT / folder).rglob("*.py"))]


def files_with(text: str) -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in SOURCES if text in path.read_text(encoding="utf-8")}


def test_one_file_names_the_topics():
    assert files_with("presenza/v1") == {"hub/wire.py"}


@pytest.mark.parametrize("reading", ['environ.get("PRESENZA', 'environ["PRESENZA', 'getenv("PRESENZA'])
def test_one_file_reads_our_environment(reading: str):
    assert files_with(reading) <= {"hub/settings.py"}


def test_one_file_opens_pictures_so_that_none_is_kept_unsealed():
    assert files_with("FolderPictures(") == {"hub/store/opening.py"}


def test_no_file_is_too_long():
    long = {path.relative_to(ROOT).as_posix() for path in SOURCES if len(path.read_text().splitlines()) > 400}
    assert long == set()
