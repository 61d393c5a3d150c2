"""Time: since boot, which never jumps, and Unix time, once a time server has told it."""

import asyncio
import socket
import struct
import time

import hal

_PORT = 123
_TIMEOUT_MS = 2000
_TO_UNIX_S = 2208988800  # NTP counts from 1900
_START = time.ticks_ms()
_last = _START
_wrapped_ms = 0


def uptime_ms():
    """Milliseconds since boot. The chip's ticks wrap after days: call it more often than that."""
    global _last, _wrapped_ms
    now = time.ticks_ms()
    _wrapped_ms += time.ticks_diff(now, _last)
    _last = now
    return _wrapped_ms


def unix_ms(at_uptime_ms=None):
    """Unix time now, or at an earlier uptime; 0 while the clock isn't set."""
    now = hal.unix_ms()
    if not now:
        return 0
    return now if at_uptime_ms is None else now - (uptime_ms() - at_uptime_ms)


async def sync(servers):
    """Set the clock from the first server ("host" or "host:port") that answers; True when one did."""
    for server in servers:
        host, _, port = server.partition(":")
        try:
            hal.set_unix_ms(await _ask(host, int(port or _PORT)))
            return True
        except OSError:
            continue
    return False


async def _ask(host, port):
    """One SNTP question (RFC 4330): the server's time in Unix ms, corrected by half the round trip."""
    address = socket.getaddrinfo(host, port, 0, socket.SOCK_DGRAM)[0]
    sock = socket.socket(address[0], socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.connect(address[-1])
        cookie = struct.pack("!Q", time.ticks_us())
        sent = time.ticks_ms()
        sock.send(b"\x23" + bytes(39) + cookie)
        while time.ticks_diff(time.ticks_ms(), sent) < _TIMEOUT_MS:
            await asyncio.sleep_ms(10)
            try:
                answer = sock.recv(48)
            except OSError as error:
                if error.errno == 11:  # EAGAIN: not yet
                    continue
                raise
            return _read(answer, cookie) + time.ticks_diff(time.ticks_ms(), sent) // 2
        raise OSError(110)  # ETIMEDOUT
    finally:
        sock.close()


def _read(answer, cookie):
    if len(answer) != 48 or answer[0] & 7 != 4 or not 0 < answer[1] < 16 or answer[24:32] != cookie:
        raise OSError(71)  # EPROTO: no server's answer, not synchronized, or not to our question
    seconds, fraction = struct.unpack("!II", answer[40:48])
    if seconds < _TO_UNIX_S:
        seconds += 1 << 32  # the era that begins in 2036
    return (seconds - _TO_UNIX_S) * 1000 + (fraction * 1000 >> 32)
