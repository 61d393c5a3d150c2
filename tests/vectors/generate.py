"""Writes the golden vectors: `python tests/vectors/generate.py`. Run it only with a new version of the contract.

The chunks are packed here by the table of docs/wire.md, not by hub/wire.py, so that the two can differ.
"""

import json
import random
import struct
import zlib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FIELDS = {  # name -> struct code, in the table's order
    "magic": "2s", "version": "B", "flags": "B", "boot_id": "I", "frame_id": "I", "motion_id": "I", "index": "H",
    "count": "H", "chunk_size": "H", "reserved": "H", "total": "I", "crc32": "I", "captured_ms": "Q",
}  # fmt: skip
GOOD = {
    "magic": b"PZ", "version": 1, "flags": 2, "boot_id": 305419896, "frame_id": 12, "motion_id": 7, "index": 0,
    "count": 1, "chunk_size": 8192, "reserved": 0, "total": 100, "crc32": 0, "captured_ms": 1790000000000,
}  # fmt: skip
HIGHEST = {
    "flags": 7, "boot_id": 2**32 - 1, "frame_id": 2**32 - 1, "motion_id": 2**32 - 1, "captured_ms": 2**64 - 1,
}  # fmt: skip


def pack(**changes: Any) -> str:
    values = {**GOOD, **changes}
    return struct.pack("!" + "".join(FIELDS.values()), *[values[name] for name in FIELDS]).hex()


