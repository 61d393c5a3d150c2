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

    def __init__(self, min_ms=_BACKOFF_MIN_MS, max_ms=_BACKOFF_MAX_MS):
        self._min_ms = self._ms = min_ms
        self._max_ms = max_ms

    def reset(self):
        self._ms = self._min_ms

    def next_ms(self):
        ms = self._ms
        self._ms = min(2 * ms, self._max_ms)
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


def tls_context(node):
    """Verifies the broker against the site's own CA, which is the only one it trusts; None without a CA file.

    An unset clock (the year 2000) is accepted, because the CA's certificates begin on 1999-12-31.
    With `certificate_file` and `key_file` the camera shows a certificate of its own. All files are DER.
    """
    if not node.get("ca_file"):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=_read(node["ca_file"]))
    if node.get("certificate_file"):
        context.load_cert_chain(_read(node["certificate_file"]), _read(node["key_file"]))
    return context


def _read(name):
    with open(name, "rb") as file:
        return file.read()
