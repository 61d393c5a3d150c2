"""`presenza people`."""

from pathlib import Path

import pytest

from tests.unit.command_line import CommandLine, presenza

__all__ = ["presenza"]

ADA = ("--name", "Ada", "--number", "7", "--group", "5a", "--consent", "I agree.")


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_add_prints_the_id_and_a_verdict_for_each_photo(presenza: CommandLine):
    photos = [presenza.photo("1.jpg", "face ada"), presenza.photo("2.jpg", "blurred")]
    added = presenza("people", "add", *ADA, *photos, "--json")
    assert added.code == 0
    assert added.json == {
        "person_id": added.json["person_id"],
        "photos": [
            {
                "accepted": True,
                "reason": None,
                "quality": added.json["photos"][0]["quality"],
                "looks_like": None,
            },
            {
                "accepted": False,
                "reason": "blurred",
                "quality": added.json["photos"][1]["quality"],
                "looks_like": None,
            },
        ],
        "missing": ["3 photos are advised and there are 1; the second helps most."],
    }
    assert added.json["photos"][0]["quality"]["size_px"] == 120
    assert added.json["person_id"].startswith("p-")


def test_add_without_consent_is_refused_with_a_sentence(presenza: CommandLine):
    refused = presenza("people", "add", "--name", "Ada", presenza.photo("1.jpg", "face ada"))
    assert refused.code == 2
    assert "Nobody is enrolled without consent" in refused.err
    assert presenza("people", "list", "--json").json == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [("nobody", "no_face"), ("two people", "several_faces"), ("blurred", "blurred"), ("\0\1", "corrupt")],
)
def test_nobody_is_enrolled_by_photos_that_cannot_be_used(presenza: CommandLine, content: str, reason: str):
    refused = presenza("people", "add", *ADA, presenza.photo("1.jpg", content), "--json")
    assert refused.code == 2
    assert refused.json["person_id"] is None
    assert [photo["reason"] for photo in refused.json["photos"]] == [reason]
    assert presenza("people", "list", "--json").json == []
    assert not files_below(presenza.folder / "data" / "pictures")


def test_a_face_is_enrolled_once(presenza: CommandLine):
    photo = presenza.photo("1.jpg", "face ada")
    presenza("people", "add", *ADA, photo)
    again = presenza("people", "add", "--name", "Eve", "--consent", "yes", photo)
    assert again.code == 2
    assert "enrolled already" in again.err


def test_a_number_belongs_to_one_person(presenza: CommandLine):
    presenza("people", "add", *ADA)
    assert presenza("people", "add", *ADA).code == 4


def test_somebody_may_be_enrolled_without_photos(presenza: CommandLine):
    presenza("people", "add", *ADA)
    (row,) = presenza("people", "list", "--json").json
    assert (row["name"], row["number"], row["group"], row["photos"]) == ("Ada", "7", "5a", 0)


def test_photos_are_added_to_somebody_who_is_enrolled(presenza: CommandLine):
    presenza("people", "add", *ADA, presenza.photo("1.jpg", "face ada"))
    added = presenza("people", "add", "--to", "7", presenza.photo("2.jpg", "face ada again"), "--json")
    assert added.json["photos"][0]["accepted"]
    assert presenza("people", "show", "7", "--json").json["photos"][1]["person_id"] == added.json["person_id"]


def test_few_photos_are_answered_with_advice(presenza: CommandLine):
    photos = [presenza.photo(f"{n}.jpg", f"face ada {n}") for n in range(3)]
    assert "3 photos are advised and there are 2" in presenza("people", "add", *ADA, *photos[:2]).err
    assert "advised" not in presenza("people", "add", "--to", "7", photos[2]).err


def test_a_photo_that_is_not_there_changes_nothing(presenza: CommandLine):
    with pytest.raises(Exception, match=r"gone\.jpg"):
        presenza("people", "add", *ADA, "gone.jpg")
    assert not (presenza.folder / "data").exists()


def test_list_shows_one_group(presenza: CommandLine):
    presenza("people", "add", *ADA)
    presenza("people", "add", "--name", "Bob", "--consent", "yes")
    assert [row["name"] for row in presenza("people", "list", "--group", "5a", "--json").json] == ["Ada"]


def test_list_goes_into_a_pipe_with_tabs_between(presenza: CommandLine):
    person_id = presenza("people", "add", *ADA, "--json").json["person_id"]
    assert presenza("people", "list").out == f"{person_id}\t7\tAda\t5a\t0\n"


