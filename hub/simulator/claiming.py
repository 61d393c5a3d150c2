"""A simulated camera without an identity claims one: it shows a one-time code and gets credentials.

The same steps as the firmware's claim.py. Its file stands for the flash of a board: first it holds how the
broker is reached (`site`, `host`, `port`, `tls`, `ca`), the code and the number under which the answer
comes; at the end what `presenza device add --json` prints.
"""

import json
import queue
import random
import secrets
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from hub import wire
from hub.cachefile import write_whole
from hub.errors import InputError, PayloadRefused, Unavailable
from hub.payloads import ClaimReply, ClaimRequest, decode
from hub.simulator.credentials import Credentials

ANSWER_S = 10.0
AWAY_S = (0.5, 30.0)  # the first and the longest pause, both jittered
# A code that is wrong stays wrong, and the broker hears 60 wrong ones a minute from all cameras together.
REFUSED_S = (10.0, 300.0)
FULL_S = 60.0
SENTENCES = {
    "unknown_code": "the code is wrong, used or over; make a new one: presenza device invite",
    "too_many": "too many wrong codes came lately; the same again in a minute",
    "failed": "the broker could not do it; the same again",
}


class Closed(Unavailable):
    """the broker lets nobody in: no code is open; make one: presenza device invite"""


class Backoff:
    """From the first pause, doubling, to the longest; each jittered."""

    def __init__(self, pauses_s: tuple[float, float]) -> None:
        self._first_s, self._most_s = pauses_s
        self.reset()

    def reset(self) -> None:
        self._s = self._first_s

    def next_s(self) -> float:
        now_s, self._s = self._s, min(2 * self._s, self._most_s)
        return now_s * random.uniform(0.5, 1.0)  # noqa: S311  jitter, no secret


class Claimant:
    """`run` asks until it is given an identity; `enter` gives it another code meanwhile, from any thread."""

    def __init__(self, file: Path, tell: Callable[[str], None] = lambda sentence: None) -> None:
        self._file = file
        self._tell = tell
        self._typed: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._failing, self._refused = Backoff(AWAY_S), Backoff(REFUSED_S)

    def enter(self, code: str) -> None:
        self._typed.put(code)

    def stop(self) -> None:
        """Have `run` give up."""
        self._typed.put(None)

    def run(self) -> Credentials | None:
        """The identity, which its file holds too; None after `stop`. Raises InputError for a file of another kind."""
        while True:
            node = _read(self._file)
            if "device" in node:
                return Credentials.of(node)
            error = self._attempt(node) if "claim" in node else ""
            if error is None:
                continue
            try:
                code = self._typed.get(timeout=self._pause_s(error))
            except queue.Empty:
                continue
            if code is None:
                return None
            self._begin(node, code)

    def _begin(self, node: Mapping[str, Any], code: str) -> None:
        # Written down before the question: whatever is lost after that, the same one gets the same answer.
        _write(self._file, {**node, "claim": code, "claim_nonce": secrets.token_hex(16)})
        self._failing.reset()
        self._refused.reset()

    def _attempt(self, node: Mapping[str, Any]) -> str | None:
        """Ask once; None when there is an identity now, else why not, in a word."""
        try:
            answer = _ask(node)
        except Closed as error:
            self._tell(str(error))
            return "closed"
        except (OSError, ValueError, PayloadRefused, Unavailable) as error:
            self._tell(f"no answer: {error}")
            return "away"
        if answer.credentials is not None:
            return self._keep(node, answer.credentials)
        word = answer.error or "failed"
        self._tell(f"refused: {SENTENCES[word]}")
        return word

    def _keep(self, node: Mapping[str, Any], given: Mapping[str, Any]) -> str | None:
        # Host, port and CA stay those by which the broker was reached.
        kept = {name: value for name, value in node.items() if name not in ("claim", "claim_nonce")}
        named = kept | {name: given.get(name) for name in ("device", "username", "password")}
        try:
            device = Credentials.of(named).device
        except InputError as error:
            self._tell(f"the answer makes no sense: {error}")
            return "answer"
        _write(self._file, named)
        self._tell(f"this camera is {device} now")
        return None

    def _pause_s(self, error: str) -> float | None:
        """How long to wait before the same code is shown again; None while there is none."""
        if not error:
            return None
        pause_s = self._refused.next_s() if error == "unknown_code" else self._failing.next_s()
        pause_s += FULL_S if error == "too_many" else 0
        self._tell(f"again in {pause_s:.1f} s")
        return pause_s


def _ask(node: Mapping[str, Any]) -> ClaimReply:
    """One question to the broker. Raises Closed, Unavailable, OSError, PayloadRefused."""
    answers: queue.SimpleQueue[bytes | ReasonCode] = queue.SimpleQueue()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, wire.CLAIM, clean_session=True, protocol=mqtt.MQTTv311)
    client.username_pw_set(wire.CLAIM, wire.CLAIM)
    if node.get("tls"):
        client.tls_set_context(ssl.create_default_context(cadata=node.get("ca")))
    question = ClaimRequest(code=node["claim"], reply=node["claim_nonce"])

    def on_connect(_client: Any, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            answers.put(reason)
        else:
            client.subscribe(wire.claim(node["site"], f"{wire.REPLY}/{question.reply}"), qos=1)

    def on_subscribe(*_: Any) -> None:
        client.publish(wire.claim(node["site"], wire.REQUEST), question.encode(), qos=1)

    client.on_connect, client.on_subscribe = on_connect, on_subscribe
    client.on_message = lambda _client, _data, message: answers.put(bytes(message.payload))
    client.connect(node["host"], node["port"])
    client.loop_start()
    try:
        answer = answers.get(timeout=ANSWER_S)
    except queue.Empty:
        raise Unavailable("the broker says nothing") from None
    finally:
        client.disconnect()
        client.loop_stop()
    if isinstance(answer, ReasonCode):
        raise Closed
    return decode(ClaimReply, answer)


def _read(file: Path) -> dict[str, Any]:
    try:
        node = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError("credentials", f"{file} can't be read: {type(error).__name__}.") from None
    if not isinstance(node, dict) or not {"site", "host", "port"} <= node.keys():
        raise InputError("credentials", f"{file} doesn't say how the broker is reached: site, host, port, tls, ca.")
    return node


def _write(file: Path, node: Mapping[str, Any]) -> None:
    write_whole(file, json.dumps(node, indent=1).encode(), mode=0o600)
