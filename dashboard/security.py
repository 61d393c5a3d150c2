"""Who may ask, and what a page may do: the Host and Origin headers, the size of a request, and the page's policy."""

import ipaddress
import socket
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

# No inline script or style, nothing from elsewhere: a name with markup in it can do nothing even if it got through.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
BODY_MAX = 24 * 1024 * 1024  # two photos of the largest size; more go by the import
IMPORT_MAX = 512 * 1024 * 1024
IMPORT_PATH = "/people/import/"


class SecurityMiddleware:
    """The first to see a request and the last to see its answer."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = refusal(request) or self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if not request.path.startswith(settings.STATIC_URL):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def refusal(request: HttpRequest) -> HttpResponse | None:
    """The answer to a request that isn't looked at any further."""
    if not host_allowed(request.META.get("HTTP_HOST", "")):
        return HttpResponse(_("This dashboard isn't known under that name."), status=421, content_type="text/plain")
    limit = body_max(request.path)
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = -1
    if not 0 <= length <= limit:
        return HttpResponse(_("That is too much at once."), status=413, content_type="text/plain")
    return None


def body_max(path: str) -> int:
    """How many bytes a request to this address may bring."""
    return IMPORT_MAX if path == IMPORT_PATH else BODY_MAX


def host_allowed(host: str) -> bool:
    """Whether the Host header names this machine.

    An address can't be a foreign page's trick (DNS rebinding needs a name), so every address is allowed,
    but only our own names.
    """
    name = urlsplit(f"//{host}").hostname or ""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in own_names()
    return True


@cache
def own_names() -> frozenset[str]:
    name = socket.gethostname().lower()
    given = urlsplit(settings.PRESENZA.http_origin).hostname
    return frozenset({"localhost", name, f"{name.partition('.')[0]}.local", *([given] if given else [])})


def origin_allowed(origin: str, host: str) -> bool:
    """Whether a WebSocket that names `origin` comes from a page of this dashboard (`host`: its Host header)."""
    if settings.PRESENZA.http_origin and origin == settings.PRESENZA.http_origin:
        return True
    return host_allowed(host) and urlsplit(origin).netloc.lower() == host.lower()
