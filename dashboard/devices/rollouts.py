"""Roll-outs in this process: one at a time, in a thread of its own, supervised by the relay's task group.

A page only writes down that somebody wants one. Whichever process takes it carries it out, says in the
record each second how it stands, and looks there whether it shall stop. When the process ends, the
record says so: at once where it could still write, else the next process finds it silent.
"""

import asyncio
import queue
import secrets
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

import structlog
from django.db import DatabaseError, connection

from dashboard.devices import models
from dashboard.devices.models import RolloutRecord
from dashboard.runtime import Runtime, now_ms
from hub import configuration, wire
from hub.conductor import Conductor, Event, event_of
from hub.errors import PresenzaError, Unavailable
from hub.payloads import Command, CommandAnswer
from hub.rollout import Progress, Rollout

LOOK_S = 5.0  # how often the records are looked through for what another process has left
BEAT_S = 1.0
HEARD_MAX = 1000  # what came in and wasn't looked at yet; more is dropped, and a camera then counts as silent
COMMAND_MS = 20_000

log = structlog.get_logger()


class Publish(Protocol):
    def __call__(self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None) -> None: ...


class Ear:
    """A roll-out's line: hears what the relay hears, as long as it is open; sends as views do."""

    def __init__(self, site: str, publish: Publish) -> None:
        self._site = site
        self._publish = publish
        self._events: queue.Queue[Event] = queue.Queue(HEARD_MAX)
        self._commands: set[str] = set()

    def heard(self, device: str, payload: object) -> None:
        """Take in what a camera or the hub said. Never waits."""
        if isinstance(payload, CommandAnswer) and payload.id not in self._commands:
            return
        event = event_of(device, payload)
        if event is not None:
            with suppress(queue.Full):
                self._events.put_nowait(event)

    def next(self, timeout_s: float) -> Event | None:
        try:
            return self._events.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            return None

    def snapshot(self, device: str) -> None:
        command = Command(id=f"c-{secrets.token_hex(6)}", op="snapshot", not_after_ms=now_ms() + COMMAND_MS)
        self._commands.add(command.id)
        with suppress(Unavailable):  # it is asked again, until its patience ends
            self._publish(wire.down(self._site, device, wire.CMD), command.encode(), expiry_s=wire.CMD_EXPIRY_S)


class Rollouts:
    """Carries out what is written down. `heard` and `wake` are for the event loop."""

    def __init__(self, runtime: Runtime, publish: Publish) -> None:
        self._runtime = runtime
        self._publish = publish
        self._ear: Ear | None = None
        self._wake = asyncio.Event()
        self._ending = threading.Event()

    def wake(self) -> None:
        """There is one to carry out."""
        self._wake.set()

    def end(self) -> None:
        """The process ends: have the record say so. From any thread."""
        self._ending.set()

    def heard(self, device: str, payload: Any) -> None:
        if self._ear is not None:
            self._ear.heard(device, payload)

    async def serve(self) -> None:
        """Carry out one after the other, for ever."""
        loop = asyncio.get_running_loop()
        executor = ThreadPoolExecutor(1, "rollout")
        try:
            while True:
                if not await loop.run_in_executor(executor, self._turn):
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), LOOK_S)
                    self._wake.clear()
        finally:
            self.end()  # the thread then ends its record; the process waits for it when it ends
            executor.shutdown(wait=False, cancel_futures=True)

    def _turn(self) -> bool:
        """In the thread."""
        try:
            return self._next()
        finally:
            connection.close()

    def _next(self) -> bool:
        """Carry one out; whether there was one."""
        try:
            RolloutRecord.find_lost()
            record = RolloutRecord.take()
            if record is not None:
                self._carry_out(record)
        except DatabaseError:
            log.exception("roll-outs can't be looked through")
            return False
        return record is not None

    def _carry_out(self, record: RolloutRecord) -> None:
        log.info("roll-out begins", number=record.pk, cameras=len(record.cameras))
        self._ear = Ear(self._runtime.settings.site, self._publish)
        try:
            record.end(*self._conduct(record, self._ear))
        except PresenzaError as error:
            record.end(models.FAILED, str(error))
        except Exception as error:
            log.exception("roll-out failed", number=record.pk)
            record.end(models.FAILED, type(error).__name__)
        finally:
            self._ear = None
        log.info("roll-out ended", number=record.pk, state=record.state)

    def _conduct(self, record: RolloutRecord, ear: Ear) -> tuple[str, str]:
        """Carry it out; the state it ended in, and why."""
        store = self._runtime.store
        plan = configuration.plan(store, record.cameras, record.fields)
        settled = [_row(Progress(device, message=SETTLED)) | {"stage": "settled"} for device in plan.settled]
        if not plan.wanted:
            record.beat(settled)
            return models.APPLIED, ""
        rollout = Rollout(list(plan.wanted), patience_ms=record.patience_s * 1000)
        want = partial(
            configuration.want, store, partial(self._publish, retain=True), self._runtime.settings.site,
            by=record.by, origin=f"template {record.template}" if record.template else "",
        )  # fmt: skip
        teller = Teller(record, settled, self._ending)
        conductor = Conductor(
            rollout, ear, store, plan.wanted, lambda device, config: want(device, config, now_ms=now_ms())
        )
        conductor.run(teller)
        teller.tell(rollout.progress)
        return state_of(rollout, stopped=teller.stopped, ending=self._ending.is_set()), ""


SETTLED = "it is set so already"


class Teller:
    """Writes down how a roll-out stands: at once when a stage changes, else each second."""

    def __init__(self, record: RolloutRecord, settled: list[dict[str, object]], ending: threading.Event) -> None:
        self._record = record
        self._settled = settled
        self._ending = ending
        self._told: list[dict[str, object]] = []
        self._due_s = 0.0
        self.stopped = False

    def __call__(self, progress: Sequence[Progress]) -> bool:
        rows = [_row(each) for each in progress]
        if rows != self._told or time.monotonic() >= self._due_s:
            self.tell(progress)
        return not (self.stopped or self._ending.is_set())

    def tell(self, progress: Sequence[Progress]) -> None:
        self._told = [_row(each) for each in progress]
        self._due_s = time.monotonic() + BEAT_S
        self.stopped = not self._record.beat([*self._told, *self._settled])


def state_of(rollout: Rollout, *, stopped: bool, ending: bool) -> str:
    """How a roll-out ended, or was ended."""
    if rollout.all_applied:
        return models.APPLIED
    if rollout.is_over:
        return models.HALTED if rollout.stopped else models.PARTLY
    if stopped:
        return models.STOPPED
    return models.LOST if ending else models.FAILED


def _row(each: Progress) -> dict[str, object]:
    return {"device": each.device, "stage": str(each.stage), "version": each.version, "message": each.message}
