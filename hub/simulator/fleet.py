"""Runs any number of cameras in one thread, with one selector."""

import heapq
import itertools
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

KEEP_ALIVE_S = 1.0
IDLE_S = 0.5


def now_ms() -> float:
    """Unix time."""
    return time.time() * 1000


class Runnable(Protocol):
    """What a fleet runs; all methods are called in its thread."""

    @property
    def due_ms(self) -> float: ...
    def tick(self, now_ms: float) -> None: ...
    def read(self) -> None: ...
    def keep_alive(self) -> None: ...


class Fleet:
    """The thread of the cameras. A camera's due times are kept in a heap: a quiet one costs nothing."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._cameras: set[Runnable] = set()
        self._due: list[tuple[float, int, Runnable]] = []
        self._order = itertools.count()  # so that the heap never compares cameras
        self._scheduled: dict[Runnable, float] = {}
        self._calls: deque[Callable[[], None]] = deque()
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._ends = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None

    def start(self) -> None:
        """Begin, unless it runs already."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="cameras", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread, after its cameras were stopped. Raises what it died of, if it did."""
        self._ends.set()
        self.call(lambda: None)
        if self._thread is not None:
            self._thread.join()
        self._selector.close()
        self._wake.close()
        self._woken.close()
        if self._failure is not None:
            raise self._failure

    def call(self, work: Callable[[], None]) -> None:
        """Have `work` done in the fleet's thread, soon. May be called from any thread."""
        self._calls.append(work)
        with suppress(BlockingIOError):  # full: it will wake anyway
            self._wake.send(b"\0")

    # -- for cameras, in the fleet's thread ---------------------------------
    def add(self, camera: Runnable) -> None:
        self._cameras.add(camera)
        self.schedule(camera)

    def discard(self, camera: Runnable) -> None:
        self._cameras.discard(camera)
        self._scheduled.pop(camera, None)

    def schedule(self, camera: Runnable) -> None:
        """Look at a camera's due time again: it did something."""
        due_ms = camera.due_ms
        if camera in self._cameras and self._scheduled.get(camera) != due_ms:
            self._scheduled[camera] = due_ms
            heapq.heappush(self._due, (due_ms, next(self._order), camera))

    def watch(self, camera: Runnable, sock: socket.socket) -> None:
        self._selector.register(sock, selectors.EVENT_READ, camera)

    def watch_writes(self, camera: Runnable, sock: socket.socket, wanted: bool) -> None:
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if wanted else 0)
        if self._selector.get_key(sock).events != events:
            self._selector.modify(sock, events, camera)

    def unwatch(self, sock: socket.socket) -> None:
        self._selector.unregister(sock)

    # -- the loop -----------------------------------------------------------
    def _run(self) -> None:
        try:
            self._loop()
        except Exception as error:
            self._failure = error
            raise

    def _loop(self) -> None:
        keep_alive_at = time.monotonic()
        while not self._ends.is_set():
            for key, _ in self._selector.select(self._timeout_s()):
                if key.data is None:
                    self._do_calls()
                else:
                    key.data.read()
                    self.schedule(key.data)
            self._tick()
            if time.monotonic() >= keep_alive_at:
                keep_alive_at = time.monotonic() + KEEP_ALIVE_S
                for camera in list(self._cameras):
                    camera.keep_alive()
                    self.schedule(camera)

    def _timeout_s(self) -> float:
        first_ms = self._due[0][0] if self._due else float("inf")
        return max(0.0, min(IDLE_S, (first_ms - now_ms()) / 1000))

    def _do_calls(self) -> None:
        self._woken.recv(4096)
        while self._calls:
            self._calls.popleft()()

    def _tick(self) -> None:
        now = now_ms()
        while self._due and self._due[0][0] <= now:
            due_ms, _, camera = heapq.heappop(self._due)
            if self._scheduled.get(camera) == due_ms:  # else it was scheduled anew since
                del self._scheduled[camera]
                camera.tick(now)
                self.schedule(camera)
