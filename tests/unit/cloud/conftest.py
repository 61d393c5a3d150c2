"""Two machines with one cloud between."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_firestore import Cloud
from tests.unit.cloud.mirrors import Mirror


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def here(tmp_path: Path, cloud: Cloud) -> Iterator[Mirror]:
    mirror = Mirror(tmp_path / "here", cloud)
    yield mirror
    mirror.close()


@pytest.fixture
def there(tmp_path: Path, cloud: Cloud) -> Iterator[Mirror]:
    mirror = Mirror(tmp_path / "there", cloud)
    yield mirror
    mirror.close()
