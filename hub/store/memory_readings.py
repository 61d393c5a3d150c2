"""What cameras reported lately, in memory."""

import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from statistics import fmean

from hub.model import Reading
from hub.store import PURGE_LIMIT


class MemoryReadings:
    _lock: threading.RLock
    _readings: dict[tuple[str, int], Reading]

    def keep_readings(self, readings: Collection[Reading]) -> None:
        with self._lock:
            for each in readings:
                self._readings.setdefault((each.device, each.minute), each)

    def readings(self, device: str, from_minute: int, *, step: int = 1) -> list[Reading]:
        with self._lock:
            found = [each for each in self._readings.values() if each.device == device and each.minute >= from_minute]
        found.sort(key=lambda each: each.minute)
        return [_joined(list(some)) for _, some in groupby(found, lambda each: each.minute // step)]

    def purge_readings(self, before_minute: int, *, limit: int = PURGE_LIMIT) -> int:
        with self._lock:
            old = sorted((key for key in self._readings if key[1] < before_minute), key=lambda key: key[1])[:limit]
            for key in old:
                del self._readings[key]
            return len(old)

    def _forget_readings(self, device: str) -> None:
        for key in [key for key in self._readings if key[0] == device]:
            del self._readings[key]


def _joined(some: Sequence[Reading]) -> Reading:
    """The last one, with the means of what isn't counted."""
    return replace(
        some[-1],
        rssi_dbm=_rounded(each.rssi_dbm for each in some),
        heap_free=_rounded(each.heap_free for each in some),
        temperature_c=_mean(each.temperature_c for each in some),
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _rounded(values: Iterable[int | None]) -> int | None:
    """Halves away from zero, as SQLite rounds."""
    mean = _mean(values)
    return None if mean is None else int(mean + (0.5 if mean >= 0 else -0.5))
