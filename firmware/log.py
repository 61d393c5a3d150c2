"""The serial log: seconds since boot, the part, a sentence. Never a secret, never a picture."""

from errno import errorcode

import clock


def log(part, *words):
    print("%9.3f  %-7s" % (clock.uptime_ms() / 1000, part), *words)


def why(error):
    """An error in as few words as there are: ECONNREFUSED rather than OSError(111,)."""
    number = getattr(error, "errno", None)
    return errorcode.get(number) or str(error).strip() or repr(error)
