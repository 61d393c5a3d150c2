"""hub/wire.py on the camera: the same golden vectors, as source and as bytecode."""

import subprocess
from pathlib import Path

import pytest

from hub.provision.build import ROOT, build
from tests.firmware.board import micropython


@pytest.mark.parametrize("target", ["source", "host"])
def test_micropython_reads_the_golden_vectors_as_cpython_does(tmp_path: Path, target: str) -> None:
    for name, data in build(target).files.items():
        if name.startswith("wire."):
            (tmp_path / name).write_bytes(data)
    check = ROOT / "tests" / "vectors" / "check.py"
    command = [*micropython(), str(check), str(check.parent)]
    path = {"MICROPYPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "")
