"""Stand-ins for the hardware under MicroPython's unix port, for tests and benchmarks.

What the board would do is printed as `@part value`; what happens to it is read from standard input, one line
each: `pir`, `pir high`, `pir low`, `wifi on`, `wifi off`, `temperature 71.5`, `hang`.
The camera's pictures are the files scene/*.jpg, in turn; grey.raw (160x120) is what it sees in grey.
"""

import array
import asyncio
import os
import sys
import time

HARDWARE = "host"
_state = {"wifi": "on", "temperature": "40.0", "pir": "low"}
_offset_ms = None  # of Unix time to ticks; like the board's clock it is unset until somebody sets it


def _tell(part, *words):
    print("@" + part, *words)


def reset_reason():
    return os.getenv("RESET_REASON") or "power-on"


def start_watchdog(timeout_ms):
    _tell("watchdog", timeout_ms)


def feed_watchdog():
    _tell("feed")


def unix_ms():
    return 0 if _offset_ms is None else time.time_ns() // 1_000_000 + _offset_ms


def set_unix_ms(unix_ms):
    global _offset_ms
    _offset_ms = unix_ms - time.time_ns() // 1_000_000
    _tell("clock", unix_ms)


def temperature_c():
    return float(_state["temperature"])


def psram_free():
    return None


def psram_works():
    return True


class Wifi:
    def start(self, ssid, password):
        _tell("wifi", ssid)

    def is_up(self):
        return _state["wifi"] == "on"

    def rssi_dbm(self):
        return -50


def on_pir(callback):
    asyncio.create_task(_listen(callback))


def pir_is_high():
    return _state["pir"] == "high"


async def _listen(pir):
    lines = asyncio.StreamReader(sys.stdin)
    while True:
        line = (await lines.readline()).decode()
        if not line:
            return
        name, _, value = line.strip().partition(" ")
        if value:
            _state[name] = value
        if name == "pir" and value != "low":
            pir()
        if name == "hang":
            time.sleep(3600)


def set_led(name, percent):
    _tell("led", name, percent)


def camera_power(on):
    _tell("power", 1 if on else 0)


def open_camera(frame_size, quality, grey, upside_down):
    _tell("camera", "grey" if grey else "jpeg", frame_size, quality, int(upside_down))
    return _Grey() if grey else _Scenes()


class _Grey:
    def frame_available(self):
        return True

    def capture(self):
        with open("grey.raw", "rb") as file:
            return memoryview(file.read())

    def free_buffer(self):
        pass

    def deinit(self):
        pass


class _Scenes(_Grey):
    """Files that begin with `warmup` come first, as the driver's dark first frames do; none at all is a failure."""

    _turn = 0

    def __init__(self):
        self._warmup = [name for name in self._names() if name.startswith("warmup")]

    def _names(self):
        return sorted([name for name in os.listdir("scene") if name.endswith(".jpg")])

    def capture(self):
        names = [name for name in self._names() if not name.startswith("warmup")]
        if not names:
            return None
        if self._warmup:
            name = self._warmup.pop()
        else:
            name = names[_Scenes._turn % len(names)]
            _Scenes._turn += 1
        with open("scene/" + name, "rb") as file:
            return memoryview(array.array("b", file.read()))  # signed, as the driver's is
