"""The way to the broker: Wi-Fi, the TLS context, and how long to wait before the next attempt."""

import asyncio
import random
import ssl

import hal
from log import log

_JOIN_MS = 15_000
_BACKOFF_MIN_MS = 500
_BACKOFF_MAX_MS = 30_000


class Backoff:
    """0.5 s, doubling to 30 s, each with jitter: a hall full of cameras must not come back as one."""

    def __init__(self):
        self._ms = _BACKOFF_MIN_MS

    def reset(self):
        self._ms = _BACKOFF_MIN_MS

    def next_ms(self):
        ms = self._ms
        self._ms = min(2 * ms, _BACKOFF_MAX_MS)
        return ms // 2 + random.getrandbits(16) * ms // 131072  # half of it to all of it


class Link:
    def __init__(self, node):
        self._ssid = node["wifi_ssid"]
        self._password = node["wifi_password"]
        self._wifi = hal.Wifi()

    async def up(self):
        """Return once Wi-Fi is up; raises OSError after 15 s without."""
        if self._wifi.is_up():
            return
        log("link", "joining", self._ssid)
        self._wifi.start(self._ssid, self._password)
        for _ in range(_JOIN_MS // 100):
            if self._wifi.is_up():
                log("link", "joined,", self._wifi.rssi_dbm(), "dBm")
                return
            await asyncio.sleep_ms(100)
        raise OSError("no Wi-Fi")

    def is_up(self):
        return self._wifi.is_up()

    def rssi_dbm(self):
        return self._wifi.rssi_dbm() if self._wifi.is_up() else None


def tls_context(ca_file):
    """Verifies the broker against the site's own CA, which is the only one it trusts; None without a CA file.

    An unset clock (the year 2000) is accepted, because the CA's certificates begin on 1999-12-31.
    """
    if not ca_file:
        return None
    with open(ca_file, "rb") as file:
        ca = file.read()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=ca)
    return context
