"""One MQTT 3.1.1 connection of a simulated camera, driven by somebody else's selector. Used once."""

import re
import socket
import ssl
from contextlib import suppress
from functools import lru_cache
from tempfile import NamedTemporaryFile
from typing import Any, Protocol

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from hub import wire
from hub.simulator.credentials import Credentials

KEEPALIVE_S = 15
CONNECT_S = 3.0


class Listener(Protocol):
    """Who is told what happens, in the thread that drives the session. Must not call the session back."""

    def opened(self, sock: socket.socket) -> None: ...
    def closed(self, sock: socket.socket) -> None: ...
    def connected(self) -> None: ...
    def refused(self, reason: str) -> None: ...
    def lost(self) -> None: ...
    def received(self, topic: str, payload: bytes) -> None: ...


class CertificateRefused(OSError):
    """The broker doesn't take the camera's certificate; the argument is TLS's word for why."""


class Session:
    """Connects at once.

    Raises OSError (ssl.SSLError among them) when the broker can't be reached or trusted, CertificateRefused
    when it doesn't trust us.
    """

    def __init__(self, credentials: Credentials, will: bytes, listener: Listener) -> None:
        self._credentials = credentials
        self._listener = listener
        self._client = client = mqtt.Client(
            CallbackAPIVersion.VERSION2, credentials.device, clean_session=True, protocol=mqtt.MQTTv311
        )
        client.username_pw_set(credentials.username, credentials.password)
        client.will_set(credentials.topic(wire.STATUS), will, qos=1, retain=True)
        client.connect_timeout = CONNECT_S
        client.on_connect, client.on_disconnect, client.on_message = self._on_connect, self._on_lost, self._on_message
        client.on_socket_open = self._on_open
        client.on_socket_close = self._on_close
        client.on_socket_register_write = _nothing  # set, so that paho leaves writing to `flush`
        if credentials.tls:
            client.tls_set_context(_trust(credentials.ca, credentials.certificate, credentials.key))
        try:
            client.connect(credentials.host, credentials.port, KEEPALIVE_S)
        except ssl.SSLError as error:
            alert = re.search(r"alert ([a-z ]+)", str(error))
            if alert and credentials.certificate:
                raise CertificateRefused(alert[1].strip()) from None
            raise
        self.flush()

    @property
    def congested(self) -> bool:
        """Whether the broker takes no more at the moment."""
        return self._client.want_write()

    def publish(self, topic: str, payload: bytes, qos: int, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos, retain)

    def flush(self) -> None:
        """Write what waits, as far as the socket takes it."""
        if self._client.want_write():
            self._client.loop_write()

    def read(self) -> None:
        """Take in what has arrived."""
        code = self._client.loop_read()
        while code == MQTTErrorCode.MQTT_ERR_SUCCESS and self._has_more():
            code = self._client.loop_read()

    def keep_alive(self) -> None:
        self._client.loop_misc()

    def close(self) -> None:
        """Take leave of the broker: there will be no last will."""
        self._client.disconnect()
        self.flush()
        self.cut()

    def cut(self) -> None:
        """End as by a power cut: the broker finds the line dead and publishes the last will."""
        sock: Any = self._client.socket()
        if sock is None:
            return
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        while self._client.socket() is not None:  # what had arrived before, then the end
            self._client.loop_read()

    def _has_more(self) -> bool:
        # TLS may hold decrypted data that no selector knows of.
        sock = self._client.socket()
        return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0

    def _on_open(self, _client: mqtt.Client, _data: Any, sock: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._listener.opened(sock)

    def _on_close(self, _client: mqtt.Client, _data: Any, sock: Any) -> None:
        self._listener.closed(sock)

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            self._listener.refused(str(reason))
            return
        site, device = self._credentials.site, self._credentials.device
        client.subscribe([(wire.down(site, device, "+"), 1), (wire.hub(site, wire.STATUS), 1)])
        self._listener.connected()

    def _on_lost(self, *_: Any) -> None:
        self._listener.lost()

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._listener.received(message.topic, bytes(message.payload))


@lru_cache(8)
def _trust(ca: str | None, certificate: str | None, key: str | None) -> ssl.SSLContext:
    """Shared, because to read the system's CAs takes longer than all the rest of connecting."""
    context = ssl.create_default_context(cadata=ca)
    if certificate and key:
        # As the firmware's: with 1.3 a certificate is refused after the handshake, and the word for why gets lost.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with NamedTemporaryFile() as file:  # the ssl module reads them from a file only
            file.write((certificate + key).encode())
            file.flush()
            context.load_cert_chain(file.name)
    return context


def _nothing(*_: Any) -> None:
    pass
