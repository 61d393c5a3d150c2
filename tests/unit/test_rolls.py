"""Lists of people to import: folders and CSV files."""

from pathlib import Path

import pytest

from hub.cli import rolls
from hub.errors import EnrolmentRefused


def csv(folder: Path, content: str | bytes) -> Path:
    path = folder / "people.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def problems(folder: Path, content: str | bytes) -> list[str]:
    with pytest.raises(EnrolmentRefused) as refusal:
        rolls.read(csv(folder, content))
    return [line.replace(f"{folder}/", "") for line in str(refusal.value).splitlines()]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "ada").mkdir()
    for name in ("ada/2.jpg", "ada/1.JPEG", "ada/notes.txt", "bob.png"):
        (tmp_path / name).touch()
    return tmp_path


def test_a_folder_has_a_person_for_each_sub_folder(photos: Path):
    (photos / "Zoë_Example").mkdir()
    (photos / ".hidden").mkdir()
    found = rolls.read(photos)
    assert [entry.name for entry in found] == ["Zoë Example", "ada"]
    assert [path.name for path in found[1].photos] == ["1.JPEG", "2.jpg"]


def test_a_folder_without_people_is_refused(tmp_path: Path):
    with pytest.raises(EnrolmentRefused, match="no sub-folders"):
        rolls.read(tmp_path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_line_is_a_person(photos: Path, delimiter: str):
    lines = [["name", "number", "group", "consent", "photos"], ["Ada", "7", "5a", "yes", "ada | bob.png"]]
    (entry,) = rolls.read(csv(photos, "\r\n".join(delimiter.join(line) for line in lines)))
    assert (entry.name, entry.number, entry.group, entry.consent) == ("Ada", "7", "5a", "yes")
    assert [path.name for path in entry.photos] == ["1.JPEG", "2.jpg", "bob.png"]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path):
    assert rolls.read(csv(tmp_path, b"\xef\xbb\xbfname\nAda\n"))[0].name == "Ada"


def test_photos_may_also_be_separated_as_the_dashboard_does(photos: Path):
    (entry,) = rolls.read(csv(photos, 'Name ,PHOTOS\nAda,"ada/1.JPEG;bob.png"\n'))
    assert [path.name for path in entry.photos] == ["1.JPEG", "bob.png"]


def test_lines_that_were_emptied_are_passed_over(tmp_path: Path):
    assert [entry.name for entry in rolls.read(csv(tmp_path, "name,number\nAda,7\n,\n\nBob,8\n"))] == ["Ada", "Bob"]


def test_quoted_values_may_hold_the_delimiter(tmp_path: Path):
    assert rolls.read(csv(tmp_path, 'name,number\n"Example, Ada",7\n'))[0].name == "Example, Ada"


def test_every_problem_is_told_with_line_and_column(photos: Path):
    assert problems(photos, "name,number,photos\nAda,7,bob.png\n,7,gone.jpg\nBob,8\nEve,9,,x\n") == [
        "people.csv line 3, column name: is empty.",
        "people.csv line 3, column number: 7 is also in line 2.",
        "people.csv line 3, column photos: there is no gone.jpg.",
        "people.csv line 4, last column: fewer values than the first line has columns.",
        "people.csv line 5, column 4: more values than the first line has columns.",
    ]


def test_thousands_of_problems_are_not_all_told(tmp_path: Path):
    assert len(problems(tmp_path, "name,number\n" + ",1\n" * 5000)) == rolls.MAX_PROBLEMS


@pytest.mark.parametrize("header", ["number,group", "name,name", "name,age", ""])
def test_the_first_line_must_name_the_columns(tmp_path: Path, header: str):
    (problem,) = problems(tmp_path, f"{header}\nAda,7\n")
    assert problem.startswith("people.csv line 1 must name the columns")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name\nZo\xeb\n", "not UTF-8 (byte 7)"),
        (b'name\n"Ada\n', "no proper CSV"),
        (b"name\n" + b"x" * 200_000, "no proper CSV"),
    ],
)
def test_what_is_no_csv_is_refused(tmp_path: Path, content: bytes, said: str):
    (problem,) = problems(tmp_path, content)
    assert said in problem
