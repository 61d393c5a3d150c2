"""Between the broker and the pages: what hub and cameras say goes to the feed, what views send goes out.

`hub.mqtt.Session` keeps the connection. After each connection the store is read, so that what was
recorded while the line was down is in the feed as well.
"""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any

import structlog

from dashboard.devices.rollouts import Rollouts
from dashboard.live.hall import Hall
from dashboard.runtime import Runtime, now_ms
from hub import wire
from hub.errors import PayloadRefused, PresenzaError, Unavailable
from hub.metrics import Metrics
from hub.model import Event
from hub.mqtt import Incoming, Login, Outgoing, Session
from hub.payloads import CommandAnswer, ConfigInForce, DeviceStatus, HubStatus, Motion, Result, Telemetry, decode

READ_EVERY_S = 10.0  # how often the store is asked for what didn't come over the line
READ_EVENTS = 60
WATCH_EVERY_S = 0.2
ANSWERS_KEPT = 200

log = structlog.get_logger()

FROM_CAMERAS: dict[str, tuple[type[Any], str]] = {
    wire.STATUS: (DeviceStatus, "status"),
    wire.TELEMETRY: (Telemetry, "telemetry"),
    wire.MOTION: (Motion, "motion"),
    wire.CONFIG: (ConfigInForce, "config"),
    wire.CMD: (CommandAnswer, "answer"),
}


