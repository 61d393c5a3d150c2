"""Listeners of one audience in this process: what the channel layer brings once is handed to each of them.

One subscription of the layer for each audience, not for each browser: with hundreds of browsers the
layer's copies and wake-ups would cost more than the sending.
"""

import asyncio
from typing import Protocol

import structlog
from channels.layers import get_channel_layer

from dashboard.live.audience import Audience

log = structlog.get_logger()

AT_ONCE = 25  # listeners served before the event loop gets its turn


class Listener(Protocol):
    async def update(self, text: str) -> None:
        """Take a message; never waits for the browser."""


class Rooms:
    """The rooms that have listeners."""

    def __init__(self) -> None:
        self._rooms: dict[Audience, _Room] = {}

    async def join(self, audience: Audience, listener: Listener) -> None:
        """From now on the listener gets every message of its audience."""
        room = self._rooms.get(audience)
        if room is None:
            room = self._rooms[audience] = _Room(audience)
        room.listeners[listener] = None
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
        layer = get_channel_layer()
        channel = await layer.new_channel("live")
        await layer.group_add(group, channel)
        self.open.set()
        try:
            while True:
                message = await layer.receive(channel)
                await self._hand_out(message["text"])
        finally:
            await layer.group_discard(group, channel)

    async def _hand_out(self, text: str) -> None:
        for number, listener in enumerate(list(self.listeners), 1):
            try:
                await listener.update(text)
            except Exception:  # one browser's fault must not silence the others
                log.exception("a listener failed")
                self.listeners.pop(listener, None)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
