"""What cameras reported lately, in memory."""

import threading
from collections.abc import Collection

from hub.model import Reading
from hub.store import PURGE_LIMIT


class MemoryReadings:
    _lock: threading.RLock
    _readings: dict[tuple[str, int], Reading]

    def keep_readings(self, readings: Collection[Reading]) -> None:
        with self._lock:
            for each in readings:
                self._readings.setdefault((each.device, each.minute), each)

    def readings(self, device: str, from_minute: int) -> list[Reading]:
        with self._lock:
            found = [each for each in self._readings.values() if each.device == device and each.minute >= from_minute]
        return sorted(found, key=lambda each: each.minute)

    def purge_readings(self, before_minute: int, *, limit: int = PURGE_LIMIT) -> int:
        with self._lock:
            old = sorted((key for key in self._readings if key[1] < before_minute), key=lambda key: key[1])[:limit]
            for key in old:
                del self._readings[key]
            return len(old)

    def _forget_readings(self, device: str) -> None:
        for key in [key for key in self._readings if key[0] == device]:
            del self._readings[key]
