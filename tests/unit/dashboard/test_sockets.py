"""Who may open a WebSocket at all: our own pages, at addresses that exist."""

import pytest
from channels.testing import WebsocketCommunicator

from dashboard.asgi import application


def socket(path: str, origin: str, host: str = "localhost:8000") -> WebsocketCommunicator:
    headers = [(b"host", host.encode()), *([(b"origin", origin.encode())] if origin else [])]
    return WebsocketCommunicator(application, path, headers=headers)


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:9000", "null", ""])
async def test_a_page_from_elsewhere_opens_no_socket(site, accounts, origin):
    assert await socket("/live/today/", origin).connect() == (False, 4003)


async def test_a_name_that_is_not_ours_opens_no_socket(site, accounts):
    assert await socket("/live/today/", "http://evil.example", "evil.example").connect() == (False, 4003)


@pytest.mark.parametrize("path", ["/", "/live/", "/live/people/", "/live/today", "/today/"])
async def test_other_addresses_are_refused(site, accounts, path):
    assert await socket(path, "http://localhost:8000").connect() == (False, 4004)


async def test_without_an_account_the_page_is_told_to_sign_in(site, accounts):
    opened = socket("/live/today/", "http://localhost:8000")
    assert (await opened.connect())[0]
    assert (await opened.receive_output(timeout=5))["code"] == 4003
