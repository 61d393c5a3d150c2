"""What the broker's administrator does unasked, in a thread beside the broker.

Claims: cameras without an identity come as `claim`, which may show a one-time code here and read the
answer to its own question, and is enabled only while a code is open. Guard: a camera that the hub
says is flooding is cut off, until somebody enables it again.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import paho.mqtt.client as mqtt

from broker import claims, policy
from broker.admin import Admin
from broker.cameras import camera_credentials
from broker.connection import Connection
from hub import wire
from hub.errors import Conflict, PayloadRefused, PresenzaError, Unavailable
from hub.payloads import ClaimReply, ClaimRequest, Guard, decode
from hub.settings import Settings

WAITING = 32  # questions; more are dropped
REMEMBERED = 32  # answers, for those whose answer was lost and who ask again
WRONG_PER_MINUTE = 60  # wrong codes in a minute, after which nobody is heard until it is over
RETRY_S = 0.5
LOOK_S = 5.0  # how soon after the last code has ended the door is closed


class Desk:
    """Started once, stopped once.

    `register` is called with each device that was claimed, `tell` with a sentence for who runs this.
    """

    def __init__(
        self,
        settings: Settings,
        register: Callable[[str], None],
        *,
        tell: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._register = register
        self._tell = tell
        self._clock = clock
        self._questions: queue.Queue[bytes | None] = queue.Queue(WAITING)
        self._budget = Budget(WRONG_PER_MINUTE)
        self._given: dict[str, ClaimReply] = {}  # by nonce
        self._thread = threading.Thread(target=self._serve, name="claim-desk", daemon=True)
        # Apart from the questions: who asks a lot must not keep the guard from being heard.
        self._warnings: deque[bytes] = deque(maxlen=WAITING)
        self._topics = (wire.claim(settings.site, wire.REQUEST), wire.hub(settings.site, wire.GUARD))
        self._is_open = False
        self._stopping = threading.Event()
        self.dropped = 0

    def start(self) -> None:
        """Begin as soon as the broker is there."""
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        with suppress(queue.Full):
            self._questions.put_nowait(None)
        self._thread.join()

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, _reason: Any, _properties: Any) -> None:
        client.subscribe([(topic, 1) for topic in self._topics])

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        payload = bytes(message.payload)
        question: bytes | None = payload
        if message.topic == self._topics[1]:
            self._warnings.append(payload)
            question = None  # wakes the thread; when the queue is full it is awake
        try:
            self._questions.put_nowait(question)
        except queue.Full:
            self.dropped += question is not None

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                connection = self._connect()
            except PresenzaError:
                self._stopping.wait(RETRY_S)
                continue
            try:
                self._answer_all(connection)
            finally:
                connection.close()

    def _connect(self) -> Connection:
        connection = Connection(self._settings, policy.ADMIN)
        connection.client.on_message = self._on_message
        connection.client.on_connect = self._on_connect  # again after a broker that restarted
        connection.client.subscribe([(topic, 1) for topic in self._topics])
        try:
            self._open_or_close()
            self._announce()
        except PresenzaError:
            connection.close()
            raise
        return connection

    def _announce(self) -> None:
        """At the start: Home Assistant knows of each camera, or of none, as the settings are now."""
        with Admin(self._settings) as admin:
            for each in admin.list():
                admin.announce(each.device)

    def _answer_all(self, connection: Connection) -> None:
        while not self._stopping.is_set():
            while self._warnings:
                self._cut_off(self._warnings.popleft())
            try:
                question = self._questions.get(timeout=LOOK_S)
            except queue.Empty:
                self._look()
                continue
            if question is not None:
                self._is_open = True
                self._answer(question, connection)

    def _cut_off(self, raw: bytes) -> None:
        try:
            warning = decode(Guard, raw)
            with Admin(self._settings) as admin:
                admin.disable(warning.device)
        except PresenzaError as error:
            self._tell(f"A warning of the hub could not be heeded: {error}")
            return
        self._tell(
            f"{warning.device} is cut off: it sent more than any camera has reason to. "
            f"`presenza device enable {warning.device}` lets it in again."
        )

    def _look(self) -> None:
        if self._is_open or claims.any_open(self._settings, self._clock()):
            with suppress(Unavailable):  # the broker restarts; look again
                self._open_or_close()

    def _open_or_close(self) -> None:
        """Let cameras without an identity in while a code is open, and only then."""
        with Admin(self._settings) as admin:
            self._is_open = claims.any_open(self._settings, self._clock())
            if not self._is_open:
                admin.close_claims()
                # Somebody may have been invited in between.
                self._is_open = claims.any_open(self._settings, self._clock())
            if self._is_open:
                admin.open_claims()

    def _answer(self, raw: bytes, connection: Connection) -> None:
        try:
            question = decode(ClaimRequest, raw)
        except PayloadRefused:
            self._budget.spend(self._clock())
            return
        answer = self._judge(question)
        topic = wire.claim(self._settings.site, f"{wire.REPLY}/{question.reply}")
        connection.client.publish(topic, answer.encode(), qos=1)

    def _judge(self, question: ClaimRequest) -> ClaimReply:
        now_s = self._clock()
        if self._budget.is_spent(now_s):
            return ClaimReply(ok=False, error="too_many")
        device = claims.redeem(self._settings, question.code, now_s, question.reply)
        if device is None:
            self._budget.spend(now_s)
            return ClaimReply(ok=False, error="unknown_code")
        # The same answer, not a newer password: the first may have arrived after all.
        return self._given.get(question.reply) or self._give(device, question.reply)

    def _give(self, device: str, nonce: str) -> ClaimReply:
        try:
            password = self._identity(device)
            self._register(device)
        except PresenzaError:
            return ClaimReply(ok=False, error="failed")
        answer = ClaimReply(ok=True, credentials=camera_credentials(self._settings, device, password))
        self._given[nonce] = answer
        if len(self._given) > REMEMBERED:
            del self._given[next(iter(self._given))]
        return answer

    def _identity(self, device: str) -> str:
        with Admin(self._settings) as admin:
            try:
                return admin.add_device(device)
            except Conflict:  # a camera that was flashed anew
                return admin.rotate(device)


class Budget:
    """So many a minute: `spend` one, `is_spent` when none is left. Times are passed in."""

    def __init__(self, per_minute: int) -> None:
        self._most = float(per_minute)
        self._left = float(per_minute)
        self._at_s = 0.0

    def is_spent(self, now_s: float) -> bool:
        self._refill(now_s)
        return self._left < 1

    def spend(self, now_s: float) -> None:
        self._refill(now_s)
        self._left = max(0.0, self._left - 1)

    def _refill(self, now_s: float) -> None:
        passed_s = max(0.0, now_s - self._at_s)
        self._left = min(self._most, self._left + passed_s * self._most / 60)
        self._at_s = now_s
