"""An MQTT 3.1.1 client over asyncio: one connection, QoS 0 and 1, everything bounded, a time limit on everything.

Section numbers are those of the OASIS standard MQTT Version 3.1.1.
A client object serves one connection. When it ends, `lost` is set, `error` says why, and every call raises OSError.
"""

import asyncio
import select
import socket
import struct
import time

from micropython import const

_CONNECT = const(0x10)
_CONNACK = const(0x20)
_PUBLISH = const(0x30)
_PUBACK = const(0x40)
_SUBSCRIBE = const(0x82)
_SUBACK = const(0x90)
_PINGREQ = const(0xC0)
_PINGRESP = const(0xD0)
_DISCONNECT = const(0xE0)

_EINPROGRESS = const(115)
_EINPROGRESS_LWIP = const(119)
_ETIMEDOUT = const(110)
_ECONNRESET = const(104)
_EPROTO = const(71)
_TCP_NODELAY = (6, 1, 1)  # level, option, value; without it each QoS 1 publish waits 40 ms (Nagle)

_PENDING_MAX = const(8)  # packets that wait for their answer at once
REFUSALS = ("", "protocol version", "client id", "server unavailable", "user name or password", "not authorized")


class Refused(OSError):
    """The broker answered CONNECT with a refusal; the argument is its return code."""


