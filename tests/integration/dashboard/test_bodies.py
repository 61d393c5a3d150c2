"""A large body is refused by its head: the process answers before any of it was sent, and reads nothing of it."""

import http.client
import http.cookiejar
import json
import re
import socket
import subprocess
import sys
import urllib.parse
import urllib.request

import pytest

from tests.integration.brokers import Site, free_port
from tests.integration.dashboard.test_process import serving

pytest.importorskip("daphne")

PATIENCE_S = 30
LARGE = 20_000_000
REFUSED = [
    (f"/people/p-1/enrol/ HTTP/1.1\r\nContent-Length: {LARGE}", 401),
    (f"/people/import/ HTTP/1.1\r\nContent-Length: {25 * LARGE}", 401),
    (f"/people/import/ HTTP/1.1\r\nContent-Length: {50 * LARGE}", 413),
    (f"/people/p-1/enrol/ HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: {LARGE}", 401),
    ("/people/p-1/enrol/ HTTP/1.1\r\nTransfer-Encoding: chunked", 411),
    (f"/sign-in/ HTTP/1.1\r\nContent-Length: {LARGE}", 413),
]


def ask(port: int, head: str) -> socket.socket:
    """Send the head of a request, and nothing of its body."""
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
    connection.sendall(f"POST {head}\r\nHost: localhost\r\n\r\n".encode())
    return connection


def status_of(connection: socket.socket) -> int:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer.status


def send_until_refused(connection: socket.socket, most: int) -> int:
    sent = 0
    try:
        while sent < most:
            sent += connection.send(bytes(1 << 20))
    except OSError:  # reset, or a broken pipe: nobody reads
        return sent
    return most


def signed_in(site: Site, port: int) -> str:
    """The cookies of an administrator."""
    command = [sys.executable, "-m", "dashboard", "account", "boss", "--role", "admin", "--json"]
    made = subprocess.run(command, env=site.environ, check=True, capture_output=True, text=True).stdout
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    where = f"http://127.0.0.1:{port}/sign-in/"
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)', opener.open(where).read().decode())
    assert token
    form = {"username": "boss", "password": json.loads(made)["password"], "csrfmiddlewaretoken": token[1]}
    opener.open(where, urllib.parse.urlencode(form).encode())
    return "; ".join(f"{each.name}={each.value}" for each in jar)


def test_a_large_body_of_nobody_is_refused_before_any_of_it_is_sent(broker_site: Site):
    port = free_port()
    with serving(broker_site, port):
        for head, status in REFUSED:
            with ask(port, head) as connection:
                assert status_of(connection) == status, head


def test_who_sends_all_the_same_finds_nobody_who_reads(broker_site: Site):
    port = free_port()
    with serving(broker_site, port), ask(port, REFUSED[1][0]) as connection:
        assert status_of(connection) == 401
        assert send_until_refused(connection, 25 * LARGE) < LARGE  # what the kernel's buffers hold


def test_small_forms_and_who_is_signed_in_reach_their_pages(broker_site: Site):
    port = free_port()
    with serving(broker_site, port):
        with ask(port, "/sign-in/ HTTP/1.1\r\nContent-Length: 3") as connection:
            connection.sendall(b"a=b")
            assert status_of(connection) == 403  # it lacks the page's token
        cookie = f"Cookie: {signed_in(broker_site, port)}"
        expecting = f"Expect: 100-continue\r\nContent-Length: {LARGE}\r\nContent-Type: text/plain"
        with ask(port, f"/people/import/ HTTP/1.1\r\n{cookie}\r\n{expecting}") as connection:
            assert connection.recv(12) == b"HTTP/1.1 100"
            while connection.recv(1) != b"\n":
                pass
            assert connection.recv(2) == b"\r\n"
            connection.sendall(bytes(LARGE))
            assert status_of(connection) == 403  # read, and refused for the same reason
