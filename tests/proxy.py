"""A bad line to a server: a TCP proxy in a thread of its own that cuts, swallows, loses replies and delays.

with Line(port, seed=1) as line:
    ... connect to line.host ...
    line.cut()                # connections end, new ones are refused at once
    line.swallow()            # a black hole: connections open and take everything, and nothing comes back
    line.lose_replies(0.05)   # from now on each piece of a reply is lost at random, and its connection with it:
                              # the server has done what was asked, and whoever asked doesn't know
    line.mend()               # all well again; connections that were swallowed end, as their bytes are gone
"""

import asyncio
import contextlib
import random
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

PIECE = 1 << 16
HEAD, DATA, HEADERS = 9, 0, 1  # of HTTP/2: bytes of a frame's head, two kinds of frames


class _Replies:
    """Tells a piece of a server's bytes that holds the beginning of a reply from one with HTTP/2's own small talk."""

    def __init__(self, http2: bool) -> None:
        self._http2 = http2
        self._left = 0  # of the payload of the frame that is under way
        self._head = b""

    def begins_in(self, piece: bytes) -> bool:
        if not self._http2:
            return True
        found = False
        while piece:
            skipped = min(self._left, len(piece))
            self._left -= skipped
            wanted = HEAD - len(self._head)
            self._head, piece = self._head + piece[skipped : skipped + wanted], piece[skipped + wanted :]
            if len(self._head) == HEAD:
                found = found or self._head[3] in (DATA, HEADERS)
                self._left, self._head = int.from_bytes(self._head[:3], "big"), b""
        return found


class Line:
    """Listens on a port of its own and passes everything on to `port`, as it is told."""

    def __init__(self, port: int, seed: int = 0, *, http2: bool = True) -> None:
        """`http2`: so speak those at both ends (gRPC does), else what comes back is replies and nothing else."""
        self._target = port
        self._http2 = http2
        self._random = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="line", daemon=True)
        self._open: set[asyncio.StreamWriter] = set()
        self._spoiled: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_cut = False
        self._swallows = False
        self._loss = 0.0
        self.delay_s = 0.0  # for each piece of a reply
        self.connections = 0
        self.lost = 0  # replies
        self.port = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def cut(self) -> None:
        self._do(lambda: self._set(cut=True))

    def swallow(self) -> None:
        self._do(lambda: self._set(swallows=True))

    def mend(self) -> None:
        self._do(self._set)

    def lose_replies(self, probability: float) -> None:
        self._do(lambda: self._set(loss=probability))

    def hang_up(self) -> None:
        """End every connection once; new ones are passed on."""
        self._do(self._hang_up)

    # -- in the thread --------------------------------------------------------------------------------
    def _set(self, *, cut: bool = False, swallows: bool = False, loss: float = 0.0) -> None:
        self._is_cut, self._swallows, self._loss = cut, swallows, loss
        if cut:
            self._hang_up()
        if swallows:
            self._spoiled |= self._open
        else:
            for writer in self._spoiled:
                writer.transport.abort()
            self._spoiled.clear()

    def _hang_up(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self._is_cut:
            writer.transport.abort()
            return
        self.connections += 1
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except asyncio.CancelledError:
            return
        pair = {writer, back}
        self._open |= pair
        if self._swallows:
            self._spoiled |= pair
        try:
            await asyncio.gather(self._pass(reader, back, writer), self._pass(there, writer, back, reply=True))
        except asyncio.CancelledError:  # the end of the proxy; asyncio's own callback would log it
            pass
        finally:
            self._open -= pair
            self._spoiled -= pair

    async def _pass(
        self,
        source: asyncio.StreamReader,
        to: asyncio.StreamWriter,
        other: asyncio.StreamWriter,
        *,
        reply: bool = False,
    ) -> None:
        replies = _Replies(self._http2)
        with contextlib.suppress(OSError):
            while piece := await source.read(PIECE):
                if reply and self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if self._swallows:
                    continue
                if reply and replies.begins_in(piece) and self._random.random() < self._loss:
                    self.lost += 1
                    break
                to.write(piece)
                await to.drain()
        to.transport.abort()
        other.transport.abort()

    # -- from outside ---------------------------------------------------------------------------------
    def _do(self, change: Callable[[], None]) -> None:
        """Run in the thread, and wait until it is done."""

        async def run() -> None:
            change()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    def __enter__(self) -> "Line":
        self._thread.start()

        async def listen() -> asyncio.Server:
            return await asyncio.start_server(self._serve, "127.0.0.1", 0)

        self._server: Any = asyncio.run_coroutine_threadsafe(listen(), self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, _type: type[BaseException] | None, _error: Any, _trace: TracebackType | None) -> None:
        async def close() -> None:
            self._server.close()
            self._hang_up()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
