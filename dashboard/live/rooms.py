"""Listeners of one audience in this process: what the channel layer brings once is handed to each of them.

One subscription of the layer for each audience, not for each browser: with hundreds of browsers the
layer's copies and wake-ups would cost more than the sending.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

import structlog
from channels.layers import get_channel_layer

from dashboard.live.audience import Audience
from dashboard.live.layer import FAILURES

log = structlog.get_logger()

RENEW_S = 3600.0
AGAIN_S = 1.0
OPEN_S = 10.0  # how long a browser waits for a room of a layer that doesn't answer
AT_ONCE = 25  # listeners served before the event loop gets its turn


class Listener(Protocol):
    async def update(self, text: str) -> None:
        """Take a message; never waits for the browser."""

    async def missed(self) -> None:
        """Messages may have been lost on their way here."""


class Rooms:
    """The rooms that have listeners."""

    def __init__(self) -> None:
        self._rooms: dict[Audience, _Room] = {}

    async def join(self, audience: Audience, listener: Listener) -> None:
        """From now on the listener gets every message of its audience. Raises TimeoutError where that can't be."""
        room = self._rooms.get(audience)
        if room is None:
            room = self._rooms[audience] = _Room(audience)
        room.listeners[listener] = None
        async with asyncio.timeout(OPEN_S):
            await room.open.wait()

    def leave(self, audience: Audience, listener: Listener) -> None:
        room = self._rooms.get(audience)
        if room is not None and room.listeners.pop(listener, 0) is None and not room.listeners:
            room.task.cancel()
            del self._rooms[audience]

    def audiences(self) -> list[Audience]:
        return list(self._rooms)

    def __len__(self) -> int:
        return sum(len(room.listeners) for room in self._rooms.values())


class _Room:
    def __init__(self, audience: Audience) -> None:
        self.listeners: dict[Listener, None] = {}
        self.open = asyncio.Event()
        self.task = asyncio.create_task(self._serve(audience.channel_group), name=audience.channel_group)

    async def _serve(self, group: str) -> None:
        """Hand out for ever. A layer that fails (Redis may be away) is tried again."""
        layer = get_channel_layer()
        again = False
        while True:
            try:
                await self._listen(layer, group, again=again)
            except FAILURES as error:
                log.warning("channel layer failed", error=type(error).__name__)
            self.open.clear()
            again = True
            await asyncio.sleep(AGAIN_S)

    async def _listen(self, layer: Any, group: str, *, again: bool) -> None:
        """Until the layer fails. `again`: it did before, and what was sent meanwhile is lost."""
        channel = await layer.new_channel("live")
        try:
            while True:
                await layer.group_add(group, channel)  # again and again: layers forget members after a day
                self.open.set()
                if again:
                    await self._each(lambda listener: listener.missed())
                    again = False
                with suppress(TimeoutError):
                    async with asyncio.timeout(RENEW_S):
                        await self._receive(layer, channel)
        finally:
            with suppress(*FAILURES):  # it may be away, and forgets us by itself
                await layer.group_discard(group, channel)

    async def _receive(self, layer: Any, channel: str) -> None:
        while True:
            message = await layer.receive(channel)
            await self._hand_out(message["text"])

    async def _hand_out(self, text: str) -> None:
        await self._each(lambda listener: listener.update(text))

    async def _each(self, tell: Callable[[Listener], Awaitable[None]]) -> None:
        for number, listener in enumerate(list(self.listeners), 1):
            try:
                await tell(listener)
            except Exception:  # one browser's fault must not silence the others
                log.exception("a listener failed")
                self.listeners.pop(listener, None)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
