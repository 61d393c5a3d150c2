"""A simulated camera: its behaviour on a connection to a real broker, over a link as bad as wanted.

    camera = Camera(credentials, scene, link=Link(Faults(loss=0.05), seed=1))
    camera.start()
    answered = camera.send(jpeg)      # or watch camera.answers
    camera.stop()

Many cameras share one thread: `fleet = Fleet(); Camera(…, fleet=fleet)`, `fleet.start()`, …, `fleet.stop()`.
"""

import queue
import random
import secrets
import socket
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from hub import wire
from hub.errors import Unavailable
from hub.simulator.behaviour import Behaviour
from hub.simulator.credentials import Credentials
from hub.simulator.fleet import Fleet, now_ms
from hub.simulator.link import Link
from hub.simulator.outputs import Answered, Output, Publish, Reboot, Transmit, Unanswered
from hub.simulator.scene import Scene
from hub.simulator.session import CertificateRefused, Session
from hub.simulator.shots import Ident

REBOOT_MS = 500.0  # how long a camera takes to come back
RECONNECT_MS = (200.0, 5000.0)  # the first and the longest wait, both jittered
MAX_ANSWERS = 10_000  # those that nobody took; further ones are dropped

Told = Callable[["Camera", Answered | Unanswered], None]


def _new_boot_id() -> int:
    # Never from the seed: frames of another run would be taken for frames of this one, sent again.
    return secrets.randbelow(0xFFFFFFFF) + 1


