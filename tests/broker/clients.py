"""A plain MQTT client for the broker's tests: it waits for answers instead of sleeping."""

import json
import queue
import ssl
from contextlib import AbstractContextManager
from tempfile import NamedTemporaryFile
from types import TracebackType
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

import broker
from broker import policy
from hub.settings import Settings

WAIT_S = 10.0


class Refused(Exception):
    """The broker answered the CONNECT with this reason."""


class Client(AbstractContextManager["Client"]):
    """A connection that is up when the constructor returns; raises Refused or OSError when it isn't let in."""

    def __init__(
        self,
        host: str,
        port: int,
        username: str | None,
        password: str | None,
        client_id: str = "",
        *,
        will: tuple[str, bytes] | None = None,
        protocol: int = mqtt.MQTTv311,
        tls: ssl.SSLContext | None = None,
        clean_session: bool | None = None,
    ) -> None:
        self.messages: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self._codes: queue.SimpleQueue[list[int]] = queue.SimpleQueue()
        self._connected: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._gone: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.paho = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=protocol, clean_session=clean_session
        )
        self.paho.username_pw_set(username, password)
        if tls is not None:
            self.paho.tls_set_context(tls)
        if will is not None:
            self.paho.will_set(will[0], will[1], qos=1, retain=True)
        self.paho.on_connect = lambda _c, _u, _f, reason, _p: self._connected.put(reason)
        self.paho.on_disconnect = self._on_disconnect
        self.paho.on_subscribe = lambda _c, _u, _m, reasons, _p: self._codes.put([r.value for r in reasons])
        self.paho.on_message = lambda _c, _u, m: self.messages.put((m.topic, m.payload))
        self.paho.connect(host, port, keepalive=60)
        self.paho.loop_start()
        try:
            reason = self._connected.get(timeout=WAIT_S)
        except queue.Empty:
            self.close()
            raise TimeoutError("no answer to the CONNECT") from None
        if reason is None:
            self.close()
            raise ConnectionError("the broker hung up instead of answering the CONNECT")
        if reason.is_failure:
            self.close()
            raise Refused(str(reason))

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._connected.put(None)
        self._gone.put(reason)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()

    def subscribe(self, topic: str) -> bool:
        """Whether the broker accepted the subscription."""
        self.paho.subscribe(topic, qos=1)
        return self._codes.get(timeout=WAIT_S)[0] < 0x80

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish at QoS 1 and wait for the acknowledgement, which says nothing about rights."""
        self.paho.publish(topic, payload, qos=1, retain=retain).wait_for_publish(WAIT_S)

    def received_until(self, topic: str, payload: bytes) -> list[tuple[str, bytes]]:
        """What arrived before the message (topic, payload)."""
        received = []
        while (message := self.messages.get(timeout=WAIT_S)) != (topic, payload):
            received.append(message)
        return received

    def wait_until_gone(self, timeout_s: float) -> None:
        """Raises queue.Empty when the connection outlives `timeout_s`."""
        self._gone.get(timeout=timeout_s)


def camera(credentials: dict[str, Any], **options: Any) -> Client:
    """A camera's connection, with its device id as client id unless another is given."""
    c = {"client_id": credentials["device"], "tls": _context(credentials)} | options
    return Client(credentials["host"], credentials["port"], credentials["username"], credentials["password"], **c)


def trusting(ca: str | None) -> ssl.SSLContext:
    """Checks the broker's certificate and name against this CA alone."""
    return ssl.create_default_context(cadata=ca)


def _context(credentials: dict[str, Any]) -> ssl.SSLContext:
    context = trusting(credentials["ca"])
    if "certificate" in credentials:
        with NamedTemporaryFile() as file:  # the ssl module reads them from a file only
            file.write((credentials["certificate"] + credentials["key"]).encode())
            file.flush()
            context.load_cert_chain(file.name)
    return context


def service(settings: Settings, role: str, **options: Any) -> Client:
    """A connection as the hub, the dashboard or the administrator."""
    return Client(settings.mqtt_host, settings.mqtt_local_port, *broker.credentials(settings, role), **options)


def claimant(settings: Settings, **options: Any) -> Client:
    """A camera without an identity, which knows the CA and nothing else."""
    tls_context = trusting(broker.camera_credentials(settings, "any", "")["ca"])
    options = {"client_id": "claim", "tls": tls_context} | options
    return Client("127.0.0.1", settings.mqtt_port, policy.CLAIM, policy.CLAIM_PASSWORD, **options)


def spy(settings: Settings) -> Client:
    """A connection that reads and may publish everything: made by the administrator for the test."""
    everything = ("publishClientSend", "publishClientReceive", "subscribePattern")
    acls = [{"acltype": kind, "topic": topic, "allow": True} for kind in everything for topic in ("#", "$SYS/#")]
    control(
        settings,
        {"command": "createRole", "rolename": "spy", "acls": acls},
        {"command": "createClient", "username": "spy", "password": "spy", "roles": [{"rolename": "spy"}]},
    )
    return Client(settings.mqtt_host, settings.mqtt_local_port, "spy", "spy", "spy")


def control(settings: Settings, *commands: dict[str, Any]) -> list[dict[str, Any]]:
    """Run commands of the dynamic-security plugin as the administrator."""
    with service(settings, policy.ADMIN, client_id="test:admin") as admin:
        assert admin.subscribe(policy.CONTROL_RESPONSE)
        admin.publish(policy.CONTROL, json.dumps({"commands": commands}).encode())
        answers: list[dict[str, Any]] = json.loads(admin.messages.get(timeout=WAIT_S)[1])["responses"]
    assert not [each for each in answers if "error" in each], answers
    return answers
