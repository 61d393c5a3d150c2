"""What a motion sets off: wake the camera, send frames until the hub knows enough, sleep, cool down."""

import asyncio

import clock
import hal
import slots
import wire
from log import log

_FLASH_PERCENT = 60
_FAILURES_TO_RESTART = 3
_RESTART_AFTER_MS = 600_000  # of uptime: a broken sensor must not make the board restart all day
_REST_MS = 30_000


class Burst:
    def __init__(self, config, sensor, motion, frames, uplink, leds, boot_id):
        self._config = config
        self._sensor = sensor
        self._motion = motion
        self._frames = frames
        self._uplink = uplink
        self._leds = leds
        self._boot_id = boot_id
        self._motion_id = 0
        self._busy = asyncio.Lock()

    async def run(self):
        while True:
            log("burst", "watching")
            source = await self._motion.wait()
            async with self._busy:
                await self._burst(source, self._config["burst_frames"])
            await asyncio.sleep_ms(self._config["cooldown_ms"])
            self._motion.forget()

    async def snapshot(self):
        """One frame on command; its frame_id once the hub has answered or hasn't, None when there was none."""
        if self._busy.locked():
            return None
        async with self._busy:
            return await self._burst("command", 1)

    async def _burst(self, source, count):
        if not self._sensor.may_wake():
            log("burst", "the camera has been on for too long and rests")
            await asyncio.sleep_ms(_REST_MS)
            return None
        self._motion_id += 1
        log("burst", "motion", self._motion_id, "from", source)
        self._frames.begin()
        await self._tell("start", source)
        try:
            frame_id = await self._shoot(count) if await self._sensor.wake() else None
        finally:
            hal.set_led("flash", 0)
            self._sensor.sleep()
        kept = await self._frames.finish()
        await self._tell("end", source)
        if kept:
            self._leds.show("away")
        if frame_id is None:
            await self._broken()
        return frame_id

    async def _shoot(self, count):
        """Frames at the configured pace until one of them is recognized; the last frame_id, None if there is none."""
        frame_id = None
        period_ms = int(1000 / self._config["burst_fps"])
        self._flash(self._config["flash"] == "on")
        for index in range(count):
            started = clock.uptime_ms()
            jpeg = await self._sensor.capture()
            if jpeg is None:
                break
            frame_id = await self._frames.offer(jpeg, self._motion_id, last=index == count - 1)
            last = index == count - 1
            if last or await self._frames.answered(period_ms - (clock.uptime_ms() - started)):
                break
            if self._config["flash"] == "auto" and self._frames.too_dark:
                self._flash(True)
        return frame_id

    def _flash(self, on):
        hal.set_led("flash", _FLASH_PERCENT if on else 0)

    async def _tell(self, state, source):
        await self._uplink.publish(
            wire.MOTION,
            {
                "v": 1,
                "motion_id": self._motion_id,
                "boot_id": self._boot_id,
                "state": state,
                "source": source,
                "at_ms": clock.unix_ms(),
            },
            qos=1,
        )

    async def _broken(self):
        """Each attempt has power-cycled the sensor already; a restart is next. Telemetry raises the alarm."""
        self._leds.show("error")
        if self._sensor.failing >= _FAILURES_TO_RESTART and clock.uptime_ms() > _RESTART_AFTER_MS:
            log("burst", "the camera keeps failing: restarting")
            await self._uplink.say_goodbye()
            slots.restart()
