"""Puts the camera together and keeps it running: read this first.

motion -> burst -> sensor -> frames -> uplink -> mqtt -> the hub
             leds <- ack <----'          '-> config, commands, update
"""

import asyncio
import gc
import json
import os

import claim
import clock
import hal
import slots
import wire
from burst import Burst
from commands import Commands
from config import Config
from frames import Frames
from leds import Leds
from log import log
from motion import Motion
from sensor import Sensor
from update import Update
from uplink import Uplink

_WATCHDOG_MS = 30_000  # a name look-up or the driver's capture may block for seconds
_HEALTHY_MS = 60_000
_SAFE_MS = 600_000  # then a normal boot gets another chance
_TRIAL_MS = 600_000


def run(slot, mode):
    """Run until something dies or a restart is asked for."""
    hal.start_watchdog(_WATCHDOG_MS)
    with open("node.json") as file:
        node = json.load(file)
    log("boot", "folder", slot + ",", mode, "mode, reset by", hal.reset_reason())
    asyncio.run(App(node, slot, mode).run() if "device" in node else _without_identity(node))


async def _without_identity(node):
    leds = Leds(Config(), node.get("led_brightness", 100))
    await asyncio.gather(_feed_watchdog(), leds.run(), claim.run(node, leds))


async def _feed_watchdog():
    while True:
        hal.feed_watchdog()
        clock.uptime_ms()
        await asyncio.sleep_ms(1000)


class App:
    def __init__(self, node, slot, mode):
        self.node = node
        self.mode = mode
        self.boot_id = int.from_bytes(os.urandom(4), "big")
        self.psram_works = hal.psram_works()
        self.config = Config()
        self.leds = Leds(self.config, node.get("led_brightness", 100))
        self.frames = None
        self.sensor = None
        handlers = {wire.CONFIG: self._on_config, wire.CMD: self._on_command, wire.ACK: self._on_ack}
        self.uplink = Uplink(node, self._facts(slot), handlers)
        self.uplink.on_connect = self._on_connect
        burst = None if mode == "safe" else self._eyes()
        self.burst = burst
        self.commands = Commands(self.uplink, self.leds, Update(slot, lambda: self.mode), burst, self.frames)

    def _facts(self, slot):
        return {
            "boot_id": self.boot_id,
            "firmware": _version(slot),
            "serial": slots.serial_of(slot),
            "hardware": hal.HARDWARE,
            "reset_reason": hal.reset_reason(),
            "mode": self.mode,
        }

    def _eyes(self):
        """Everything around the sensor; safe mode goes without."""
        self.sensor = Sensor(self.config)
        self.frames = Frames(self.uplink, self.config, self.boot_id, self.leds.show_outcome)
        motion = Motion(self.config, self.sensor)
        return Burst(self.config, self.sensor, motion, self.frames, self.uplink, self.leds, self.boot_id)

    async def run(self):
        """One task per duty. The first that ends, ends the program: a restart is better than half a camera."""
        duties = [_feed_watchdog, self.uplink.run, self.leds.run, self.commands.run, self._report, self._prove]
        if self.burst:
            duties += [self.burst.run, self.frames.resend_forever]
        if not self.psram_works:
            log("boot", "PSRAM doesn't work: expect no pictures")
        await asyncio.gather(*[duty() for duty in duties])

    async def _prove(self):
        """A boot that lasts is a good one; a trial is good when the hub has answered a frame; safe mode ends."""
        if self.mode == "trial":
            await self._try_out()
        await asyncio.sleep_ms(_SAFE_MS if self.mode == "safe" else _HEALTHY_MS)
        slots.healthy()
        if self.mode == "safe":
            slots.restart()

    async def _try_out(self):
        until = clock.uptime_ms() + self.node.get("trial_ms", _TRIAL_MS)
        while clock.uptime_ms() < until:
            await asyncio.sleep_ms(500)
            if self.uplink.hub_is_there() and await self._hub_answers():
                slots.confirm()
                log("update", "confirmed")
                self.mode = "normal"
                await self.uplink.say_online(mode="normal")
                return
        log("update", "not confirmed in time: going back")
        slots.restart()

    async def _hub_answers(self):
        frame_id = await self.burst.snapshot()
        return frame_id is not None and await self.frames.wait_outcome(frame_id, 0) is not None

    async def _on_connect(self):
        await self._publish_config(self.config.report())
        await self._publish_telemetry()

    def _on_config(self, payload):
        report = self.config.apply(payload)
        asyncio.create_task(self._publish_config(report))

    def _on_command(self, payload):
        self.commands.on_command(payload)

    def _on_ack(self, payload):
        if self.frames:
            self.frames.on_ack(json.loads(payload))

    async def _publish_config(self, report):
        await self.uplink.publish(wire.CONFIG, report, qos=1, retain=True)

    async def _report(self):
        while True:
            await asyncio.sleep(self.config["telemetry_s"])
            await self._publish_telemetry()

    async def _publish_telemetry(self):
        gc.collect()
        values = {
            "uptime_s": clock.uptime_ms() // 1000,
            "rssi_dbm": self.uplink.rssi_dbm(),
            "heap_free": gc.mem_free(),
            "psram_free": hal.psram_free() if self.psram_works else 0,
            "temperature_c": hal.temperature_c(),
            "reconnects": max(self.uplink.sessions - 1, 0),
            "clock_ms": clock.unix_ms() or None,
        }
        if self.burst:
            values.update(
                {
                    "frames_sent": self.frames.sent,
                    "frames_acked": self.frames.acked,
                    "frames_lost": self.frames.lost,
                    "frames_waiting": len(self.frames.kept),
                    "acks_ignored": self.frames.ignored,
                    "capture_failures": self.sensor.failures,
                    "camera_works": self.sensor.failing == 0,
                    "camera_on_s": self.sensor.on_ms // 1000,
                }
            )
        known = {name: value for name, value in values.items() if value is not None}
        known.update({"v": 1, "boot_id": self.boot_id})
        await self.uplink.publish(wire.TELEMETRY, known)


def _version(slot):
    try:
        with open(slot + "/manifest.json") as file:
            return json.load(file)["version"]
    except (OSError, ValueError, KeyError):
        return "unknown"
