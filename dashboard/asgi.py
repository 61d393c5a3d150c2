"""What daphne serves: Django's pages, and the WebSockets of the live pages."""

from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

pages = get_asgi_application()  # before anything that imports models

from dashboard.live.audience import Page  # noqa: E402
from dashboard.live.consumers import LiveConsumer  # noqa: E402
from dashboard.security import origin_allowed  # noqa: E402


class SameOrigin:
    """Refuses a WebSocket that another site's page opened: browsers send our cookies with it."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if origin_allowed(headers.get(b"origin", ""), headers.get(b"host", "")):
            await self._application(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 4003})


async def nowhere(scope: Any, receive: Any, send: Any) -> None:
    """Any other address: refused, and not worth a line in the log."""
    del scope, receive
    await send({"type": "websocket.close", "code": 4004})


names = "|".join(Page)
sockets = URLRouter([re_path(rf"^live/(?P<page>{names})/$", LiveConsumer.as_asgi()), re_path(r"", nowhere)])
application = ProtocolTypeRouter({"http": pages, "websocket": SameOrigin(AuthMiddlewareStack(sockets))})
