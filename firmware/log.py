"""The serial log: seconds since boot, the part, a sentence. Never a secret, never a picture."""

import clock


def log(part, *words):
    print("%9.3f  %-7s" % (clock.uptime_ms() / 1000, part), *words)
