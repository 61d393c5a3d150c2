"""When to look: the PIR's interrupt, a change between two grey glances, both, or neither."""

import asyncio

import hal
import micropython
from log import log
from micropython import const

_WAIT_MS = const(1000)  # between two glances; also how soon a changed configuration counts
_WIDTH = const(160)
_HEIGHT = const(120)
_STEP = const(19)  # every 19th pixel, 1010 of them: no column or row is favoured
_LEVEL = const(24)  # grey levels of 255 that a pixel must change by, brightness of the whole apart


class Motion:
    def __init__(self, config, sensor):
        self._config = config
        self._sensor = sensor
        self._pir = asyncio.ThreadSafeFlag()
        self._before = None  # samples of the glance before
        hal.on_pir(self._pir.set)

    async def wait(self):
        """Return `pir` or `frame` once something moves."""
        while True:
            source = self._config["motion_source"]
            if source in ("frame", "both") and await self._glance():
                return "frame"
            if await self._pir_fires() and source in ("pir", "both"):
                return "pir"

    def forget(self):
        """Whatever moved during a burst is known already."""
        self._pir.clear()
        self._before = None

    async def _pir_fires(self):
        try:
            await asyncio.wait_for_ms(self._pir.wait(), _WAIT_MS)
            return True
        except asyncio.TimeoutError:
            return hal.pir_is_high()  # somebody is still there: no new edge comes

    async def _glance(self):
        """Wake the camera for one small grey frame; True when it differs from the one before."""
        if not self._sensor.may_wake():
            return False
        try:
            frame = await self._sensor.capture() if await self._sensor.wake(grey=True) else None
            if frame is None:
                return False
            now = bytearray(_WIDTH * _HEIGHT // _STEP)
            sample(frame, now, len(now))
        finally:
            self._sensor.sleep()
        before, self._before = self._before, now
        if before is None:
            return False
        permille = 1000 * changed(before, now, len(now)) // len(now)
        if permille >= threshold_permille(self._config["motion_sensitivity"]):
            log("motion", permille, "permille of the picture changed")
            return True
        return False


def threshold_permille(sensitivity):
    """1 … 100 -> from 300 (a third of the picture must change) down to 5, geometrically."""
    return int(300 * (5 / 300) ** ((sensitivity - 1) / 99))


@micropython.viper
def sample(frame: ptr8, out: ptr8, count: int):  # noqa: F821 - viper's own type
    for i in range(count):
        out[i] = frame[i * _STEP]


@micropython.viper
def changed(a: ptr8, b: ptr8, count: int) -> int:  # noqa: F821
    """How many samples differ by more than _LEVEL once the change of the mean is taken out."""
    total = 0
    for i in range(count):
        total += int(b[i]) - int(a[i])
    shift = total // count
    changes = 0
    for i in range(count):
        difference = int(b[i]) - int(a[i]) - shift
        if difference > _LEVEL or difference < 0 - _LEVEL:
            changes += 1
    return changes
