"""The guards of the test suite itself."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import KEPT

SKIPS = "import pytest\ndef test_it():\n    pytest.skip('no broker')\n"
SKIPS_AS_A_WHOLE = "import pytest\npytest.skip('no broker', allow_module_level=True)\n"


def test_unit_tests_cannot_connect():
    with socket.socket() as attempt, pytest.raises(AssertionError, match="no sockets"):
        attempt.connect(("127.0.0.1", 9))


def test_unit_tests_cannot_listen():
    with socket.socket() as attempt, pytest.raises(AssertionError, match="no sockets"):
        attempt.bind(("127.0.0.1", 0))


def test_the_callers_settings_do_not_reach_tests():
    assert {name for name in os.environ if name.startswith("PRESENZA_")} <= {KEPT}


@pytest.mark.parametrize(("ci", "closing"), [("true", "1 failed, 1 error"), ("", "2 skipped")])
def test_a_skip_fails_in_ci_and_only_there(tmp_path: Path, ci: str, closing: str):
    (tmp_path / "conftest.py").write_text((Path(__file__).parents[1] / "conftest.py").read_text())
    (tmp_path / "test_skips.py").write_text(SKIPS)
    (tmp_path / "test_skips_as_a_whole.py").write_text(SKIPS_AS_A_WHOLE)
    options = ["-q", "-p", "no:cacheprovider", "--continue-on-collection-errors", "--rootdir", str(tmp_path)]
    command = [sys.executable, "-m", "pytest", *options, str(tmp_path)]
    run = subprocess.run(command, env={**os.environ, "CI": ci}, capture_output=True, text=True, check=False)
    assert closing in run.stdout