class Client:
    """`on_message(topic, payload)` is called for each message, at once: it must not block and must not raise."""

    def __init__(self, on_message, keepalive_s=30, timeout_ms=10_000, incoming_max=62 * 1024):
        self._on_message = on_message
        self._keepalive_s = keepalive_s
        self._timeout_ms = timeout_ms
        self._incoming_max = incoming_max
        self._stream = None
        self._lock = asyncio.Lock()  # one packet at a time
        self._out = memoryview(bytearray(1024))
        self._pending = {}  # packet id -> [event, return codes or None]
        self._id = 0
        self._heard = 0
        self._truncated = False
        self._tasks = []
        self.dropped = 0  # messages that were over incoming_max
        self.lost = asyncio.Event()
        self.error = None

    async def connect(self, host, port, client_id, user, password, tls=None, will=None):
        """`will` is (topic, payload), retained at QoS 1. Raises Refused, OSError or ValueError (TLS)."""
        try:
            sock = await _open(host, port, tls, self._timeout_ms)
            self._stream = asyncio.StreamReader(sock)
            await self._send(_connect_packet(client_id, user, password, self._keepalive_s, will))
            kind, body = await self._within(self._read())
            if kind != _CONNACK or len(body) != 2 or body[1] >= len(REFUSALS):
                raise OSError(_EPROTO)
            if body[1]:
                raise Refused(body[1])
        except BaseException:
            self._close_stream()
            raise
        self._heard = time.ticks_ms()
        self._tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._keep_alive())]

    async def publish(self, topic, payload, qos=0, retain=False, head=b""):
        """Send `head` and `payload` as one message. The payload is copied once, into the packet; at QoS 1 this
        returns when the broker has taken it over."""
        packet_id = self._claim_id() if qos else 0
        try:
            async with self._lock:
                size = self._pack_publish(topic.encode(), head, payload, packet_id, retain)
                await self._send(self._out[:size])
            if qos:
                await self._within(self._answer(packet_id))
        finally:
            self._pending.pop(packet_id, None)

    async def subscribe(self, topics):
        """Subscribe at QoS 1; raises OSError when the broker refuses one of them."""
        packet_id = self._claim_id()
        body = struct.pack("!H", packet_id) + b"".join([_text(topic) + b"\x01" for topic in topics])
        try:
            async with self._lock:
                await self._send(bytes([_SUBSCRIBE]) + _length(len(body)) + body)
            if 0x80 in await self._within(self._answer(packet_id)):
                raise OSError(_EPROTO)
        finally:
            self._pending.pop(packet_id, None)

    async def disconnect(self):
        """Say goodbye: the broker drops the will."""
        async with self._lock:
            await self._send(bytes([_DISCONNECT, 0]))

    def close(self):
        """End the connection without a word; the broker sends the will."""
        for task in self._tasks:
            task.cancel()
        self._tasks = []
        self._fail(OSError(_ECONNRESET))
        self._close_stream()

    def _close_stream(self):
        if self._stream:
            self._stream.s.close()
            self._stream = None

    def _fail(self, error):
        """The connection is of no use any more: wake everybody who waits on it."""
        if self.error is None:
            self.error = error
        self.lost.set()
        for waiting in self._pending.values():
            waiting[0].set()

    async def _within(self, step):
        try:
            return await asyncio.wait_for_ms(step, self._timeout_ms)
        except asyncio.TimeoutError:
            self._fail(OSError(_ETIMEDOUT))
            raise OSError(_ETIMEDOUT) from None

    async def _send(self, packet):
        """Write one packet. Nobody else gets a turn while the socket takes it: its buffer is small, polling slow."""
        if self.error or not self._stream:
            raise OSError(_ECONNRESET)
        try:
            left = memoryview(packet)
            while left:
                taken = self._stream.s.write(left)  # TLS takes 4 KB at a time
                if not taken:
                    self._stream.write(left)
                    await self._within(self._stream.drain())
                    break
                left = left[taken:]
        except BaseException as error:  # cancelled too: half a packet is out, nothing may follow it
            self._fail(error)
            raise

    def _claim_id(self):
        if len(self._pending) >= _PENDING_MAX:
            raise OSError(_ETIMEDOUT)
        self._id = self._id % 0xFFFF + 1
        self._pending[self._id] = [asyncio.Event(), None]
        return self._id

    async def _answer(self, packet_id):
        waiting = self._pending[packet_id]
        await waiting[0].wait()
        if waiting[1] is None:
            raise OSError(_ECONNRESET)
        return waiting[1]

    def _pack_publish(self, topic, head, payload, packet_id, retain):
        """Build a PUBLISH (3.3) in the outgoing buffer, which grows to the largest packet; returns its size."""
        rest = 2 + len(topic) + (2 if packet_id else 0) + len(head) + len(payload)
        start = bytes([_PUBLISH | (2 if packet_id else 0) | (1 if retain else 0)]) + _length(rest)
        if len(start) + rest > len(self._out):
            self._out = memoryview(bytearray(len(start) + rest))
        ids = struct.pack("!H", packet_id) if packet_id else b""
        at = 0
        for part in (start, struct.pack("!H", len(topic)), topic, ids, head, payload):
            self._out[at : at + len(part)] = part
            at += len(part)
        return at

    async def _receive(self):
        try:
            while True:
                first = await self._stream.readexactly(1)
                kind, body = await self._within(self._read(first[0]))
                self._heard = time.ticks_ms()
                await self._take(kind, body)
        except (OSError, EOFError, ValueError) as error:
            self._fail(error)

    async def _take(self, kind, body):
        if kind & 0xF0 == _PUBLISH:
            await self._take_message(kind, body)
        elif kind in (_PUBACK, _SUBACK) and len(body) >= 2:
            waiting = self._pending.get(body[0] << 8 | body[1])
            if waiting:
                waiting[1] = body[2:]
                waiting[0].set()
        elif kind != _PINGRESP:
            raise OSError(_EPROTO)

    async def _take_message(self, kind, body):
        qos = kind >> 1 & 3
        length = body[0] << 8 | body[1] if len(body) >= 2 else 0xFFFF
        start = 2 + length + (2 if qos else 0)
        if start > len(body) or qos > 1:
            raise OSError(_EPROTO)
        if self._truncated:
            self.dropped += 1
        else:
            self._on_message(str(body[2 : 2 + length], "utf-8"), body[start:])
        if qos:
            async with self._lock:
                await self._send(bytes([_PUBACK, 2]) + body[start - 2 : start])

    async def _read(self, first=None):
        """One packet as (first byte, body). What is over incoming_max is read and thrown away."""
        if first is None:
            first = (await self._stream.readexactly(1))[0]
        length, shift = 0, 0
        while True:  # 2.2.3
            byte = (await self._stream.readexactly(1))[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
            if shift > 21:
                raise OSError(_EPROTO)
        self._truncated = length > self._incoming_max
        body = await self._stream.readexactly(min(length, self._incoming_max))
        length -= len(body)
        while length:
            length -= len(await self._stream.readexactly(min(length, 1024)))
        return first, body

    async def _keep_alive(self):
        """Ping at half the keep-alive time; a broker that has been silent for twice as long is gone."""
        every_ms = self._keepalive_s * 500
        try:
            while time.ticks_diff(time.ticks_ms(), self._heard) < 4 * every_ms:
                await asyncio.sleep_ms(every_ms)
                async with self._lock:
                    await self._send(bytes([_PINGREQ, 0]))
            self._fail(OSError(_ETIMEDOUT))
        except OSError as error:
            self._fail(error)


async def _open(host, port, tls, timeout_ms):
    """A connected socket that never blocks; with TLS the handshake comes with the first write."""
    family, kind, proto, _, address = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
    sock = socket.socket(family, kind, proto)
    try:
        sock.setblocking(False)
        try:
            sock.connect(address)
        except OSError as error:
            if error.errno not in (_EINPROGRESS, _EINPROGRESS_LWIP):
                raise
        await _wait_writable(sock, timeout_ms)
        sock.setsockopt(*_TCP_NODELAY)
        return tls.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False) if tls else sock
    except BaseException:
        sock.close()
        raise


async def _wait_writable(sock, timeout_ms):
    poller = select.poll()
    poller.register(sock, select.POLLOUT)
    start = time.ticks_ms()
    while not poller.poll(0):
        if time.ticks_diff(time.ticks_ms(), start) > timeout_ms:
            raise OSError(_ETIMEDOUT)
        await asyncio.sleep_ms(10)


def _text(text):
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack("!H", len(raw)) + raw


def _length(value):
    """The variable-length encoding of a packet's remaining length (2.2.3)."""
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def _connect_packet(client_id, user, password, keepalive_s, will):
    flags = 0xC2 if user else 0x02  # user name, password; a clean session (3.1.2)
    fields = [client_id]
    if will:
        flags |= 0x2C  # will, QoS 1, retained
        fields += will
    if user:
        fields += [user, password]
    body = b"\x00\x04MQTT\x04" + struct.pack("!BH", flags, keepalive_s) + b"".join([_text(f) for f in fields])
    return bytes([_CONNECT]) + _length(len(body)) + body
