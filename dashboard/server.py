"""The process: pages, WebSockets and the relay to the broker on one event loop."""

import asyncio
import logging
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Coroutine
from typing import Any

import daphne.server
import structlog
from django.conf import settings
from django.core.management import call_command
from twisted.internet import reactor

import broker
from dashboard import runtime
from dashboard.accounts.first import FIRST, first_admin
from dashboard.live.hall import hall
from dashboard.live.relay import Relay
from hub import logs, retention
from hub.cloud.pull import Pulled
from hub.errors import Busy, PresenzaError
from hub.mirroring import open_sync
from hub.mqtt import Login
from hub.settings import Settings
from hub.store.documents import Kind
from hub.store.opening import open_pictures, open_store
from hub.store.sqlite import SqliteStore

RETENTION_S = 3600.0

log = structlog.get_logger()


def serve() -> int:
    """Serve until SIGTERM or SIGINT, or until the relay dies; the exit code."""
    presenza = settings.PRESENZA
    logs.configure(presenza.log_level, presenza.log_format)
    logging.getLogger("django.request").setLevel(logging.ERROR)
    _check_port(presenza)
    prepare(presenza)
    process = Process(presenza)
    process.run()
    return process.exit_code


def prepare(presenza: Settings) -> None:
    """Make the tables and, at the first start, the administrator; open the store."""
    call_command("migrate", verbosity=0, interactive=False)
    runtime.install(runtime.Runtime(presenza, open_store(presenza), open_pictures(presenza)))
    (presenza.data_dir / "dashboard.db").chmod(0o600)
    password = first_admin()
    if password:
        print(f"The dashboard's first account: user name {FIRST}, password {password} (shown this once)", flush=True)


class Process:
    """daphne with the relay beside it."""

    def __init__(self, presenza: Settings) -> None:
        self._presenza = presenza
        self.exit_code = 0
        self._line: Relay | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    def run(self) -> None:
        from dashboard.asgi import application
        from dashboard.bodies import BoundedFactory

        host = self._presenza.http_host.replace(":", r"\:")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: reactor.callFromThread(self._stop))
        daphne.server.HTTPFactory = BoundedFactory  # daphne takes its factory by this name
        daphne.server.Server(
            application,
            endpoints=[f"tcp:{self._presenza.http_port}:interface={host}"],
            signal_handlers=False,
            ready_callable=self._ready,
            verbosity=0,
            server_name="",
            application_close_timeout=2,
        ).run()

    def _ready(self) -> None:
        print(f"Dashboard: {address(self._presenza)}", flush=True)
        works = {"relay": self._relay(), **self._cloud_tasks()}
        self._tasks |= {asyncio.get_event_loop().create_task(work, name=name) for name, work in works.items()}

    def _cloud_tasks(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What a dashboard does where people and attendance come from Firestore, perhaps without a hub beside it."""
        here = runtime.current()
        assert isinstance(here.store, SqliteStore)
        sync = open_sync(self._presenza, here.store, here.pictures, _tell_pages)
        if sync is None:
            return {}
        return {"sync": sync.run(), "retention": self._retain()}

    async def _retain(self) -> None:
        """Old rows and pictures go here by their age, as they do at the hub."""
        here = runtime.current()
        while True:
            try:
                await asyncio.to_thread(retention.purge, here.store, here.pictures, self._presenza, runtime.now_ms())
            except (PresenzaError, OSError) as error:
                log.warning("retention failed", error=str(error))
            await asyncio.sleep(RETENTION_S)

    async def _relay(self) -> None:
        """The relay dying stops the process with a reason: a page that is never fed again must not look alive."""
        try:
            name = f"dashboard-{secrets.token_hex(4)}"
            relay = Relay(runtime.current(), hall, _login(self._presenza, name))
            runtime.current().line = self._line = relay
            await relay.run()
        except* PresenzaError as group:
            self._fail(group.exceptions[0])
        except* Exception as group:
            log.exception("the relay died")
            self._fail(group.exceptions[0])

    def _fail(self, error: BaseException) -> None:
        print(f"presenza: the dashboard stops: {error}", file=sys.stderr, flush=True)
        self.exit_code = getattr(error, "exit_code", 1)
        self._stop()

    def _stop(self) -> None:
        # A browser that doesn't answer must not hold up the end.
        timer = threading.Timer(4.0, os._exit, (self.exit_code,))
        timer.daemon = True
        timer.start()
        if self._line is not None:
            self._line.end()  # here, because the loop may not come to it any more
        for task in self._tasks:
            task.cancel()
        if reactor.running:
            reactor.stop()


def _tell_pages(pulled: Pulled) -> None:
    """Open pages count again who is there, when others have changed that."""
    if pulled.kinds & {Kind.ATTENDANCE, Kind.CORRECTIONS, Kind.PEOPLE}:
        runtime.current().line.attendance_changed()


def address(presenza: Settings) -> str:
    if presenza.http_origin:
        return presenza.http_origin
    host = "127.0.0.1" if presenza.http_host in ("0.0.0.0", "::") else presenza.http_host  # noqa: S104
    return f"http://{host}:{presenza.http_port}"


def _login(presenza: Settings, client_id: str) -> Login:
    identity = broker.credentials(presenza, "dashboard")
    return Login(presenza.mqtt_host, presenza.mqtt_local_port, *identity, client_id)


def _check_port(presenza: Settings) -> None:
    """daphne would only log that its port is taken."""
    family = socket.AF_INET6 if ":" in presenza.http_host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((presenza.http_host, presenza.http_port))
        except OSError as error:
            raise Busy(
                f"Port {presenza.http_port} on {presenza.http_host} can't be used: {error.strerror}. "
                "Choose another PRESENZA_HTTP_PORT."
            ) from None