class Camera:
    """Started and stopped once. `start`, `stop`, `send`, `post` and `wait_online` may be called from any thread."""

    def __init__(
        self,
        credentials: Credentials,
        scene: Scene,
        *,
        link: Link | None = None,
        config: Mapping[str, Any] | None = None,
        abilities: Mapping[str, Collection[Any]] | None = None,
        heeds_hub: bool = True,
        clock_set: bool = True,
        fleet: Fleet | None = None,
        on_answer: Told | None = None,
    ) -> None:
        """`on_answer` is called in the fleet's thread. For `config`, `abilities` and `heeds_hub` see Behaviour."""
        self.device = credentials.device
        self.answers: queue.Queue[Answered] = queue.Queue(MAX_ANSWERS)
        self.problem = ""  # why the camera is not connected
        self.was_connected = False
        self.behaviour = Behaviour(
            scene,
            boot_id=_new_boot_id(),
            now_ms=now_ms(),
            config=config,
            abilities=abilities,
            heeds_hub=heeds_hub,
            clock_set=clock_set,
        )
        self._credentials = credentials
        self._link = link or Link()
        self._own_fleet = fleet is None
        self._fleet = fleet or Fleet()
        self._on_answer = on_answer
        self._session: Session | None = None
        self._sock: socket.socket | None = None
        self._connect_at_ms = 0.0
        self._failures = 0
        self._callers: dict[Ident, Future[Answered]] = {}
        self._online = threading.Event()
        self._arrived: deque[Callable[[], None]] = deque()

    # -- for everybody ------------------------------------------------------
    def start(self) -> None:
        self._fleet.call(lambda: self._fleet.add(self))
        if self._own_fleet:
            self._fleet.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Say goodbye (status `offline`) and disconnect."""
        self.leave().wait(timeout_s)
        if self._own_fleet:
            self._fleet.stop()

    def give(self, credentials: Credentials) -> None:
        """Give it another password, as one does who writes its node.json anew; it connects with that at once."""
        self._fleet.call(lambda: self._renew(credentials))

    def leave(self) -> threading.Event:
        """The same without waiting: the event is set when it is done. The fleet goes on."""
        done = threading.Event()
        self._fleet.call(lambda: self._leave(done))
        return done

    def wait_online(self, timeout_s: float = 10.0) -> None:
        """Wait until frames can be sent: connected, and the hub is there. Raises Unavailable."""
        if not self._online.wait(timeout_s):
            raise Unavailable(f"{self.device}: {self.problem or 'the hub is not there'}.")

    def send(self, jpeg: bytes, timeout_s: float = 10.0, *, resent: bool = False) -> Answered:
        """Send a picture as the next frame and wait for its ack. Raises TimeoutError, Unavailable."""
        return self.post(jpeg, resent=resent).result(timeout_s)

    def post(self, jpeg: bytes, *, resent: bool = False) -> "Future[Answered]":
        """Send a picture as the next frame. The future fails with TimeoutError when no ack comes in time."""
        future: Future[Answered] = Future()
        future.set_running_or_notify_cancel()  # who gives up waiting must not disturb the fleet
        self._fleet.call(lambda: self._shoot(jpeg, resent, future))
        return future

    # -- the fleet's side ---------------------------------------------------
    @property
    def due_ms(self) -> float:
        due = [self.behaviour.due_ms, self._link.due_ms]
        return min(*due, self._connect_at_ms) if self._session is None else min(due)

    def tick(self, now: float) -> None:
        incident = self._link.incident(now)
        if incident == "reboot":
            self._reboot(now)
        elif incident == "outage":
            self._cut(now + self._link.outage_ms)
        if self._session is None and now >= self._connect_at_ms:
            self._connect(now)
        self._do(self.behaviour.tick(now), now)
        for chunk, qos in self._link.due(now):
            self._put(wire.FRAME, chunk, qos)
        self._flush()

    def read(self) -> None:
        if self._session is not None:
            self._session.read()
        self._work_off()
        self._flush()

    def keep_alive(self) -> None:
        if self._session is not None:
            self._session.keep_alive()
        self._flush()

    # -- the session's side -------------------------------------------------
    def opened(self, sock: socket.socket) -> None:
        self._sock = sock
        self._fleet.watch(self, sock)

    def closed(self, sock: socket.socket) -> None:
        self._sock = None
        self._fleet.unwatch(sock)

    def connected(self) -> None:
        self._failures = 0
        self.problem = ""
        self.was_connected = True
        self._arrived.append(lambda: self._do(self.behaviour.connected(now_ms()), now_ms()))

    def refused(self, reason: str) -> None:
        self.problem = f"the broker refused the connection: {reason}"

    def lost(self) -> None:
        """The connection is gone, whoever ended it."""
        self._session = None
        self.behaviour.disconnected()
        self._online.clear()
        low, high = RECONNECT_MS
        wait_ms = min(high, low * 2**self._failures)
        self._failures += 1
        self._connect_at_ms = now_ms() + wait_ms * random.uniform(0.5, 1.5)  # noqa: S311  jitter, no secret

    def received(self, topic: str, payload: bytes) -> None:
        if topic == wire.hub(self._credentials.site, wire.STATUS):
            self._arrived.append(lambda: self.behaviour.hub_said(payload, now_ms()))
        else:
            leaf = topic.rpartition("/")[2]
            self._arrived.append(lambda: self._do(self.behaviour.receive(leaf, payload, now_ms()), now_ms()))

    # -- doing --------------------------------------------------------------
    def _work_off(self) -> None:
        # Not in the session's callbacks: a camera that ends its session there would wait for itself.
        while self._arrived:
            self._arrived.popleft()()

    def _connect(self, now: float) -> None:
        try:
            self._session = Session(self._credentials, self.behaviour.will().encode(), self)
        except CertificateRefused as error:
            self.refused(f"it doesn't take this camera's certificate ({error})")
            self.lost()
        except (OSError, ValueError) as error:
            self.problem = f"the broker at {self._credentials.host}:{self._credentials.port} can't be reached: {error}"
            self.lost()

    def _do(self, outputs: list[Output], now: float) -> None:
        for output in outputs:
            match output:
                case Publish():
                    payload = output.payload.encode()
                    self._put(output.leaf, payload, output.qos, retain=output.retain)
                case Transmit():
                    self._flush()
                    self._transmit(output, now)
                    self._flush()
                    self.behaviour.sent(output.shot, now_ms())
                case Reboot():
                    self._flush()
                    self._reboot(now)
                case Answered() | Unanswered():
                    self._tell(output)
        self._note_online()

    def _transmit(self, frame: Transmit, now: float) -> None:
        if self._session is None or (self._session.congested and not frame.qos):
            return  # lost: no ack will come
        jpeg = frame.shot.jpeg if frame.resent else self._link.damaged(frame.shot.jpeg)
        chunks = frame.shot.chunks(frame.chunk_size, resent=frame.resent, jpeg=jpeg)
        for chunk, qos in self._link.send(chunks, frame.qos, now):
            self._put(wire.FRAME, chunk, qos)

    def _put(self, leaf: str, payload: bytes, qos: int, *, retain: bool = False) -> None:
        if self._session is not None:
            self._session.publish(self._credentials.topic(leaf), payload, qos, retain=retain)

    def _flush(self) -> None:
        self._note_online()
        if self._session is not None:
            self._session.flush()
        if self._session is not None and self._sock is not None:
            self._fleet.watch_writes(self, self._sock, self._session.congested)

    def _note_online(self) -> None:
        if self.behaviour.online:
            self._online.set()
        else:
            self._online.clear()

    def _tell(self, output: Answered | Unanswered) -> None:
        shot = output.shot.ident if isinstance(output, Unanswered) else (output.ack.boot_id, output.ack.frame_id)
        caller = self._callers.pop(shot, None)
        if isinstance(output, Answered):
            with suppress(queue.Full):
                self.answers.put_nowait(output)
            if caller:
                caller.set_result(output)
        elif caller:
            caller.set_exception(TimeoutError(f"{self.device}: no ack in time"))
        if self._on_answer:
            self._on_answer(self, output)

    def _shoot(self, jpeg: bytes, resent: bool, future: "Future[Answered]") -> None:
        if self._session is None:
            future.set_exception(Unavailable(f"{self.device}: {self.problem or 'not connected'}."))
            return
        shot, outputs = self.behaviour.shoot(jpeg, now_ms(), resent=resent)
        self._callers[shot.ident] = future
        self._do(outputs, now_ms())
        self._flush()
        self._fleet.schedule(self)

    def _reboot(self, now: float) -> None:
        self._cut(now + REBOOT_MS)
        self.behaviour.reboot(_new_boot_id(), now)
        for caller in self._callers.values():
            caller.set_exception(TimeoutError(f"{self.device}: it was rebooted"))
        self._callers.clear()

    def _cut(self, back_at_ms: float) -> None:
        if self._session is not None:
            self._session.cut()
        self._connect_at_ms = back_at_ms

    def _renew(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._failures = 0
        self._cut(now_ms())
        self._fleet.schedule(self)

    def _leave(self, done: threading.Event) -> None:
        if self._session is not None:
            self._put(wire.STATUS, self.behaviour.will().encode(), 1, retain=True)
            self._session.close()
        self._fleet.discard(self)
        done.set()
