"""Large request bodies: who may send one is decided by the request's head, before the body is read.

daphne hands a request over when all of it is there, so this sits below it, where twisted has read the
head and knows the length: no middleware sees a request earlier than its last byte.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from daphne.http_protocol import HTTPFactory, WebRequest
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.http import HttpRequest, parse_cookie
from django.urls import Resolver404, resolve
from twisted.internet import threads

from dashboard.accounts.tokens import bearer
from dashboard.rights import Right, granted, right_of
from dashboard.security import body_max, host_allowed

SMALL = 64 * 1024  # bytes: forms; what is larger must be somebody's who may do what is asked
LINGER_S = 2.0  # for the answer to arrive; meanwhile nothing is read
PHRASES = {
    401: "Sign in first.",
    403: "This account may not do that.",
    404: "There is no such address.",
    411: "Say how long the body is (Content-Length).",
    413: "That is too much at once.",
    421: "This dashboard isn't known under that name.",
    503: "This can't be checked now; try again.",
}


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a request before its body. `length` is None where the request doesn't say it."""

    path: str
    length: int | None
    host: str = ""
    cookie: str = ""
    authorization: str = ""


def refusal(head: Head) -> int | None:
    """The status that a large body is refused with; None: it may come. Reads session and account."""
    if not host_allowed(head.host):
        return 421
    if head.length is None:
        return 411
    if head.length > body_max(head.path):
        return 413
    try:
        return _unfit(resolve(head.path).func, head)
    except Resolver404:
        return 404


def _unfit(view: Any, head: Head) -> int | None:
    right = right_of(view)
    if right is Right.ANYBODY:
        return 413  # who isn't signed in has nothing large to say
    user = _user(head, by_token=getattr(view, "by_token", False))
    if not user.is_authenticated:
        return 401
    return None if right is not None and granted(user, right) else 403


def _user(head: Head, *, by_token: bool) -> Any:
    """Whose request it is, as Django's own middleware finds it."""
    request = HttpRequest()
    request.META = {"HTTP_AUTHORIZATION": head.authorization}
    request.COOKIES = parse_cookie(head.cookie)
    request.session = SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    return (bearer(request) if by_token else None) or get_user(request)


def _judged(head: Head) -> int | None:
    """In a thread, which keeps no connection to the database."""
    try:
        return refusal(head)
    finally:
        connection.close()


class BoundedRequest(WebRequest):
    """Stops reading when a large body is announced, until it is known whether it may come."""

    def gotLength(self, length: int | None) -> None:  # noqa: N802 - twisted's name
        super().gotLength(length)
        if length is not None and length <= SMALL:
            return
        self.transport.pauseProducing()
        # Else twisted would ask for the body now: it looks for this header when we return.
        self._expected = self.requestHeaders.hasHeader(b"expect")
        self.requestHeaders.removeHeader(b"expect")
        threads.deferToThread(_judged, self._head(length)).addCallbacks(self._answer, lambda _: self._answer(503))

    def _head(self, length: int | None) -> Head:
        # The request itself has its address only when its body is there; until then the channel has it.
        path = self.channel._path.partition(b"?")[0].decode("latin-1")
        names = (b"host", b"cookie", b"authorization")
        values = [self.requestHeaders.getRawHeaders(name, [b""])[0].decode("latin-1") for name in names]
        return Head(unquote(path), length, *values)

    def _answer(self, status: int | None) -> None:
        if self.channel is None:  # the browser has gone meanwhile
            return
        if status is not None:
            self._refuse(status)
            return
        if self._expected:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.transport.resumeProducing()

    def _refuse(self, status: int) -> None:
        """Answer and half-close: who still sends can read this; nothing more is read from them."""
        words = PHRASES[status].encode()
        lines = (
            f"HTTP/1.1 {status} {PHRASES[status].rstrip('.')}",
            "Content-Type: text/plain; charset=utf-8",
            f"Content-Length: {len(words)}",
            "X-Content-Type-Options: nosniff",
            "Cache-Control: private, no-store",
            "Connection: close",
        )
        self.transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + words)
        self.transport.loseWriteConnection()
        from twisted.internet import reactor  # not before daphne has put its own in place

        reactor.callLater(LINGER_S, self.transport.abortConnection)


class BoundedFactory(HTTPFactory):
    """Makes connections whose requests are bounded."""

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802 - twisted's name
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = BoundedRequest
        return protocol