class Relay:
    """One process's line; a `dashboard.runtime.Line` for the views."""

    def __init__(self, runtime: Runtime, hall: Hall, login: Login) -> None:
        self._runtime = runtime
        self._hall = hall
        self._site = runtime.settings.site
        self._reply_topic = wire.hub(self._site, f"{wire.REPLY}/{login.client_id}")
        self._loop = asyncio.get_running_loop()
        self._replies: dict[bytes, asyncio.Future[bytes]] = {}
        self.metrics = Metrics()
        self.answers: dict[str, CommandAnswer] = {}  # the last answers to commands, by id
        self._rollouts = Rollouts(runtime, self.publish)
        self._session = Session(
            login,
            will=None,
            subscriptions=self._subscriptions(),
            on_connect=self._catch_up,
            on_message=self._receive,
            metrics=self.metrics,
        )

    @property
    def connected(self) -> bool:
        return self._session.connected.is_set()

    async def run(self) -> None:
        """Serve for ever. When a part dies everything stops, with its reason."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._session.run(), name="mqtt")
            group.create_task(self._hall.serve(), name="hall")
            group.create_task(self._follow(), name="follow")
            group.create_task(self._watch(), name="watch")
            group.create_task(self._rollouts.serve(), name="roll-outs")

    def end(self) -> None:
        """The process ends: what lives longer than a moment says so where it can be read later."""
        self._rollouts.end()

    # -- for views, which run in threads -------------------------------------
    def publish(self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None) -> None:
        """Send a message. Raises Unavailable when the line is down."""
        message = Outgoing(topic, payload, qos=1, retain=retain, expiry_s=expiry_s)
        if not self._on_loop(self._session.publish(message), 10.0):
            raise Unavailable("There is no connection to the broker.")

    def request(self, method: str, payload: bytes, timeout_s: float = 30.0) -> bytes:
        """Ask the hub and wait for its answer. Raises Unavailable."""
        return self._on_loop(self._ask(method, payload, timeout_s), timeout_s + 5.0)

    def erased(self, person_id: str) -> None:
        self._loop.call_soon_threadsafe(self._hall.erased, person_id)

    def renamed(self, event: Event) -> None:
        self._loop.call_soon_threadsafe(self._hall.renamed, event)

    def forget_camera(self, device: str) -> None:
        self._loop.call_soon_threadsafe(self._hall.forget_camera, device)

    def rollout_waits(self) -> None:
        self._loop.call_soon_threadsafe(self._rollouts.wake)

    def attendance_changed(self) -> None:
        self._loop.call_soon_threadsafe(self._hall.recount)

    def _on_loop(self, work: Any, timeout_s: float) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)

    async def _ask(self, method: str, payload: bytes, timeout_s: float) -> bytes:
        number = secrets.token_bytes(12)
        answer = self._replies[number] = self._loop.create_future()
        topic = wire.hub(self._site, f"{wire.RPC}/{method}")
        message = Outgoing(
            topic, payload, expiry_s=int(timeout_s), correlation=number, response_topic=self._reply_topic
        )
        try:
            if not await self._session.publish(message):
                raise Unavailable("There is no connection to the broker.")
            return await asyncio.wait_for(answer, timeout_s)
        except TimeoutError:
            raise Unavailable("The hub doesn't answer.") from None
        finally:
            self._replies.pop(number, None)

    # -- what comes in ------------------------------------------------------
    def _subscriptions(self) -> list[tuple[str, int]]:
        cameras = [(wire.up(self._site, "+", leaf), 1) for leaf in FROM_CAMERAS]
        hub = [(wire.hub(self._site, leaf), 1) for leaf in (wire.RESULTS, wire.STATUS)]
        return [*cameras, *hub, (self._reply_topic, 1)]

    def _receive(self, message: Incoming) -> None:
        """Take a message in; what isn't valid is counted and dropped. Never raises."""
        self.metrics.count("messages")
        if message.topic == self._reply_topic:
            self._receive_reply(message)
            return
        try:
            topic = wire.parse_topic(message.topic)
            self._dispatch(topic, message)
        except wire.WireError as error:
            self.metrics.count("messages_refused", error.reason)
        except PayloadRefused as refusal:
            self.metrics.count("messages_refused", refusal.reason)

    def _dispatch(self, topic: wire.Topic, message: Incoming) -> None:
        feed = self._hall.feed
        if topic.device == wire.HUB:
            if topic.leaf == wire.RESULTS:
                result = decode(Result, message.payload)
                feed.result(result)
                self._rollouts.heard(result.device, result)
            elif topic.leaf == wire.STATUS and message.payload:
                feed.hub = decode(HubStatus, message.payload)
        elif not message.payload:  # a retained state was taken back: the camera is gone
            feed.forget_camera(topic.device)
        else:
            kind, method = FROM_CAMERAS[topic.leaf]
            self._from_camera(topic.device, method, decode(kind, message.payload), retained=message.retained)
        self._hall.changed()

    def _from_camera(self, device: str, method: str, payload: Any, *, retained: bool) -> None:
        if isinstance(payload, CommandAnswer):
            self.answers[payload.id] = payload
            while len(self.answers) > ANSWERS_KEPT:
                del self.answers[next(iter(self.answers))]
        self._rollouts.heard(device, payload)
        take: Callable[..., None] = getattr(self._hall.feed, method)
        take(device, payload, 0 if retained else now_ms())  # a retained state says nothing of now

    def _receive_reply(self, message: Incoming) -> None:
        waiting = self._replies.get(message.correlation or b"")
        if waiting is None or waiting.done():
            self.metrics.count("messages_refused", "correlation")
        else:
            waiting.set_result(message.payload)

    # -- what the store knows -------------------------------------------------
    async def _catch_up(self) -> None:
        log.info("dashboard online", site=self._site)
        await self._read()

    async def _watch(self) -> None:
        """Tell the pages when broker or hub are away."""
        while True:
            hub = self._hall.feed.hub
            self._hall.line(down=not self.connected or hub is None or hub.state != "online")
            await asyncio.sleep(WATCH_EVERY_S)

    async def _follow(self) -> None:
        """Look for what came by another way: corrections, people, results of which the message was lost."""
        while True:
            await self._read()
            await asyncio.sleep(READ_EVERY_S)

    async def _read(self) -> None:
        shown = self._hall.feed.people()  # asked before: who is added meanwhile must not seem to be gone
        try:
            await asyncio.to_thread(self._runtime.refresh_settings)
            roster = await asyncio.to_thread(self._runtime.roster)
            events = await asyncio.to_thread(self._runtime.store.events, limit=READ_EVENTS)
            states = await asyncio.to_thread(self._runtime.store.device_states)
        except (PresenzaError, OSError) as error:
            self.metrics.count("reads_failed", type(error).__name__)
            log.warning("the store can't be read", error=str(error))
            return
        for event in reversed(events):
            self._hall.feed.event(event)
        for person_id in shown - roster.by_id.keys():
            self._hall.erased(person_id)  # by the command line, or on another machine
        for state in states:
            self._hall.feed.seen(state.device, state.seen_ms)
        self._hall.feed.attendance_changed()
        self._hall.changed()
