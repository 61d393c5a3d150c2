"""AI-Thinker ESP32-CAM: pins, sensor, Wi-Fi, clock, watchdog. The only file that knows the chip."""

import gc
import time

import esp32
import machine
import network
from camera import Camera, FrameSize, GrabMode, PixelFormat
from machine import PWM, Pin

HARDWARE = "ai-thinker"

# Never 12, 2 or 15 (strapping) and never 16 (PSRAM).
_PIR = 13
_POWER_DOWN = 32  # of the sensor; the driver's deinit leaves the sensor powered, and hot
_LEDS = {"red": 33, "green": 14, "flash": 4}
_ACTIVE_LOW = ("red",)
_XCLK_HZ = 8_000_000  # 5, 10 and 20 MHz have been seen to disturb Wi-Fi
_EPOCH_S = 946684800 if time.gmtime(0)[0] == 2000 else 0
_CLOCK_SET_S = 1735689600  # 2025: an unset clock wakes in 2000 or 1970
_RESETS = {
    machine.PWRON_RESET: "power-on",  # a brown-out reports itself as this too
    machine.HARD_RESET: "reset",
    machine.WDT_RESET: "watchdog",
    machine.DEEPSLEEP_RESET: "deep-sleep",
    machine.SOFT_RESET: "soft",
}

_watchdog = None
_power_down = Pin(_POWER_DOWN, Pin.OUT, value=1)
_pir = Pin(_PIR, Pin.IN, Pin.PULL_DOWN)
_pwm = {}


def reset_reason():
    return _RESETS.get(machine.reset_cause(), "unknown")


def start_watchdog(timeout_ms):
    global _watchdog
    _watchdog = machine.WDT(timeout=timeout_ms)


def feed_watchdog():
    if _watchdog:
        _watchdog.feed()


def unix_ms():
    """Unix time; 0 while the clock isn't set."""
    now = time.time_ns() // 1_000_000 + _EPOCH_S * 1000
    return now if now >= _CLOCK_SET_S * 1000 else 0


def set_unix_ms(unix_ms):
    seconds, ms = divmod(unix_ms, 1000)
    t = time.gmtime(seconds - _EPOCH_S)
    machine.RTC().datetime((t[0], t[1], t[2], t[6], t[3], t[4], t[5], ms * 1000))


def temperature_c():
    return (esp32.raw_temperature() - 32) / 1.8  # of the chip, uncalibrated


def psram_free():
    """Bytes that the system still has beside MicroPython's heap; the camera's buffers come out of them."""
    return sum([region[1] for region in esp32.idf_heap_info(esp32.HEAP_DATA) if region[0] > 400_000])


def psram_works():
    """Write and read back 256 KiB: without PSRAM, MicroPython's heap can't even hold them."""
    try:
        block = bytearray(256 * 1024)
    except MemoryError:
        return False
    for at in range(0, len(block), 1021):
        block[at] = at & 0xFF
    good = all(block[at] == at & 0xFF for at in range(0, len(block), 1021))
    del block
    gc.collect()
    return good


class Wifi:
    def __init__(self):
        self._wlan = network.WLAN(network.STA_IF)

    def start(self, ssid, password):
        self._wlan.active(False)
        self._wlan.active(True)
        self._wlan.connect(ssid, password)

    def is_up(self):
        return self._wlan.isconnected()

    def rssi_dbm(self):
        return self._wlan.status("rssi")


def on_pir(callback):
    """Call `callback()` from the interrupt at each rising edge."""
    _pir.irq(lambda pin: callback(), Pin.IRQ_RISING)


def pir_is_high():
    return _pir.value() == 1


def set_led(name, percent):
    if name not in _pwm:
        _pwm[name] = PWM(Pin(_LEDS[name]), freq=1000)
    duty = 1023 * percent // 100
    _pwm[name].duty(1023 - duty if name in _ACTIVE_LOW else duty)


def camera_power(on):
    _power_down.value(0 if on else 1)


def open_camera(frame_size, quality, grey, upside_down):
    """The driver's camera object: frame_available(), capture(), free_buffer(), deinit()."""
    sensor = Camera(
        data_pins=[5, 18, 19, 21, 36, 39, 34, 35], pclk_pin=22, vsync_pin=25, href_pin=23, sda_pin=26, scl_pin=27,
        xclk_pin=0, xclk_freq=_XCLK_HZ, powerdown_pin=_POWER_DOWN, reset_pin=-1,
        pixel_format=PixelFormat.GRAYSCALE if grey else PixelFormat.JPEG,
        frame_size=getattr(FrameSize, frame_size), jpeg_quality=quality, fb_count=1, grab_mode=GrabMode.WHEN_EMPTY,
    )  # fmt: skip
    sensor.vflip = upside_down
    sensor.hmirror = upside_down
    return sensor
