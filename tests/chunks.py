"""Frames as a camera puts them on the wire, for tests."""

import random

from hub import wire


def jpeg_of(size: int, seed: int = 0) -> bytes:
    """Bytes that the assembler takes for a JPEG: right markers, noise between."""
    return b"\xff\xd8" + random.Random(seed).randbytes(size - 4) + b"\xff\xd9"


def chunks_of(
    jpeg: bytes,
    *,
    boot_id: int = 1,
    frame_id: int = 1,
    motion_id: int = 0,
    chunk_size: int = wire.CHUNK_MIN,
    flags: int = 0,
    captured_ms: int = 0,
) -> list[bytes]:
    """The messages of one frame, in order."""
    first = wire.Header(flags, boot_id, frame_id, motion_id, 0, 0, chunk_size, 0, 0, captured_ms)
    return [header + bytes(data) for header, data in wire.split(jpeg, first)]


def changed(chunk: bytes, **fields: int) -> bytes:
    """A chunk with other header fields, whatever they say."""
    header = wire.unpack_header(chunk)._replace(**fields)
    return wire.pack_header(header) + chunk[wire.HEADER_SIZE :]
