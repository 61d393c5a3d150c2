"""The real commands as processes: a broker, `presenza hub`, and a camera that a test has in its hands."""

import io
import itertools
import json
import os
import queue
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from PIL import Image

from broker.connection import Connection
from hub import samples, settings, wire
from tests.integration.brokers import Site, make_site

PATIENCE_S = 60.0  # for what takes a second on a quiet machine


def presenza(*arguments: str, env: dict[str, str], **more: Any) -> subprocess.Popen[bytes]:
    """Start one of our commands."""
    return subprocess.Popen([sys.executable, "-m", "hub", *arguments], env=env, **more)


def run(*arguments: str, env: dict[str, str], check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one of our commands to its end."""
    argv = [sys.executable, "-m", "hub", *arguments]
    done = subprocess.run(argv, env=env, check=False, capture_output=True, text=True, timeout=120)
    assert not check or done.returncode == 0, f"presenza {' '.join(arguments)}: {done.stderr}"
    return done


def portrait(person: str, number: int = -1) -> Path:
    """A sample photo of `obama`, `biden` or `astronaut`."""
    return samples.people(settings.load({}).cache_dir)[person][number]


def scene(*photos: Path, quality: int = 85) -> bytes:
    """A VGA frame that shows photos side by side, each as large as fits."""
    frame = Image.new("RGB", (640, 480), (110, 115, 120))
    width = 640 // max(1, len(photos))
    for place, photo in enumerate(photos):
        picture = Image.open(photo).convert("RGB")
        picture.thumbnail((width, 480))
        frame.paste(picture, (place * width, 0))
    buffer = io.BytesIO()
    frame.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


@dataclass(frozen=True)
class Sent:
    """A frame as it went out, so that it can be sent again."""

    frame_id: int
    jpeg: bytes


class Door:
    """A camera in a test's hands: it sends what it is told, and waits for the ack."""

    def __init__(self, credentials: dict[str, Any], boot_id: int = 0xC0FFEE) -> None:
        self.boot_id = boot_id
        self.name = credentials["device"]
        self.acks: queue.Queue[dict[str, Any]] = queue.Queue()
        self._site = credentials["site"]
        self._hub: queue.Queue[dict[str, Any]] = queue.Queue()
        self._ids = itertools.count(1)
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=self.name, protocol=mqtt.MQTTv311)
        self._client.username_pw_set(credentials["username"], credentials["password"])
        if credentials["tls"]:
            self._client.tls_set_context(ssl.create_default_context(cadata=credentials["ca"]))
        self._client.reconnect_delay_set(0.1, 1)
        self._client.on_socket_open = _no_delay
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.connect(credentials["host"], credentials["port"])
        self._client.loop_start()

    def _on_connect(self, *_: Any) -> None:
        self._client.subscribe([(wire.down(self._site, self.name, "#"), 1), (wire.hub(self._site, wire.STATUS), 1)])

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        target = self.acks if message.topic.endswith(wire.ACK) else self._hub
        target.put(json.loads(message.payload))

    def wait_for_hub(self, state: str = "online", *, other_than: str = "") -> str:
        """Wait until the hub is in a state; its id. `other_than`: not this one, which was before."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            status = self._hub.get(timeout=max(0.1, deadline - time.monotonic()))
            if status["state"] == state and status["hub_id"] != other_than:
                return str(status["hub_id"])

    def publish(self, jpeg: bytes, frame_id: int, flags: int = 0, captured_ms: int = 0, **header: int) -> None:
        """Send a picture's chunks; QoS 1 where it is sent again, as the contract says."""
        values = {"motion_id": 1, "chunk_size": 8192} | header
        first = wire.Header(
            flags, self.boot_id, frame_id, values["motion_id"], 0, 0, values["chunk_size"], 0, 0, captured_ms
        )
        topic = wire.up(self._site, self.name, wire.FRAME)
        for head, data in wire.split(jpeg, first):
            self._client.publish(topic, head + bytes(data), qos=1 if flags & wire.RESENT else 0)

    def send(self, jpeg: bytes, flags: int = 0, captured_ms: int = 0, **header: int) -> dict[str, Any]:
        """Send a new frame and wait for its ack."""
        return self.ack_of(self.put(jpeg, flags, captured_ms, **header))

    def put(self, jpeg: bytes, flags: int = 0, captured_ms: int = 0, **header: int) -> Sent:
        """Send a new frame and don't wait."""
        sent = Sent(next(self._ids), jpeg)
        self.publish(jpeg, sent.frame_id, flags, captured_ms, **header)
        return sent

    def ack_of(self, sent: Sent) -> dict[str, Any]:
        """Wait for the ack of a frame."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            ack = self.acks.get(timeout=max(0.1, deadline - time.monotonic()))
            if ack["frame_id"] == sent.frame_id:
                return ack

    def send_again(self, sent: Sent) -> dict[str, Any]:
        """Send a frame once more, as a camera does when no ack came."""
        self.publish(sent.jpeg, sent.frame_id, wire.RESENT)
        return self.ack_of(sent)

    def send_until_answered(self, jpeg: bytes) -> dict[str, Any]:
        """Send a frame as a camera does: again when no ack comes in time."""
        sent = self.put(jpeg)
        while True:
            try:
                return self.acks.get(timeout=2)
            except queue.Empty:
                self.publish(sent.jpeg, sent.frame_id, wire.RESENT)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def _no_delay(_client: Any, _data: Any, connection: socket.socket) -> None:
    # Else the last chunk waits 40 ms for the broker's delayed TCP acknowledgement of the one before.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Stack:
    """A site with two people enrolled, its broker, and a hub to start, kill and start again."""

    def __init__(self, site: Site, camera: str = "door-1") -> None:
        self.site = site
        self.environ = site.environ | {"PRESENZA_WORKERS": "1", "PRESENZA_LATE_AFTER": "23:59:59"}
        self.hub: subprocess.Popen[bytes] | None = None
        self.door = Door(site.add_camera(camera))
        self._hub_id = ""
        self.results: queue.Queue[dict[str, Any]] = queue.Queue()
        self._dashboard = self._listen()

    def start_hub(self, **environ: str) -> None:
        """Start it, and wait until it says that it is online."""
        log = (self.site.settings.data_dir / "hub.log").open("ab")
        self.hub = presenza("hub", env=self.environ | environ, stderr=log)
        self._hub_id = self.door.wait_for_hub(other_than=self._hub_id)

    def wait_until_hub_died(self) -> None:
        assert self.hub is not None
        self.hub.wait(PATIENCE_S)

    def stop_hub(self) -> int:
        assert self.hub is not None
        self.hub.terminate()
        return self.hub.wait(PATIENCE_S)

    @property
    def log(self) -> str:
        return (self.site.settings.data_dir / "hub.log").read_text()

    def attendance(self) -> list[dict[str, Any]]:
        """What `presenza attendance today --json` prints."""
        return list(json.loads(run("attendance", "today", "--json", env=self.environ).stdout))

    def seen_today(self) -> list[str]:
        """The names of those who were seen today."""
        return sorted(row["name"] for row in self.attendance() if row["first_seen_ms"])

    def result_of(self, frame_id: int) -> dict[str, Any]:
        """Wait for the hub's result on a frame."""
        while True:
            result = self.results.get(timeout=PATIENCE_S)
            if result["frame_id"] == frame_id:
                return result

    def ask(self, method: str, request: dict[str, Any]) -> dict[str, Any]:
        """One MQTT 5 request to the hub, as a dashboard makes it, and the answer."""
        reply_to = wire.hub(self.site.settings.site, wire.REPLY) + "/test"
        answers: queue.Queue[bytes] = queue.Queue()
        subscribed = threading.Event()
        dashboard = Connection(self.site.settings, "dashboard")
        dashboard.client.on_message = lambda _c, _d, message: answers.put(message.payload)
        dashboard.client.on_subscribe = lambda *_: subscribed.set()
        dashboard.client.subscribe(reply_to, qos=1)
        assert subscribed.wait(PATIENCE_S)
        properties = Properties(PacketTypes.PUBLISH)
        properties.ResponseTopic, properties.CorrelationData = reply_to, b"1"
        topic = wire.hub(self.site.settings.site, f"{wire.RPC}/{method}")
        dashboard.client.publish(topic, json.dumps(request), 1, properties=properties)
        try:
            return dict(json.loads(answers.get(timeout=PATIENCE_S)))
        finally:
            dashboard.close()

    def close(self) -> None:
        if self.hub is not None and self.hub.poll() is None:
            self.hub.kill()
            self.hub.wait()
        self._dashboard.close()
        self.door.close()

    def _listen(self) -> Connection:
        connection = Connection(self.site.settings, "dashboard")
        connection.client.on_message = lambda _c, _d, message: self.results.put(json.loads(message.payload))
        connection.client.subscribe(wire.hub(self.site.settings.site, wire.RESULTS), qos=1)
        return connection


def enrol(folder: Path) -> None:
    """Make a data folder in which Obama (two photos) and Biden are enrolled, by the real command."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PRESENZA_")}
    env = inherited | {"PRESENZA_DATA_DIR": str(folder), "PRESENZA_TIME_ZONE": "UTC"}
    for person, photos in {"obama": 2, "biden": 1}.items():
        chosen = [str(portrait(person, number)) for number in range(photos)]
        run("people", "add", "--name", person.title(), "--consent", "Public figure", *chosen, env=env)


def until(condition: Callable[[], Any], problem: str = "it did not come about") -> None:
    """Wait until what another process does has come about."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, problem
        time.sleep(0.05)


@contextmanager
def make_stack(folder: Path, enrolled: Path, **values: Any) -> Iterator[Stack]:
    """A stack in `folder`, with a copy of the people in the folder `enrolled`; the hub is not started."""
    shutil.copytree(enrolled, folder)
    with make_site(folder, **values) as site:
        stack = Stack(site)
        try:
            yield stack
        finally:
            stack.close()
