"""One browser's WebSocket. It gets a snapshot, then numbered updates; what it hasn't confirmed is bounded."""

import asyncio
import json
import random
from time import monotonic
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from dashboard.live.audience import RIGHTS, Audience, Page
from dashboard.live.hall import hall
from dashboard.rights import granted

WINDOW = 20  # messages that may be under way; a browser confirms several at once
STUCK_S = 60.0  # a browser that confirms nothing for so long is let go
RECHECK_S = 30.0  # how long an account may go on after it was closed
SAID_MAX = 200  # characters of what a browser has to say
REFUSED, SLOW, LATER = 4003, 4008, 1013


class LiveConsumer(AsyncWebsocketConsumer):
    """`/live/{page}/?lang=…`; the browser sends {"got": number}, {"resync": true} or {"ping": any}."""

    channel_layer_alias = "none"  # its messages come by its room: no subscription of its own for each browser
    audience: Audience | None = None
    _watching: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        user = self.scope["user"]
        page = Page(self.scope["url_route"]["kwargs"]["page"])
        self._sent = self._got = 0
        self._behind_since: float | None = None
        if not granted(user, RIGHTS[page]):
            await self.accept()  # a page learns why only from a socket that was open: it then asks to sign in
            await self.close(REFUSED)
            return
        self.audience = Audience(page, _language(self.scope["query_string"]), user.sees)
        await self.accept()
        try:
            await hall.rooms.join(self.audience, self)
        except TimeoutError:  # the page says that it has no connection, and tries again
            await self.close(LATER)
            return
        self._watching = asyncio.create_task(self._watch(), name="live watch")
        await self._snapshot()

    async def disconnect(self, code: int) -> None:
        if self.audience is not None:
            hall.rooms.leave(self.audience, self)
        if self._watching is not None:
            self._watching.cancel()

    async def update(self, text: str) -> None:
        """A message of the audience's room."""
        if self._behind_since is not None or self._sent - self._got >= WINDOW:
            await self._hold()
        else:
            await self._send(text)

    async def missed(self) -> None:
        """Messages were lost on their way here; who doesn't read gets a snapshot anyway when it is back."""
        if self._behind_since is None:
            await self._snapshot()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            said = json.loads((text_data or "")[:SAID_MAX])
            got = int(said.get("got", 0))
        except (ValueError, TypeError, AttributeError):
            await self.close(REFUSED)
            return
        if "ping" in said:
            await self.send(text_data=json.dumps({"pong": said["ping"], "now": hall.now()}))
        self._got = min(self._sent, max(self._got, got))
        if said.get("resync") or (self._behind_since is not None and self._got == self._sent):
            await self._snapshot()

    async def _hold(self) -> None:
        """Send nothing more to a browser that doesn't read; it gets a snapshot when it is back."""
        now = monotonic()
        self._behind_since = self._behind_since or now
        if now - self._behind_since > STUCK_S:
            await self.close(SLOW)

    async def _snapshot(self) -> None:
        assert self.audience is not None
        self._behind_since = None
        await self._send(await hall.snapshot(self.audience))

    async def _send(self, text: str) -> None:
        self._sent += 1
        await self.send(text_data=text)

    async def _watch(self) -> None:
        """Let go of the browser when its account or session ends."""
        while True:
            await asyncio.sleep(RECHECK_S * random.uniform(0.5, 1.0))  # noqa: S311 - not all at the same moment
            if not await database_sync_to_async(_allowed)(self.scope, self.audience):
                await self.close(REFUSED)
                return


def _allowed(scope: Any, audience: Audience | None) -> bool:
    """Whether session and account still stand as they did when the socket was opened."""
    from dashboard.accounts.models import User

    session = scope["session"]
    user = User.objects.filter(pk=scope["user"].pk).first()
    known = user is not None and audience is not None and session.exists(session.session_key)
    return bool(known and granted(user, RIGHTS[audience.page]) and user.sees == audience.sees)


def _language(query: bytes) -> str:
    wanted = query.decode("ascii", "replace").removeprefix("lang=")
    return wanted if wanted in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
