"""The board's file system as one LittleFS image, to be written at its place in the flash."""

from collections.abc import Mapping

from hub.errors import InputError, Unavailable
from hub.provision.build import Build

# The `vfs` partition of MicroPython's ESP32 builds for 4 MiB of flash.
OFFSET = 0x200000
SIZE = 0x200000
BLOCK = 4096
READ_WRITE = 32  # bytes, MicroPython's own figure, as is LOOKAHEAD
LOOKAHEAD = 32
DISK_VERSION = 0x00020000  # every MicroPython mounts 2.0; 2.1 needs a newer LittleFS

SLOT = "a"


def board_files(build: Build, node: Mapping[str, bytes]) -> dict[str, bytes]:
    """Every file of a freshly flashed board by its path."""
    application = {f"{SLOT}/{name}": data for name, data in build.files.items()}
    return {**build.start, **application, **node}


def pack(files: Mapping[str, bytes]) -> bytes:
    """Raises InputError when they don't fit, Unavailable without littlefs-python."""
    try:
        from littlefs import LittleFS, LittleFSError
    except ImportError:
        raise Unavailable(
            "littlefs-python is missing; install the extra `firmware`: pip install -e '.[firmware]'"
        ) from None
    system = LittleFS(
        block_size=BLOCK, block_count=SIZE // BLOCK, read_size=READ_WRITE, prog_size=READ_WRITE,
        lookahead_size=LOOKAHEAD, disk_version=DISK_VERSION,
    )  # fmt: skip
    try:
        for path, data in sorted(files.items()):
            folder = path.rpartition("/")[0]
            if folder:
                system.makedirs(folder, exist_ok=True)
            with system.open(path, "wb") as file:
                file.write(data)
    except LittleFSError as error:
        raise InputError("image", f"The files don't fit the board's file system: {error}.") from None
    return bytes(system.context.buffer)
