"""WebSocket clients, many in one process: just enough of RFC 6455 to listen and to confirm."""

import asyncio
import base64
import json
import os
import struct
from collections.abc import Callable
from typing import Any


async def connect(host: str, port: int, path: str, cookie: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a WebSocket as a browser on this dashboard's page would."""
    reader, writer = await asyncio.open_connection(host, port, limit=1 << 20)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {host}:{port}",
        f"Origin: http://{host}:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        f"Cookie: {cookie}",
    )
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    if b" 101 " not in answer.partition(b"\r\n")[0]:
        raise ConnectionError(answer.partition(b"\r\n")[0].decode())
    return reader, writer


async def messages(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, take: Callable[[Any], None]) -> None:
    """Hand over each JSON message and confirm it, until the connection ends."""
    got = 0
    while True:
        opcode, data = await _frame(reader)
        if opcode == 8:
            return
        if opcode == 9:
            _send(writer, 10, data)
        elif opcode == 1:
            got += 1
            take(json.loads(data))
            if got % 8 == 1:
                _send(writer, 1, json.dumps({"got": got}).encode())


async def _frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first, second = await reader.readexactly(2)
    length = second & 127
    if length == 126:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
    elif length == 127:
        (length,) = struct.unpack("!Q", await reader.readexactly(8))
    return first & 15, await reader.readexactly(length)


def _send(writer: asyncio.StreamWriter, opcode: int, data: bytes) -> None:
    """A masked frame of less than 126 bytes, as clients must send them."""
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
    writer.write(bytes((0x80 | opcode, 0x80 | len(data))) + mask + masked)
