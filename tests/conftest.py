"""What holds for every test: a clean environment, and no silent skips where all peers must be there."""

import os
from collections.abc import Generator
from typing import TypeVar

import pytest

from tests.firestore_emulator import firestore_emulator, firestore_project  # noqa: F401
from tests.storage_emulator import cloud, storage_bucket, storage_emulator  # noqa: F401

R = TypeVar("R", pytest.TestReport, pytest.CollectReport)
KEPT = "PRESENZA_CACHE_DIR"  # the converted models, which no test changes


def pytest_configure(config: pytest.Config) -> None:
    """Tests choose their settings themselves: what the caller has set must not reach them."""
    for name in [name for name in os.environ if name.startswith("PRESENZA_") and name != KEPT]:
        del os.environ[name]
    os.environ.pop("GOOGLE_APPLICATION_CREDENTIALS", None)
    os.environ["NO_GCE_CHECK"] = "true"  # without a key Google's library would ask around for a server of theirs


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With CI=true a skipped test is a failed one: there, a missing peer means that nothing was shown."""
    return _unskipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for modules that skip themselves as a whole."""
    return _unskipped((yield))


def _unskipped(report: R) -> R:
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but CI=true allows no skips: {report.longrepr}"
    return report
