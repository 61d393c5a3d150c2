"""The hub's session with the broker: connect, subscribe, receive, publish, and connect again.

The only file that imports aiomqtt. A client object of aiomqtt serves one connection; a `Session`
lasts as long as the hub.
"""

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiomqtt
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from hub.errors import Unavailable
from hub.metrics import Metrics

INBOX = 2000  # messages; at 8 KB a chunk 16 MB
OUTBOX = 2000
DRAIN_BATCH = 64  # messages handled before the event loop gets its turn
KEEPALIVE_S = 15
BACKOFF_S = (0.2, 10.0)
REFUSED = (134, 135)  # CONNACK: bad user name or password, not authorized (MQTT 5, 3.2.2.2)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Login:
    """Where and as whom to connect."""

    host: str
    port: int
    username: str
    password: str
    client_id: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that arrived; the last two are MQTT 5's request/response properties."""

    topic: str
    payload: bytes
    retained: bool = False
    response_topic: str | None = None
    correlation: bytes | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send. `expiry_s`: the broker drops it when it wasn't delivered by then."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    expiry_s: int | None = None
    correlation: bytes | None = None
    response_topic: str | None = None


class Session:
    """Keeps one connection to the broker up. Messages are handed to `on_message` in their order."""

    def __init__(
        self,
        login: Login,
        *,
        will: Outgoing | None,
        subscriptions: Sequence[tuple[str, int]],
        on_connect: Callable[[], Awaitable[None]],
        on_message: Callable[[Incoming], None],
        metrics: Metrics,
        on_drop: Callable[[str, int], None] = lambda topic, size_bytes: None,
    ) -> None:
        """`on_drop` is told topic and size of each message for which there was no room."""
        self._login = login
        self._will = will
        self._subscriptions = subscriptions
        self._on_connect = on_connect
        self._on_message = on_message
        self._metrics = metrics
        self._on_drop = on_drop
        self._client: aiomqtt.Client | None = None
        self.connected = asyncio.Event()
        self._stuck = asyncio.Event()

    async def run(self) -> None:
        """Serve for ever. Raises Unavailable when the very first login is refused."""
        pause_s = BACKOFF_S[0]
        ever = False
        while True:
            try:
                await self._serve()
            except aiomqtt.MqttError as error:
                if not ever and not self.connected.is_set() and _refused(error):
                    raise Unavailable(f"The broker refused the user {self._login.username!r}: {error}") from None
                ever = ever or self.connected.is_set()
                pause_s = BACKOFF_S[0] if self.connected.is_set() else min(BACKOFF_S[1], pause_s * 2)
                log.warning("broker away", error=str(error), again_in_s=pause_s)
                self._metrics.count("mqtt_disconnects")
            finally:
                self._client = None
                self.connected.clear()
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret

    async def publish(self, message: Outgoing) -> bool:
        """Send a message; False (and counted) when the line is down. Nothing is kept for later."""
        if self._client is None:
            self._metrics.count("publish_dropped", "offline")
            return False
        try:
            await self._client.publish(
                message.topic, message.payload, qos=message.qos, retain=message.retain, properties=_properties(message)
            )
        except aiomqtt.MqttError:
            # The broker loses confirmations when a flood fills its queue for us, and each lost one holds
            # a place among those in flight for ever: only a new connection frees them.
            self._metrics.count("publish_dropped", "unconfirmed")
            self._stuck.set()
            return False
        return True

    async def _serve(self) -> None:
        inbox = _Inbox(self._dropped)
        async with self._new_client(inbox) as client:
            await client.subscribe(list(self._subscriptions))
            self._client = client
            self.connected.set()
            self._stuck.clear()
            await self._on_connect()
            await self._read_unless_stuck(client, inbox)

    async def _read_unless_stuck(self, client: aiomqtt.Client, inbox: "_Inbox") -> None:
        reading = asyncio.create_task(self._read(client, inbox))
        stuck = asyncio.create_task(self._stuck.wait())
        try:
            await asyncio.wait((reading, stuck), return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
            raise aiomqtt.MqttError("a message was not confirmed in time")
        finally:
            reading.cancel()
            stuck.cancel()

    async def _read(self, client: aiomqtt.Client, inbox: "_Inbox") -> None:
        async for message in client.messages:
            self._handle(message)
            await self._drain(inbox)

    async def _drain(self, inbox: "_Inbox") -> None:
        """Handle what has come in meanwhile without aiomqtt's task for each message."""
        handled = 0
        while not inbox.empty():
            self._handle(inbox.get_nowait())
            handled += 1
            if handled % DRAIN_BATCH == 0:
                await asyncio.sleep(0)

    def _dropped(self, message: aiomqtt.Message) -> None:
        self._metrics.count("inbox_dropped")
        self._on_drop(str(message.topic), len(message.payload) if isinstance(message.payload, bytes) else 0)

    def _handle(self, message: aiomqtt.Message) -> None:
        properties: Any = message.properties
        payload = message.payload
        self._on_message(
            Incoming(
                str(message.topic),
                payload if isinstance(payload, bytes) else b"",
                bool(message.retain),
                getattr(properties, "ResponseTopic", None),
                getattr(properties, "CorrelationData", None),
            )
        )

    def _new_client(self, inbox: "_Inbox") -> aiomqtt.Client:
        login = self._login
        will = self._will
        return aiomqtt.Client(
            login.host,
            login.port,
            username=login.username,
            password=login.password,
            identifier=login.client_id,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=True,
            keepalive=KEEPALIVE_S,
            will=aiomqtt.Will(will.topic, will.payload, qos=will.qos, retain=will.retain) if will else None,
            queue_type=partial(_same, inbox),  # type: ignore[arg-type]
            max_queued_outgoing_messages=OUTBOX,
            max_inflight_messages=100,
            # Without it a small packet waits 40 ms for the broker's delayed TCP acknowledgement.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            timeout=10,
        )


class _Inbox(asyncio.Queue[aiomqtt.Message]):
    """A bounded queue that says what it drops; aiomqtt's own would log a line for each."""

    def __init__(self, on_drop: Callable[[aiomqtt.Message], None]) -> None:
        super().__init__(INBOX)
        self._on_drop = on_drop

    def put_nowait(self, item: aiomqtt.Message) -> None:
        if self.full():
            self._on_drop(item)
            return
        super().put_nowait(item)


def _same(inbox: _Inbox, maxsize: int = 0) -> _Inbox:  # aiomqtt makes its queue this way
    return inbox


def _properties(message: Outgoing) -> Properties | None:
    if message.expiry_s is None and message.correlation is None and message.response_topic is None:
        return None
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if message.expiry_s is not None:
        properties.MessageExpiryInterval = message.expiry_s
    if message.correlation is not None:
        properties.CorrelationData = message.correlation
    if message.response_topic is not None:
        properties.ResponseTopic = message.response_topic
    return properties


def _refused(error: aiomqtt.MqttError) -> bool:
    code = getattr(error, "rc", None)
    return getattr(code, "value", code) in REFUSED
