"""The wire contract's names, chunk header and camera configuration (docs/wire.md).

This file also runs on the camera under MicroPython, so it stands alone: no dataclasses, typing or
enum, and nothing of the hub. The JSON payloads, which only the hub and the dashboard validate by
schema, are in `payloads.py`.
"""

import struct
from binascii import crc32
from collections import namedtuple

MYPY = False  # a type checker takes it for true; MicroPython has none of these modules
if MYPY:
    from collections.abc import Iterator
    from typing import Any

VERSION = 1
ROOT = "presenza/v1"
NAME_MAX = 32
MAX_PAYLOAD = 60 * 1024  # bytes; no payload of the contract is over it
MAX_FRAME = 512 * 1024  # bytes of one JPEG
CHUNK_MIN = 1024
CHUNK_MAX = 61440
CHUNK_DEFAULT = 8192

# Topic leaves, below {device}/up, {device}/down and hub.
STATUS = "status"
MOTION = "motion"
FRAME = "frame"
TELEMETRY = "telemetry"
CONFIG = "config"
CMD = "cmd"
ACK = "ack"
RESULTS = "results"
RPC = "rpc"
REPLY = "reply"
GUARD = "guard"
HUB = "hub"
CLAIM = "claim"
REQUEST = "request"

ACK_EXPIRY_S = 10
CMD_EXPIRY_S = 30

# The outcomes of a frame, in falling order of rank where one frame shows several faces.
OUTCOMES = (
    "recognized",
    "already_marked",
    "spoof",
    "uncertain",
    "unknown",
    "low_quality",
    "no_face",
    "busy",
    "invalid",
    "error",
)
REASONS = ("too_small", "blurred", "too_dark", "too_bright", "turned_away", "covered")  # of low_quality
OPS = ("snapshot", "identify", "reboot", "forget_frames")

# magic, version, flags, boot_id, frame_id, motion_id, index, count, chunk_size, reserved, total, crc32, captured_ms
HEADER_FORMAT = "!2sBBIIIHHHHIIQ"
HEADER_SIZE = 40
MAGIC = b"PZ"
RESENT = 1
CLOCK_SET = 2
LAST = 4
_ALL_FLAGS = RESENT | CLOCK_SET | LAST

Header = namedtuple(
    "Header",
    ("flags", "boot_id", "frame_id", "motion_id", "index", "count", "chunk_size", "total", "crc32", "captured_ms"),
)

Topic = namedtuple("Topic", ("site", "device", "direction", "leaf"))


class WireError(ValueError):
    """Bytes that break the contract; `reason` is a fixed word for counters."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def is_name(text: str) -> bool:
    """Whether `text` may name a site or a device: [a-z0-9][a-z0-9-]{0,31}."""
    if not 0 < len(text) <= NAME_MAX or text[0] == "-":
        return False
    return all(c in "abcdefghijklmnopqrstuvwxyz0123456789-" for c in text)


def up(site: str, device: str, leaf: str) -> str:
    """What a device publishes; `device` or `leaf` may be MQTT's `+`."""
    return f"{ROOT}/{site}/{device}/up/{leaf}"


def down(site: str, device: str, leaf: str) -> str:
    """What a device reads."""
    return f"{ROOT}/{site}/{device}/down/{leaf}"


def hub(site: str, leaf: str) -> str:
    """What the hub publishes or serves: `status`, `results`, `rpc/{method}`, `reply/{client_id}`."""
    return f"{ROOT}/{site}/{HUB}/{leaf}"


def claim(site: str, leaf: str) -> str:
    """Where a camera without an identity redeems a one-time code: `request`, `reply/{nonce}`."""
    return f"{ROOT}/{site}/{CLAIM}/{leaf}"


def parse_topic(topic: str) -> Topic:
    """Split a topic into Topic(site, device, direction, leaf); a hub topic has device `hub`, no direction.

    Raises WireError("topic") for anything that isn't ours.
    """
    if not topic.startswith(ROOT + "/"):
        raise WireError("topic")
    parts = topic[len(ROOT) + 1 :].split("/")
    if len(parts) >= 3 and is_name(parts[0]) and parts[1] == HUB:
        return Topic(parts[0], HUB, "", "/".join(parts[2:]))
    if len(parts) == 4 and is_name(parts[0]) and is_name(parts[1]) and parts[2] in ("up", "down"):
        return Topic(*parts)
    raise WireError("topic")


def pack_header(header: Header) -> bytes:
    """The 40 bytes in front of a chunk's data."""
    h = header
    return struct.pack(
        HEADER_FORMAT, MAGIC, VERSION, h.flags, h.boot_id, h.frame_id, h.motion_id, h.index, h.count,
        h.chunk_size, 0, h.total, h.crc32, h.captured_ms,
    )  # fmt: skip


