"""Writing to a board's flash with esptool."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from hub.errors import InputError, PresenzaError, Unavailable
from hub.provision import image

MICROPYTHON_OFFSET = 0x1000  # the ESP32's ROM looks for its boot loader here
MICROPYTHON_MAX = image.OFFSET - MICROPYTHON_OFFSET
ESP_IMAGE_MAGIC = b"\xe9"
TIMEOUT_S = 600


class FlashFailed(PresenzaError):
    """The board could not be written."""


def checked_micropython(path: Path) -> Path:
    """`path`, if it can be MicroPython's image for an ESP32. Raises InputError."""
    with path.open("rb") as file:
        magic = file.read(1)
    if magic != ESP_IMAGE_MAGIC or path.stat().st_size > MICROPYTHON_MAX:
        raise InputError("micropython", f"{path} is no MicroPython image for the ESP32 (AI_THINKER, 4 MiB).")
    return path


def write(port: str, parts: dict[int, Path], baud: int = 460800) -> None:
    """Write each file at its offset and have the chip verify it.

    Raises Unavailable without esptool, FlashFailed with esptool's last words.
    """
    if find_spec("esptool") is None:
        raise Unavailable("esptool is missing; install the extra `firmware`: pip install -e '.[firmware]'")
    pairs = [word for offset, path in sorted(parts.items()) for word in (hex(offset), str(path))]
    options = ["--chip", "esp32", "--port", port, "--baud", str(baud), "write-flash", *pairs]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "esptool", *options],
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        raise FlashFailed(f"The board at {port} took longer than {TIMEOUT_S} s.") from None
    verified = done.stdout.count("Hash of data verified")
    if done.returncode or verified < len(parts):
        lines = (done.stdout + done.stderr).strip().splitlines()
        raise FlashFailed(f"The board at {port} was not written: {lines[-1] if lines else 'esptool said nothing'}")
