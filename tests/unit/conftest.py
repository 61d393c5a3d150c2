"""Unit tests reach nothing outside of their process."""

import socket
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting and listening fail; pairs of sockets, which every event loop needs, don't."""

    def refuse(*_: Any) -> None:
        raise AssertionError("unit tests open no sockets")

    for method in ("connect", "connect_ex", "bind", "listen", "sendto"):
        monkeypatch.setattr(socket.socket, method, refuse)