def unpack_header(raw: bytes) -> Header:
    """Read a chunk's header and hold it against the contract, the length of `raw` included.

    Raises WireError with one of the reasons `short`, `magic`, `version`, `flags`, `reserved`, `total`,
    `chunk_size`, `count`, `index`, `length`.
    """
    if len(raw) < HEADER_SIZE:
        raise WireError("short")
    (
        magic, version, flags, boot_id, frame_id, motion_id,
        index, count, chunk_size, reserved, total, crc, captured_ms,
    ) = struct.unpack_from(HEADER_FORMAT, raw, 0)  # fmt: skip
    if magic != MAGIC:
        raise WireError("magic")
    if version != VERSION:
        raise WireError("version")
    if flags > _ALL_FLAGS:
        raise WireError("flags")
    if reserved:
        raise WireError("reserved")
    _check_sizes(total, chunk_size, count, index, len(raw) - HEADER_SIZE)
    return Header(flags, boot_id, frame_id, motion_id, index, count, chunk_size, total, crc, captured_ms)


def is_first_chunk(raw: bytes) -> bool:
    """Whether this is a frame's chunk 0, told without reading the rest of its header."""
    return raw[16:18] == b"\x00\x00"


def _check_sizes(total: int, chunk_size: int, count: int, index: int, size: int) -> None:
    if not 0 < total <= MAX_FRAME:
        raise WireError("total")
    if not CHUNK_MIN <= chunk_size <= CHUNK_MAX:
        raise WireError("chunk_size")
    if count != chunk_count(total, chunk_size):
        raise WireError("count")
    if index >= count:
        raise WireError("index")
    # All chunks are full but the last, which has what is left.
    if size != (chunk_size if index < count - 1 else total - chunk_size * index):
        raise WireError("length")


def chunk_count(total: int, chunk_size: int) -> int:
    """How many chunks a JPEG of `total` bytes takes."""
    return (total + chunk_size - 1) // chunk_size


def split(jpeg: bytes, first: Header) -> "Iterator[tuple[bytes, memoryview]]":
    """Yield a frame's chunks as (header bytes, data memoryview), in order.

    `first` is the frame's Header; its index, count, total and crc32 are filled in here.
    """
    total = len(jpeg)
    count = chunk_count(total, first.chunk_size)
    crc = crc32(jpeg) & 0xFFFFFFFF
    view = memoryview(jpeg)
    for index in range(count):
        header = Header(
            first.flags, first.boot_id, first.frame_id, first.motion_id, index, count, first.chunk_size,
            total, crc, first.captured_ms,
        )  # fmt: skip
        start = index * first.chunk_size
        yield pack_header(header), view[start : start + first.chunk_size]


FRAME_SIZES = {  # name -> (width, height) in pixels
    "QVGA": (320, 240),
    "CIF": (400, 296),
    "VGA": (640, 480),
    "SVGA": (800, 600),
    "XGA": (1024, 768),
    "SXGA": (1280, 1024),
    "UXGA": (1600, 1200),
}

# field -> (type, allowed, default); allowed is (low, high) for numbers, the choices otherwise.
CONFIG_FIELDS = {
    "frame_size": ("choice", ("QVGA", "CIF", "VGA", "SVGA", "XGA", "SXGA", "UXGA"), "VGA"),
    "jpeg_quality": ("int", (10, 95), 80),
    "burst_frames": ("int", (1, 30), 8),
    "burst_fps": ("number", (0.2, 10), 3),
    "motion_source": ("choice", ("pir", "frame", "both", "none"), "pir"),
    "motion_sensitivity": ("int", (1, 100), 50),
    "cooldown_ms": ("int", (0, 60000), 3000),
    "ack_timeout_ms": ("int", (200, 10000), 2000),
    "chunk_size": ("int", (CHUNK_MIN, CHUNK_MAX), CHUNK_DEFAULT),
    "led": ("choice", ("on", "off"), "on"),
    "flash": ("choice", ("off", "on", "auto"), "off"),
    "telemetry_s": ("int", (5, 3600), 60),
    "keep_frames": ("int", (0, 64), 16),
    "rotate": ("choice", (0, 90, 180, 270), 0),
}


def default_config() -> "dict[str, Any]":
    """A new dict of every configuration field with its default."""
    return {name: field[2] for name, field in CONFIG_FIELDS.items()}


def check_config(wanted: object) -> "tuple[dict[str, Any], list[dict[str, str]]]":
    """Hold a wanted configuration against the contract: (whole configuration, errors).

    Fields that are missing take their default, unknown fields are ignored. `errors` is a list of
    {"field", "message"}; with any error the configuration must not be applied.
    """
    config = default_config()
    if not isinstance(wanted, dict):
        return config, [{"field": "config", "message": "must be an object"}]
    errors = []
    for name, (kind, allowed, _) in CONFIG_FIELDS.items():
        if name not in wanted:
            continue
        problem = _field_problem(wanted[name], kind, allowed)
        if problem:
            errors.append({"field": name, "message": problem})
        else:
            config[name] = wanted[name]
    return config, errors


def _field_problem(value: object, kind: str, allowed: "Any") -> "str | None":
    if kind == "choice":
        # To Python False equals 0 and 90.0 equals 90: neither must pass for a rotation.
        if isinstance(value, (bool, float)) or value not in allowed:
            return "must be one of " + ", ".join([str(a) for a in allowed])
        return None
    kinds = int if kind == "int" else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        return "must be a whole number" if kind == "int" else "must be a number"
    if not allowed[0] <= value <= allowed[1]:
        return f"must be from {allowed[0]} to {allowed[1]}"
    return None
