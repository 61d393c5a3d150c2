"""Many who are not let in: the cameras that belong here go on working, and nothing grows.

`PZ_FLOOD=10000 pytest tests/broker/test_floods.py -s` is the long run; it prints its figures.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from broker import tls
from hub import wire
from tests.broker.clients import Client, camera, service, trusting
from tests.integration.brokers import Site

ATTEMPTS = int(os.environ.get("PZ_FLOOD", "400"))
IDLE = 200
STATUS = wire.up("main", "good", "status")
GROWTH_KB = 16 * 1024

CONNECT_WRONG = b"\x10\x1b\x00\x04MQTT\x04\xc2\x00\x3c\x00\x03bad\x00\x03bad\x00\x05wrong"


def memory_kb(site: Site) -> int:
    assert site.process is not None
    status = Path(f"/proc/{site.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))


def open_files(site: Site) -> int:
    assert site.process is not None
    return len(list(Path(f"/proc/{site.process.pid}/fd").iterdir()))


@contextmanager
def working_camera(site: Site) -> Iterator[list[float]]:
    """A camera that publishes all the time; yields the ms from its publish to the hub's receipt."""
    delays: list[float] = []
    stop = threading.Event()
    with camera(site.add_camera("good")) as cam, service(site.settings, "hub") as hub:
        assert hub.subscribe(STATUS)
        thread = threading.Thread(target=_publish, args=(cam, hub, delays, stop))
        thread.start()
        try:
            yield delays
        finally:
            stop.set()
            thread.join(30)
    assert not thread.is_alive()


def _publish(cam: Client, hub: Client, delays: list[float], stop: threading.Event) -> None:
    number = 0
    while not stop.wait(0.02):
        number += 1
        began = time.perf_counter()
        cam.paho.publish(STATUS, str(number), qos=1)
        assert hub.messages.get(timeout=10) == (STATUS, str(number).encode())
        delays.append((time.perf_counter() - began) * 1000)


def wrong_password(site: Site) -> None:
    """A whole TLS handshake, then a CONNECT that is refused."""
    context = trusting(tls.ca_text(site.settings))
    with (
        socket.create_connection(("127.0.0.1", site.settings.mqtt_port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname="127.0.0.1") as secured,
    ):
        secured.sendall(CONNECT_WRONG)
        answer = secured.recv(4)
    assert answer == b"\x20\x02\x00\x05", answer


def no_tls(site: Site) -> None:
    """Bytes that begin no handshake."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", site.settings.mqtt_port), timeout=10) as raw:
        raw.sendall(CONNECT_WRONG)
        raw.recv(64)


def hang_up(site: Site) -> None:
    """A handshake that is left in the middle."""
    with socket.create_connection(("127.0.0.1", site.settings.mqtt_port), timeout=10) as raw:
        raw.sendall(b"\x16\x03\x01\x02\x00\x01")


def report(what: str, delays: list[float], grown_kb: int) -> None:
    ordered = sorted(delays)
    print(
        f"\n{what}: {len(delays)} messages of the good camera arrived, "
        f"median {ordered[len(ordered) // 2]:.1f} ms, p99 {ordered[int(len(ordered) * 0.99)]:.1f} ms, "
        f"longest {ordered[-1]:.1f} ms; mosquitto grew by {grown_kb} KB"
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("attempt", [wrong_password, no_tls, hang_up])
def test_a_camera_works_on_while_many_are_refused(broker_site, attempt: Callable[[Site], None]):
    with working_camera(broker_site) as delays:
        attempt(broker_site)
        before, files = memory_kb(broker_site), open_files(broker_site)
        made = 0
        while made < ATTEMPTS or len(delays) < 20:
            attempt(broker_site)
            made += 1
        grown = memory_kb(broker_site) - before
    report(f"{made} × {attempt.__name__}", delays, grown)
    assert grown < GROWTH_KB
    _eventually(lambda: open_files(broker_site) <= files)


@pytest.mark.timeout(600)
def test_a_camera_works_on_while_many_connections_say_nothing(broker_site):
    with working_camera(broker_site) as delays, ExitStack() as idle:
        before = memory_kb(broker_site)
        for _ in range(IDLE):
            idle.enter_context(socket.create_connection(("127.0.0.1", broker_site.settings.mqtt_port), timeout=10))
        seen = len(delays)
        _eventually(lambda: len(delays) > seen + 20)
        grown = memory_kb(broker_site) - before
    report(f"{IDLE} idle connections", delays, grown)
    assert grown < GROWTH_KB


def test_the_broker_may_open_more_files_than_cameras_can_take(broker_site):
    limits = Path(f"/proc/{broker_site.process.pid}/limits").read_text()
    soft = next(line.split()[3] for line in limits.splitlines() if line.startswith("Max open files"))
    hard = next(line.split()[4] for line in limits.splitlines() if line.startswith("Max open files"))
    assert int(soft) >= min(5000, int(hard))


def _eventually(condition: Callable[[], bool], seconds: float = 20) -> None:
    """What the operating system does in its own time can only be asked for again."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)