def test_show_tells_the_consent(presenza: CommandLine):
    presenza("people", "add", *ADA, "--consent-by", "office", "--consent-version", "v2")
    consent = presenza("people", "show", "7", "--json").json["consent"]
    assert (consent["text"], consent["recorded_by"], consent["version"]) == ("I agree.", "office", "v2")
    assert "Recorded by   office" in presenza("people", "show", "7").out


def test_remove_erases_everything(presenza: CommandLine):
    presenza("people", "add", *ADA, presenza.photo("1.jpg", "face ada"))
    assert files_below(presenza.folder / "data" / "pictures")
    assert presenza("people", "remove", "7", "--yes").code == 0
    assert presenza("people", "list", "--json").json == []
    assert not files_below(presenza.folder / "data" / "pictures")


@pytest.mark.parametrize("command", ["show", "remove"])
def test_somebody_who_is_not_there_is_not_found(presenza: CommandLine, command: str):
    assert presenza("people", command, "8").code == 3


def test_import_enrols_everybody_of_a_folder(presenza: CommandLine):
    presenza.photo("Ada_Example/1.jpg", "face ada")
    presenza.photo("Bob/1.jpg", "face bob")
    done = presenza("people", "import", presenza.folder / "photos", "--consent", "yes", "--group", "5a", "--json")
    assert done.code == 0
    assert [(row["name"], row["reason"]) for row in done.json["people"]] == [("Ada Example", None), ("Bob", None)]
    assert [row["group"] for row in presenza("people", "list", "--json").json] == ["5a", "5a"]


def test_import_is_checked_whole_before_anybody_is_enrolled(presenza: CommandLine):
    roll = presenza.photo("roll.csv", "name,consent\nAda,yes\nBob,\n")
    refused = presenza("people", "import", roll)
    assert refused.code == 2
    assert "roll.csv line 3, consent:" in refused.err
    assert not (presenza.folder / "data").exists()


def test_import_can_be_repeated(presenza: CommandLine):
    presenza.photo("ada.jpg", "face ada")
    roll = presenza.photo("roll.csv", "name,number,photos\nAda,7,ada.jpg\n")
    presenza("people", "import", roll, "--consent", "yes")
    again = presenza("people", "import", roll, "--consent", "yes")
    assert (again.code, again.out) == (0, "0 enrolled, 1 enrolled already, 0 without a photo that can be used\n")


def test_a_folder_can_be_imported_again_though_nobody_in_it_has_a_number(presenza: CommandLine):
    presenza.photo("Ada/1.jpg", "face ada")
    folder = presenza.folder / "photos"
    presenza("people", "import", folder, "--consent", "yes", "--group", "5a")
    repeated = presenza("people", "import", folder, "--consent", "yes", "--group", "5a")
    assert (repeated.code, repeated.out) == (0, "0 enrolled, 1 enrolled already, 0 without a photo that can be used\n")
    assert "somebody of this name and group is there" in repeated.err


def test_who_has_the_name_of_somebody_in_the_same_group_is_enrolled_when_told_so(presenza: CommandLine):
    roll = presenza.photo("roll.csv", "name,group\nAda,5a\nAda,5b\nAda,5a\n")
    reasons = [row["reason"] for row in presenza("people", "import", roll, "--consent", "yes", "--json").json["people"]]
    assert reasons == [None, None, "enrolled_already"]
    presenza("people", "import", roll, "--consent", "yes", "--again")
    assert sorted(row["group"] for row in presenza("people", "list", "--json").json) == ["5a", "5a", "5a", "5b", "5b"]


def test_import_names_who_could_not_be_enrolled(presenza: CommandLine):
    presenza.photo("Ada/1.jpg", "face ada")
    presenza.photo("Bob/1.jpg", "nobody")
    done = presenza("people", "import", presenza.folder / "photos", "--consent", "yes")
    assert done.code == 2
    assert "Bob was not enrolled" in done.err
    assert [row["name"] for row in presenza("people", "list", "--json").json] == ["Ada"]


def test_one_face_twice_in_an_import_is_found(presenza: CommandLine):
    presenza.photo("Ada/1.jpg", "face ada")
    presenza.photo("Eve/1.jpg", "face ada")
    done = presenza("people", "import", presenza.folder / "photos", "--consent", "yes", "--json")
    assert [photo["reason"] for row in done.json["people"] for photo in row["photos"]] == [None, "duplicate"]
