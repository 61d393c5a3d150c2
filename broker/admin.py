"""Cameras' identities, made and taken back while the broker runs.

Commands go to the dynamic-security plugin as JSON on its control topic; it answers on another one,
to every administrator, so each command carries a number by which its answer is known.
"""

import json
import queue
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import paho.mqtt.client as mqtt

from broker import claims, clients, homeassistant, policy
from broker.certificates import Pair
from broker.connection import Connection
from broker.provision import new_password
from hub import wire
from hub.errors import Conflict, InputError, NotFound, PayloadRefused, PresenzaError, SettingsError, Unavailable
from hub.payloads import DeviceStatus, decode
from hub.settings import Settings

TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Identity:
    """A camera that the broker knows."""

    device: str
    disabled: bool


class BrokerRefused(PresenzaError):
    """The broker refused a command of its administrator."""


class Admin:
    """Manages cameras' identities over a connection as the administrator; use it with `with`.

    Each method returns when the broker has done it. They raise InputError for a name that is none,
    Conflict, NotFound, and Unavailable when no answer comes within 5 s.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._statuses: dict[str, bytes] = {}

    def __enter__(self) -> "Admin":
        self._connection = Connection(self._settings, policy.ADMIN)
        client = self._connection.client
        subscribed: queue.SimpleQueue[bool] = queue.SimpleQueue()
        client.on_message = self._on_message
        client.on_subscribe = lambda *_: subscribed.put(True)
        client.subscribe(policy.CONTROL_RESPONSE, qos=1)
        try:
            subscribed.get(timeout=TIMEOUT_S)
        except queue.Empty:
            self._connection.close()
            raise Unavailable("The broker's dynamic-security plugin doesn't answer.") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def add_device(self, device: str) -> str:
        """Give a camera an identity and the right to its own topics. Returns its password, kept nowhere else."""
        password = new_password()
        self._create(device, {"password": password})
        return password

    def add_certified(self, device: str) -> Pair:
        """The same for a camera that shows a certificate instead; returns that with its key, kept nowhere else."""
        if self._settings.mqtt_certificate_port is None:
            raise SettingsError("Set PRESENZA_MQTT_CERTIFICATE_PORT to have cameras connect with certificates.")
        self._create(device, {})
        clients.wait_until_revoked(self._settings)
        pair = clients.issue(self._settings, device)
        # Who connected with an older certificate, in the moment before the broker knew it as revoked,
        # had no rights so far: end that before it gets the new identity's.
        self.run([{"command": name, "username": device} for name in ("disableClient", "enableClient")])
        return pair

    def _create(self, device: str, secret: dict[str, str]) -> None:
        check_name(device)
        acls = policy.device(self._settings.site, device).as_acls()
        role = policy.device_role(device)
        # The role may be left from a removal that was interrupted, or belong to a camera that exists:
        # either way it gets the same rights.
        self.run([{"command": "createRole", "rolename": role}], ignore=("already exists",))
        client = {"command": "createClient", "username": device, "clientid": device, "roles": [{"rolename": role}]}
        self.run([{"command": "modifyRole", "rolename": role, "acls": acls}, client | secret])
        if self._settings.home_assistant:
            self.announce(device)

    def rotate(self, device: str) -> str:
        """Give a camera a new password and cut its connection. Returns the password."""
        check_name(device)
        if clients.has_certificate(self._settings, device):
            raise Conflict(f"{device} has a certificate, no password: revoke it, then add it again.")
        password = new_password()
        self.run([{"command": "setClientPassword", "username": device, "password": password}])
        return password

    def disable(self, device: str) -> None:
        """Cut a camera off at once, until `enable`."""
        check_name(device)
        self._watch_status(device)
        # Mosquitto 2.0 asks nobody about a camera that shows a certificate: without a role it may
        # connect, and nothing else.
        self.run([self._roles(device, []), {"command": "disableClient", "username": device}])
        self._say_offline(device)

    def enable(self, device: str) -> None:
        """Let a disabled camera in again."""
        check_name(device)
        role = policy.device_role(device)
        self.run([{"command": "enableClient", "username": device}, self._roles(device, [role])])

    def remove(self, device: str) -> None:
        """Take a camera's identity away, cut its connection, and forget what it left retained."""
        check_name(device)
        clients.revoke(self._settings, device)
        self._watch_status(device)
        self.run([{"command": "deleteClient", "username": device}])
        self.run([{"command": "deleteRole", "rolename": policy.device_role(device)}], ignore=("not found",))
        self._say_offline(device)
        for topic in policy.retained(self._settings.site, device):
            self.publish(topic, b"", retain=True)
        self.publish(homeassistant.topic(self._settings.site, device), b"", retain=True)

    def announce(self, device: str) -> None:
        """Tell Home Assistant of a camera, or take that back where the settings don't want it."""
        topic = homeassistant.topic(self._settings.site, device)
        payload = homeassistant.discovery(self._settings.site, device) if self._settings.home_assistant else b""
        self.publish(topic, payload, retain=True)

    def invite(self, device: str, note: str = "") -> str:
        """A one-time code by which a camera without an identity becomes `device`, within ten minutes.

        A camera that has this name already gets a new password when the code is used. `note` is for one that is new.
        """
        check_name(device)
        code = claims.invite(self._settings, device, time.time(), note)
        self.open_claims()
        return code

    def open_claims(self) -> None:
        """Let cameras in who have no identity, to redeem a code and do nothing else."""
        self.run([{"command": "enableClient", "username": policy.CLAIM}])

    def close_claims(self) -> None:
        """Let nobody in who has no identity, until the next invitation."""
        self.run([{"command": "disableClient", "username": policy.CLAIM}])

    def list(self) -> Sequence[Identity]:
        """Every camera that has an identity, by name."""
        known = [c for c in self.clients() if wire.is_name(c["username"]) and c["username"] not in policy.RESERVED]
        return sorted((Identity(c["username"], bool(c.get("disabled"))) for c in known), key=lambda each: each.device)

    def clients(self) -> Sequence[dict[str, Any]]:
        """Everybody who has an identity, as the plugin tells it."""
        answer = self.run([{"command": "listClients", "verbose": True, "count": -1, "offset": 0}])[0]
        found: Sequence[dict[str, Any]] = answer["data"]["clients"]
        return found

    @staticmethod
    def _roles(device: str, roles: Sequence[str]) -> dict[str, Any]:
        return {"command": "modifyClient", "username": device, "roles": [{"rolename": role} for role in roles]}

    def _watch_status(self, device: str) -> None:
        """Have the camera's retained status sent; it comes before the answer to the next command."""
        self._connection.client.subscribe(wire.up(self._settings.site, device, wire.STATUS), qos=1)

    def _say_offline(self, device: str) -> None:
        """A connection that the broker cuts leaves no last will, so we say it, for the boot that was cut off."""
        topic = wire.up(self._settings.site, device, wire.STATUS)
        try:
            boot_id = decode(DeviceStatus, self._statuses[topic]).boot_id
        except (KeyError, PayloadRefused):
            return  # it was never there
        self.publish(topic, DeviceStatus(state="offline", boot_id=boot_id).encode(), retain=True)

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        self._connection.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(TIMEOUT_S)

    def run(self, commands: Sequence[dict[str, Any]], ignore: tuple[str, ...] = ()) -> Sequence[dict[str, Any]]:
        """Send commands to the plugin in one message; its answers' objects, in order."""
        numbered = [{**each, "correlationData": secrets.token_hex(8)} for each in commands]
        self._connection.client.publish(policy.CONTROL, json.dumps({"commands": numbered}), qos=1)
        answers = [self._answer(each["correlationData"]) for each in numbered]
        for answer in answers:
            problem = str(answer.get("error", ""))
            if problem and not any(words in problem for words in ignore):
                raise _as_error(problem, commands)
        return answers

    def _answer(self, number: str) -> dict[str, Any]:
        while True:
            try:
                answer = self._answers.get(timeout=TIMEOUT_S)
            except queue.Empty:
                raise Unavailable("The broker's dynamic-security plugin doesn't answer.") from None
            if answer.get("correlationData") == number:
                return answer

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic != policy.CONTROL_RESPONSE:
            self._statuses[message.topic] = bytes(message.payload)
            return
        for answer in json.loads(message.payload).get("responses", []):
            self._answers.put(answer)


def check_name(device: str) -> None:
    """Raise InputError unless `device` may name a camera."""
    if not wire.is_name(device):
        raise InputError(
            "device_name", f"{device!r} can't name a camera: use up to 32 of a-z, 0-9 and -, not beginning with -."
        )
    if device.split("-", maxsplit=1)[0] in policy.RESERVED:  # hub-1 is the client id of a hub
        raise InputError("device_name", f"{device} is a name of Presenza's own; choose another for the camera.")


def _as_error(problem: str, commands: Sequence[dict[str, Any]]) -> PresenzaError:
    name = next((str(each["username"]) for each in commands if "username" in each), "")
    lowered = problem.lower()
    if "already exists" in lowered:
        return Conflict(f"{name} has an identity already; `presenza device rotate {name}` gives it a new password.")
    if "not found" in lowered:
        return NotFound(f"The broker knows no camera {name}.")
    return BrokerRefused(f"The broker refused {commands[0]['command']}: {problem}.")