def frame(name: str, size: int, chunk_size: int, **header: int) -> dict[str, Any]:
    """One JPEG and the header of each of its chunks; `data` is [start, end] within the JPEG."""
    jpeg = b"\xff\xd8" + random.Random(size).randbytes(size - 4) + b"\xff\xd9"
    count = -(-size // chunk_size)
    common = {**header, "count": count, "chunk_size": chunk_size, "total": size, "crc32": zlib.crc32(jpeg)}
    chunks = [
        {"header": pack(**common, index=index), "data": [index * chunk_size, min(size, (index + 1) * chunk_size)]}
        for index in range(count)
    ]
    fields = {key: value for key, value in {**GOOD, **common}.items() if key not in {"magic", "version", "reserved"}}
    return {"name": name, "jpeg": jpeg.hex(), "fields": fields, "chunks": chunks}


def refused(reason: str, name: str, data_bytes: int = 100, **header: Any) -> dict[str, Any]:
    return {"name": name, "header": pack(**header), "data_bytes": data_bytes, "reason": reason}


def chunks() -> dict[str, Any]:
    """Frames that are taken, and chunks that are refused (their data are zeros)."""
    return {
        "frames": [
            frame("one chunk", 100, 8192),
            frame("the last chunk is shorter", 2500, 1024),
            frame("the last chunk is full", 2048, 1024, frame_id=13),
            frame("one byte over", 1025, 1024, frame_id=14, motion_id=0),
            frame("resent, no clock, last of its burst", 300, 61440, flags=5, captured_ms=0),
            frame("every field at its highest", 64, 61440, **HIGHEST),
        ],
        "refused": [
            {"name": "empty", "header": "", "data_bytes": 0, "reason": "short"},
            {"name": "half a header", "header": pack()[:40], "data_bytes": 0, "reason": "short"},
            refused("magic", "another magic", magic=b"PX"),
            refused("version", "a later version", version=2),
            refused("flags", "a flag that does not exist", flags=8),
            refused("reserved", "reserved is not 0", reserved=1),
            refused("total", "no data at all", data_bytes=0, total=0, count=0),
            refused("total", "over 512 KiB", total=524289, count=65),
            refused("chunk_size", "chunks too small", chunk_size=1023),
            refused("chunk_size", "chunks too large", chunk_size=61441),
            refused("count", "no chunks", count=0),
            refused("count", "more chunks than the size takes", count=2),
            refused("index", "behind the last chunk", index=1),
            refused("length", "data too short", data_bytes=99),
            refused("length", "data too long", data_bytes=101),
            refused("length", "a first chunk that is not full", data_bytes=1023, total=2048, chunk_size=1024, count=2),
        ],
    }


def topics() -> dict[str, Any]:
    return {
        "names": ["main", "door-1", "0", "a" * 32, "a-"],
        "not_names": ["", "-a", "A", "a" * 33, "a_b", "a/b", "+", "#", "é", "a b", "a\u0000"],
        "parsed": [
            {"topic": "presenza/v1/main/door-1/up/frame", "parts": ["main", "door-1", "up", "frame"]},
            {"topic": "presenza/v1/main/door-1/down/ack", "parts": ["main", "door-1", "down", "ack"]},
            {"topic": "presenza/v1/s2/hub/status", "parts": ["s2", "hub", "", "status"]},
            {"topic": "presenza/v1/main/hub/rpc/enroll", "parts": ["main", "hub", "", "rpc/enroll"]},
        ],
        "refused": [
            "", "presenza", "presenza/v1", "presenza/v1/main", "presenza/v1/main/hub", "presenza/v1/main/door-1/up",
            "presenza/v2/main/door-1/up/frame", "Presenza/v1/main/door-1/up/frame", "/presenza/v1/main/door-1/up/frame",
            "presenza/v1/main/door-1/up/frame/more", "presenza/v1/main/door-1/sideways/frame",
            "presenza/v1/MAIN/door-1/up/frame", "presenza/v1/main/+/up/frame", "presenza/v1//door-1/up/frame",
            "presenza/v1/main//up/frame",
        ],
    }  # fmt: skip


DEFAULTS = {
    "frame_size": "VGA", "jpeg_quality": 80, "burst_frames": 8, "burst_fps": 3, "motion_source": "pir",
    "motion_sensitivity": 50, "cooldown_ms": 3000, "ack_timeout_ms": 2000, "chunk_size": 8192, "led": "on",
    "flash": "off", "telemetry_s": 60, "keep_frames": 16, "rotate": 0,
}  # fmt: skip
LOWEST = {
    "frame_size": "QVGA", "jpeg_quality": 10, "burst_frames": 1, "burst_fps": 0.2, "motion_source": "none",
    "motion_sensitivity": 1, "cooldown_ms": 0, "ack_timeout_ms": 200, "chunk_size": 1024, "led": "off",
    "flash": "auto", "telemetry_s": 5, "keep_frames": 0, "rotate": 270,
}  # fmt: skip
UPMOST = {
    "frame_size": "UXGA", "jpeg_quality": 95, "burst_frames": 30, "burst_fps": 10, "motion_source": "both",
    "motion_sensitivity": 100, "cooldown_ms": 60000, "ack_timeout_ms": 10000, "chunk_size": 61440, "led": "on",
    "flash": "on", "telemetry_s": 3600, "keep_frames": 64, "rotate": 180,
}  # fmt: skip
WRONG = {  # field -> values that are refused
    "frame_size": ["vga", "", 1, None, ["VGA"]],
    "jpeg_quality": [9, 96, 80.0, "80", True, None],
    "burst_frames": [0, 31],
    "burst_fps": [0.1, 10.5, "3", True, []],
    "motion_source": ["radar"],
    "motion_sensitivity": [0, 101],
    "cooldown_ms": [-1, 60001],
    "ack_timeout_ms": [199, 10001],
    "chunk_size": [1023, 61441],
    "led": [True, "ON"],
    "flash": [False, "blink"],
    "telemetry_s": [4, 3601],
    "keep_frames": [-1, 65],
    "rotate": [45, False, "90", 90.0, -90],
}


def config() -> dict[str, Any]:
    """`wanted` gives `config`, or errors in exactly the fields `wrong`."""
    accepted = [
        {"wanted": {}, "config": DEFAULTS},
        {"wanted": LOWEST, "config": LOWEST},
        {"wanted": UPMOST, "config": UPMOST},
        {"wanted": {"burst_fps": 0.5}, "config": {**DEFAULTS, "burst_fps": 0.5}},
        {"wanted": {"field_of_a_later_version": {"deep": [1]}}, "config": DEFAULTS},
    ]
    rejected: list[dict[str, Any]] = [
        {"wanted": {name: value}, "wrong": [name]} for name, values in WRONG.items() for value in values
    ]
    rejected += [{"wanted": wanted, "wrong": ["config"]} for wanted in (None, [], "VGA", 1)]
    rejected.append({"wanted": {"led": "on", "rotate": 1, "burst_frames": 99}, "wrong": ["burst_frames", "rotate"]})
    return {"accepted": accepted, "rejected": rejected}


def rendered() -> dict[str, str]:
    """File name -> its text."""
    vectors = {"chunks.json": chunks(), "topics.json": topics(), "config.json": config()}
    return {name: json.dumps(value, indent=1) + "\n" for name, value in vectors.items()}


if __name__ == "__main__":
    for name, text in rendered().items():
        (HERE / name).write_text(text, encoding="utf-8")
