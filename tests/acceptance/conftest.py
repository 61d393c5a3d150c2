"""A site with people, ready for a hub."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.model import Photo, Template
from tests.acceptance.clouds import photos_of_faces
from tests.acceptance.stack import Stack, enrol, make_stack


@pytest.fixture(scope="session")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("enrolled") / "data"
    enrol(folder)
    return folder


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Photo, list[Template]]]:
    """The faces of three people, for tests/acceptance/clouds.py."""
    return photos_of_faces(tmp_path_factory.mktemp("faces") / "data")


@pytest.fixture
def stack(tmp_path: Path, enrolled: Path) -> Iterator[Stack]:
    with make_stack(tmp_path / "data", enrolled) as made:
        yield made
