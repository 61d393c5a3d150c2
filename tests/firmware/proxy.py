"""A bad link: a TCP proxy that delays, stalls and cuts connections, also in the middle of a packet."""

import asyncio
import contextlib
import random


class BadLink:
    """Listens on a port of its own and passes everything on to `port`, as badly as it is told to."""

    def __init__(self, port: int, seed: int = 0) -> None:
        self._target = port
        self._random = random.Random(seed)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.delay_s = 0.0  # at most, for each piece
        self.cut = 0.0  # probability that a piece is cut in two and the connection ends between the halves
        self.stalled = False  # take everything, pass nothing on
        self.cuts = 0
        self.connections = 0

    async def __aenter__(self) -> "BadLink":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.hang_up()

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        pair = {writer, back}
        self._writers |= pair
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
        self._writers -= pair

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(2000):
                await asyncio.sleep(self._random.random() * self.delay_s)
                if self.stalled:
                    continue
                if self._random.random() < self.cut:
                    self.cuts += 1
                    writer.write(piece[: self._random.randrange(len(piece))])
                    await writer.drain()
                    self.hang_up()
                    return
                writer.write(piece)
                await writer.drain()
        writer.transport.abort()
