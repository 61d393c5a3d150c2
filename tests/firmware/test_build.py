"""What is built for the board: it compiles, fits, mounts and can be written."""

import subprocess
import sys
from pathlib import Path

import pytest
from esp32_mock_bootloader import mock_bootloader

from hub.errors import InputError, Unavailable
from hub.provision import build as building
from hub.provision import flash, image
from hub.provision.build import FIRMWARE, Build, BuildFailed, build
from hub.provision.node import Wifi, node_files
from tests.firmware.board import micropython

MPY = {"version": 6, "sub_version": 3}
XTENSAWIN = 10
NODE = {"node.json": b"{}", "ca.der": b"\x30", "update.key": b"00"}
APPLICATION_MAX = 64 * 1024  # bytes of bytecode; the flash has room for thirty times that


@pytest.fixture(scope="module")
def board_build() -> Build:
    return build("board", serial=7)


def test_every_file_compiles_for_the_chip(board_build: Build) -> None:
    sources = {path.relative_to(FIRMWARE).as_posix() for path in FIRMWARE.rglob("*.py")}
    built = {name.replace(".mpy", ".py") for name in (*board_build.files, *board_build.start)}
    assert sources - built == {"hal/host.py"}
    assert built - sources == {"manifest.json", "wire.py"}
    for name, data in board_build.files.items():
        if name.endswith(".mpy"):
            assert data[:2] == bytes([ord("M"), MPY["version"]]), name
            assert data[2] & 3 == MPY["sub_version"] or data[2] >> 2 == 0, name
    native = board_build.files["motion.mpy"]  # the only file with machine code in it
    assert native[2] >> 2 == XTENSAWIN


def test_the_application_is_small(board_build: Build) -> None:
    assert sum(len(data) for data in board_build.files.values()) < APPLICATION_MAX


def test_the_mqtt_client_stays_readable() -> None:
    assert len((FIRMWARE / "mqtt.py").read_text().splitlines()) < 300
    assert len((FIRMWARE / "main.py").read_text().splitlines()) <= 20


def test_what_does_not_compile_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("def f(:\n")
    monkeypatch.setattr(building, "FIRMWARE", tmp_path)
    with pytest.raises(BuildFailed, match=r"(?s)bad\.py doesn't compile: .*SyntaxError"):
        build("board")


def test_outside_of_a_checkout_there_is_nothing_to_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(building, "FIRMWARE", tmp_path / "none")
    with pytest.raises(Unavailable, match="checkout"):
        build("board")


def test_micropython_mounts_the_image_and_lists_every_file(board_build: Build, tmp_path: Path) -> None:
    files = image.board_files(board_build, NODE)
    (tmp_path / "image.bin").write_bytes(image.pack(files))
    (tmp_path / "mount.py").write_text(MOUNT)
    done = subprocess.run([*micropython(), "mount.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    listed = dict(line.split() for line in done.stdout.splitlines())
    assert {name: int(size) for name, size in listed.items()} == {name: len(data) for name, data in files.items()}


def test_the_image_is_as_large_as_its_place(board_build: Build) -> None:
    assert len(image.pack(image.board_files(board_build, NODE))) == image.SIZE == 0x200000


def test_files_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="don't fit"):
        image.pack({"large.bin": bytes(3 * 1024 * 1024)})


def test_esptool_writes_and_verifies_it(board_build: Build, tmp_path: Path) -> None:
    filesystem, interpreter = tmp_path / "fs.bin", tmp_path / "micropython.bin"
    filesystem.write_bytes(image.pack(image.board_files(board_build, NODE)))
    interpreter.write_bytes(flash.ESP_IMAGE_MAGIC + bytes(100_000))
    with mock_bootloader("esp32") as chip:
        parts = {
            image.OFFSET: filesystem,
            flash.MICROPYTHON_OFFSET: flash.checked_micropython(interpreter),
        }
        flash.write(chip.url(), parts)


def test_a_board_that_does_not_answer_is_an_error_in_esptools_words() -> None:
    with pytest.raises(flash.FlashFailed, match="nowhere"):
        flash.write("/dev/nowhere", {0: Path(sys.executable)})


def test_what_is_no_micropython_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(b"<html>")
    with pytest.raises(InputError, match="no MicroPython image"):
        flash.checked_micropython(tmp_path / "page.html")


CREDENTIALS = {
    "site": "main", "device": "door-1", "host": "hub.local", "port": 8883, "username": "door-1", "password": "secret",
    "tls": True, "ca": None,
}  # fmt: skip


@pytest.mark.parametrize("wifi", [Wifi(""), Wifi("x" * 33), Wifi("net", "short"), Wifi("net", "x" * 64)])
def test_a_wifi_that_cannot_be_is_refused(wifi: Wifi) -> None:
    with pytest.raises(InputError):
        node_files({**CREDENTIALS, "tls": False}, wifi, "00")


def test_a_camera_is_never_made_that_cannot_verify_its_broker() -> None:
    with pytest.raises(InputError, match="--ca"):
        node_files(CREDENTIALS, Wifi("net"), "00")


MOUNT = """
import os, vfs

class Flash:
    def __init__(self, name):
        with open(name, "rb") as file:
            self.data = bytearray(file.read())

    def readblocks(self, block, out, offset=0):
        start = block * 4096 + offset
        out[:] = self.data[start : start + len(out)]

    def writeblocks(self, block, data, offset=0):
        raise OSError(30)

    def ioctl(self, what, _):
        return {4: len(self.data) // 4096, 5: 4096}.get(what, 0)

def show(folder):
    for name, kind, _, size in os.ilistdir(folder):
        if kind == 0x4000:
            show(folder + "/" + name)
        else:
            print((folder + "/" + name)[7:], size)

vfs.mount(Flash("image.bin"), "/flash", readonly=True)
show("/flash")
"""
