"""The hub as a running service: settings → objects → one TaskGroup. When a task dies the hub stops and says why."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Collection, Coroutine
from typing import Any

import structlog
from ulid import ULID

from hub import __version__, attendance, faces, retention, wire
from hub.cloud import firebase, starting
from hub.devices import DeviceBook
from hub.engines import Engines
from hub.errors import PresenzaError, SettingsError, Unavailable
from hub.faces import worker
from hub.frames import Assembler
from hub.identity import Limits
from hub.intake import Intake, subscriptions
from hub.live_settings import SettingsFile, in_force
from hub.metrics import Metrics
from hub.mirroring import open_sync
from hub.mqtt import Incoming, Login, Outgoing, Session
from hub.payloads import Guard, HubStatus
from hub.pipeline import Pipeline, Site, now_ms
from hub.reseal import reseal
from hub.roster import Roster
from hub.rpc import Rpc
from hub.settings import Settings
from hub.store.opening import open_keys, open_pictures, open_store
from hub.turns import Turns

RETENTION_S = 3600.0
SETTINGS_S = 1.0
REPORT_S = 60.0
CANCEL_AGAIN_S = 1.0  # time enough to say goodbye to the broker
PULSE_S = 0.02

log = structlog.get_logger()


class Service:
    """All parts of one hub, put together. `run` serves until it is stopped."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._hub_id = str(ULID())
        self._since_ms = now_ms()
        self._metrics = Metrics()
        if settings.store == "firestore":
            firebase.credential(settings)  # what can't be right stops the start, before anything is opened
        self._store = open_store(settings)
        self._pictures = open_pictures(settings)
        self._sync = open_sync(settings, self._store, self._pictures)
        self._engines = Engines(faces.options(settings), settings.workers, self._store, self._pictures, self._metrics)
        self._turns = Turns()
        self._devices = DeviceBook(self._store)
        limits = Limits(settings.fpir, settings.max_distance)
        self._roster = Roster(self._store, self._engines.recognizer, limits)
        self._session = self._new_session()
        self._pipeline = self._new_pipeline()
        rpc = Rpc(
            settings.site,
            store=self._store,
            pictures=self._pictures,
            recognizer=lambda: self._roster.known.recognizer,
            gallery=self._roster.fresh_gallery,
            publish=self._session.publish,
            metrics=self._metrics,
            gauges=self._gauges,
            in_force=lambda: in_force(self._settings),
        )
        self._intake = Intake(self._pipeline, self._devices, rpc, self._metrics, on_flood=self._guard)
        self._sending: set[asyncio.Task[bool]] = set()

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT; then say offline, and let go of everything."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        os.environ.update(worker.ENVIRONMENT)  # inherited by the workers, whose libraries read it when loaded
        try:
            await self._engines.start()
            log.info("hub started", site=self._settings.site, workers=self._engines.count, **self._people())
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(work, name=name) for name, work in self._tasks().items()]
                await stop.wait()
                await self._session.publish(self._status("offline"))
                await end(tasks)
        finally:
            await self._close()

    def _tasks(self) -> dict[str, Coroutine[Any, Any, None]]:
        # Two for each worker: while one frame is written down, the worker looks at the next.
        workers = {f"work {n}": self._pipeline.work() for n in range(2 * self._engines.count)}
        return {
            "mqtt": self._session.run(),
            **workers,
            "expire": self._pipeline.expire(),
            "roster": self._roster.follow(),
            "engine": self._engines.keep_up(self._roster),
            "devices": self._devices.keep(),
            "retention": self._retain(),
            "seal": self._seal(),
            "settings": self._follow_settings(),
            **self._cloud_tasks(),
            "report": self._report(),
            "pulse": self._pulse(),
        }

    def _cloud_tasks(self) -> dict[str, Coroutine[Any, Any, None]]:
        if self._sync is None:
            if (figures := self._store.outbox.figures()).mirrored:
                log.warning("a mirror of Firestore, which the settings don't name", waiting=figures.waiting)
            return {}
        return {"cloud check": starting.report(self._settings, now_ms), "sync": self._sync.run()}

    async def _close(self) -> None:
        await self._engines.close()
        await self._devices.flush()
        self._store.close()
        log.info("hub stopped")

    async def _retain(self) -> None:
        while True:
            try:
                done = await asyncio.to_thread(retention.purge, self._store, self._pictures, self._settings, now_ms())
                log.info("retention", **done)
            except (PresenzaError, OSError) as error:  # a full disk, a long backup: the next pass goes on
                log.warning("retention failed", error=str(error))
            await asyncio.sleep(RETENTION_S)

    async def _follow_settings(self) -> None:
        """Take over what the dashboard writes to presenza.toml, as far as that needs no new start."""
        file = SettingsFile(self._settings)
        while True:
            await asyncio.sleep(SETTINGS_S)
            try:
                news = await asyncio.to_thread(file.news, self._settings)
                if news is not None:
                    await self._take_over(news)
            except (PresenzaError, OSError) as error:
                log.warning("settings not taken over", error=str(error))

    async def _take_over(self, settings: Settings) -> None:
        before, self._settings = self._settings, settings
        self._pipeline.follow(attendance.rules_of(settings))
        if self._sync is not None:
            self._sync.keep_events_days = settings.keep_events_days
        if settings.fpir != before.fpir:
            await self._roster.limit(Limits(settings.fpir, settings.max_distance))
        log.info("settings taken over", **in_force(settings))

    async def _seal(self) -> None:
        """Finish a rotation of the key that was interrupted, and seal the pictures of older versions."""
        stopped = threading.Event()

        def go_on(_done: int, _total: int) -> None:
            if stopped.is_set():
                raise Unavailable("The hub stops; the next start goes on.")

        try:
            done = await asyncio.to_thread(reseal, self._store, self._pictures, open_keys(self._settings), go_on)
        except (PresenzaError, OSError) as error:
            log.warning("sealing failed", error=str(error))
            return
        finally:
            stopped.set()
        if done.vectors or done.pictures or done.failed:
            log.info("sealed", vectors=done.vectors, pictures=done.pictures, failed=len(done.failed))

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_S)
            log.info("hub", **self._gauges(), **self._metrics.snapshot())

    async def _pulse(self) -> None:
        """Time how late the event loop wakes a task: what every message has to wait at most."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + PULSE_S
            await asyncio.sleep(PULSE_S)
            self._metrics.time("loop_stall", max(0.0, loop.time() - due) * 1000)

    def _gauges(self) -> dict[str, Any]:
        return {
            "frames_waiting": len(self._turns),
            "bytes_waiting": self._turns.size_bytes,
            "devices_online": self._devices.online(),
            "assembler": dict(self._assembler.counts),
            "since_ms": self._since_ms,
            "pid": os.getpid(),
            "photos_encoded": self._engines.encoding[0],
            "photos_to_encode": self._engines.encoding[1],
            **self._people(),
            **self._cloud(),
        }

    def _cloud(self) -> dict[str, int]:
        figures = self._sync.figures if self._sync is not None else None
        if figures is None:
            return {}
        names = ("waiting", "pictures", "dead", "conflicts", "skipped")
        return {f"cloud_{name}": getattr(figures, name) for name in names}

    def _people(self) -> dict[str, int]:
        known = self._roster.known
        return {"people": len(known.names), "enrolled": len(known.gallery)}

    def _new_pipeline(self) -> Pipeline:
        self._assembler = Assembler()
        rules = attendance.rules_of(self._settings)
        return Pipeline(
            Site(self._settings.site, rules),
            assembler=self._assembler,
            turns=self._turns,
            roster=self._roster,
            store=self._store,
            pictures=self._pictures,
            publish=self._session.publish,
            metrics=self._metrics,
            workers=self._engines.count,
            checkpoint=fault_point(self._settings.fault_point),
        )

    def _new_session(self) -> Session:
        return Session(
            login(self._settings, self._hub_id),
            will=self._status("offline"),
            subscriptions=subscriptions(self._settings.site),
            on_connect=self._greet,
            on_message=self._receive,
            on_drop=self._drop,
            metrics=self._metrics,
        )

    def _receive(self, message: Incoming) -> None:
        self._intake.receive(message)

    def _drop(self, topic: str, size_bytes: int) -> None:
        self._intake.dropped(topic, size_bytes)

    def _guard(self, device: str) -> None:
        """Ask the broker to cut a camera off that floods: what it sends costs the others their frames."""
        log.warning("camera floods", device=device)
        guard = Guard(device=device, reason="flood")
        # QoS 0: it must not wait behind the acks of the flood, whose confirmations come through the flood.
        message = Outgoing(wire.hub(self._settings.site, wire.GUARD), guard.encode(), qos=0)
        task = asyncio.create_task(self._session.publish(message))
        self._sending.add(task)  # else nobody holds it, and it may be collected unfinished
        task.add_done_callback(self._sending.discard)

    async def _greet(self) -> None:
        await self._session.publish(self._status("online"))
        log.info("hub online", site=self._settings.site)

    def _status(self, state: str) -> Outgoing:
        status = HubStatus.model_validate(
            {"state": state, "hub_id": self._hub_id, "version": __version__, "since_ms": self._since_ms}
        )
        return Outgoing(wire.hub(self._settings.site, wire.STATUS), status.encode(), qos=1, retain=True)


async def end(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks until all of them have ended.

    Once isn't enough on Python 3.11: its `wait_for`, which aiomqtt's publish uses, drops a cancellation
    that comes at the moment when the wait is over.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)


def login(settings: Settings, hub_id: str) -> Login:
    """The hub's place and name at the broker. Raises SettingsError when it has no password."""
    return Login(
        settings.mqtt_host,
        settings.mqtt_local_port,
        settings.mqtt_username,
        _password(settings),
        # One id a hub: two hubs of a site must not throw each other out.
        f"{settings.mqtt_username}-{hub_id[-8:].lower()}",
    )


def _password(settings: Settings) -> str:
    if settings.mqtt_password is not None:
        return settings.mqtt_password.get_secret_value()
    path = settings.secrets_dir / f"{settings.mqtt_username}.password"
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        raise SettingsError(
            f"There is no password for the broker: start `presenza broker` on this data folder first ({path}),"
            " or set PRESENZA_MQTT_PASSWORD_FILE."
        ) from None


def fault_point(wanted: str) -> Callable[[str], None]:
    """For tests: a checkpoint that kills this process at the step `wanted`, as a power cut would."""

    def checkpoint(step: str) -> None:
        if step == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    return checkpoint if wanted else lambda step: None
