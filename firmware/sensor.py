"""The image sensor: without power until somebody needs it, never on for more than its share of the time.

Not named `camera`: that is the driver's module, built into the board's MicroPython, and it would win the import.
"""

import asyncio
import time

import clock
import hal
from log import log, why

_WARMUP_FRAMES = 2  # dark or green, while exposure and white balance settle
_SETTLE_MS = 20  # from power to the first word on the sensor's bus
_FRAME_TIMEOUT_MS = 4000
_ON_CAPACITY_MS = 300_000  # so long at a stretch, from cool …
_ON_SHARE = 2  # … and half of the time on the whole


class Duty:
    """A bucket of on-time that fills while the camera is off. Pure: the times are arguments."""

    def __init__(self, now_ms):
        self._left_ms = _ON_CAPACITY_MS
        self._since_ms = now_ms

    def rested(self, now_ms):
        """Take note that the camera was off until now."""
        self._left_ms = min(_ON_CAPACITY_MS, self._left_ms + (now_ms - self._since_ms))
        self._since_ms = now_ms

    def worked(self, now_ms):
        """Take note that the camera was on until now."""
        self._left_ms -= (now_ms - self._since_ms) * (_ON_SHARE - 1)
        self._since_ms = now_ms

    def allows(self):
        return self._left_ms > 0


class Sensor:
    def __init__(self, config):
        self._config = config
        self._driver = None
        self._held = False  # a frame of the driver's is in our hands
        self._duty = Duty(clock.uptime_ms())
        self._woken_ms = 0
        self.on_ms = 0  # in all
        self.failures = 0  # in all
        self.failing = 0  # in a row
        hal.camera_power(False)

    def may_wake(self):
        self._duty.rested(clock.uptime_ms())
        return self._duty.allows()

    async def wake(self, grey=False):
        """Power up and throw the first frames away; False when the sensor doesn't answer."""
        self._duty.rested(clock.uptime_ms())
        self._woken_ms = clock.uptime_ms()
        hal.camera_power(True)
        await asyncio.sleep_ms(_SETTLE_MS)
        config = self._config
        try:
            size = "QQVGA" if grey else config["frame_size"]
            self._driver = hal.open_camera(size, config["jpeg_quality"], grey, config["rotate"] == 180)
        except (OSError, RuntimeError, MemoryError) as error:
            self._failed("doesn't start: " + why(error))
            return False
        for _ in range(_WARMUP_FRAMES):
            if await self.capture() is None:
                return False
        return True

    async def capture(self):
        """The next frame, as the driver's own buffer: it holds until the next capture or sleep. None: it failed."""
        if self._held:
            self._driver.free_buffer()  # only now may the driver fill it: what it gives next is fresh
            self._held = False
        started = time.ticks_ms()
        while not self._driver.frame_available():
            if time.ticks_diff(time.ticks_ms(), started) > _FRAME_TIMEOUT_MS:
                self._failed("gives no frame")
                return None
            await asyncio.sleep_ms(5)
        frame = self._driver.capture()
        if not frame:
            self._failed("gave an empty frame")
            return None
        self._held = True
        self.failing = 0
        return frame

    def sleep(self):
        """Driver down and power off: this is what keeps the board cool."""
        if self._driver:
            self._driver.deinit()
            self._driver = None
        self._held = False
        hal.camera_power(False)
        now = clock.uptime_ms()
        self._duty.worked(now)
        self.on_ms += now - self._woken_ms

    def _failed(self, what):
        self.failures += 1
        self.failing += 1
        log("sensor", what)
