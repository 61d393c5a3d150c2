"""What cameras say of themselves: their last status, telemetry and configuration, for the dashboard."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import structlog

from hub.errors import PresenzaError
from hub.model import DeviceState, Reading
from hub.shadow import ConfigAnswer, Reported
from hub.store import Store

MAX_DEVICES = 2000
MINUTE_MS = 60_000
FLUSH_S = 1.0  # a camera that chatters must not wear the disk out

log = structlog.get_logger()


class DeviceBook:
    """The last state of each camera; changes are written once a second."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._states = {state.device: state for state in store.device_states()}
        self._changed: set[str] = set()
        self._answers: dict[tuple[str, int], ConfigAnswer] = {}
        self._minutes: dict[str, int] = {}  # of each camera's last reading
        self._readings: list[Reading] = []

    def online(self) -> int:
        """How many cameras say that they are there."""
        return sum(state.state == "online" for state in self._states.values())

    def status(self, device: str, state: str, payload: Mapping[str, object], now_ms: int) -> None:
        """Take a status in. The last will of an earlier boot says nothing about the one that runs now."""
        known = self._states.get(device)
        stale = state == "offline" and known is not None and known.state != "offline"
        if stale and known is not None and known.status.get("boot_id") != payload.get("boot_id"):
            return
        self._put(device, now_ms, state=state, status=payload)

    def telemetry(self, device: str, payload: Mapping[str, object], now_ms: int) -> None:
        """Take a report in: the last one with the time that it came, and one a minute for the charts."""
        self._put(device, now_ms, telemetry={**payload, "received_ms": now_ms})
        minute = now_ms // MINUTE_MS
        if self._minutes.get(device) != minute and device in self._states:
            self._minutes[device] = minute
            self._readings.append(reading_of(device, minute, payload))

    def config(self, device: str, payload: Mapping[str, object], now_ms: int) -> None:
        """Take a report in: what is in force, and at the same time the answer to the version that it names."""
        self._put(device, now_ms, config=payload)
        report = Reported.of(payload)
        answer = ConfigAnswer(device, report.version, report.state, report.errors, now_ms)
        if len(self._answers) < MAX_DEVICES:
            self._answers[device, report.version] = answer

    def _put(self, device: str, now_ms: int, **changes: object) -> None:
        known = self._states.get(device)
        if known is None and len(self._states) >= MAX_DEVICES:
            return
        self._states[device] = replace(known or DeviceState(device, now_ms), seen_ms=now_ms, **changes)  # type: ignore[arg-type]
        self._changed.add(device)

    async def flush(self) -> None:
        """Write what has changed."""
        changed, self._changed = self._changed, set()
        answers, self._answers = list(self._answers.values()), {}
        readings, self._readings = self._readings, []
        for device in changed:
            await asyncio.to_thread(self._store.put_device_state, self._states[device])
        if answers:
            await asyncio.to_thread(self._store.keep_answers, answers)
        if readings:
            await asyncio.to_thread(self._store.keep_readings, readings)

    async def keep(self) -> None:
        """Write changes for ever."""
        while True:
            await asyncio.sleep(FLUSH_S)
            try:
                await self.flush()
            except (PresenzaError, OSError) as error:
                log.warning("device state not written", error=str(error))


def reading_of(device: str, minute: int, payload: Mapping[str, object]) -> Reading:
    """The numbers of a camera's report (`up/telemetry`, as the hub checked it)."""
    given = {
        name: payload.get(name) for name in ("rssi_dbm", "heap_free", "frames_sent", "frames_acked", "frames_lost")
    }
    whole = {name: value if isinstance(value, int) else None for name, value in given.items()}
    boot, warm = payload.get("boot_id"), payload.get("temperature_c")
    temperature = float(warm) if isinstance(warm, int | float) else None
    return Reading(device, minute, boot if isinstance(boot, int) else 0, temperature_c=temperature, **whole)
