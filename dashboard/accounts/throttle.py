"""Sign-in attempts are slowed down: per account and address, and per address."""

from dashboard.accounts.models import FailedSignIn
from dashboard.runtime import now_ms

WINDOW_MS = 5 * 60 * 1000
ACCOUNT_TRIES = 5  # for one account from one address
ADDRESS_TRIES = 30  # from one address


def wait_s(username: str, address: str) -> int:
    """Seconds until another try is looked at; 0: now."""
    since = now_ms() - WINDOW_MS
    failed = FailedSignIn.objects.filter(address=address, at_ms__gt=since).order_by("-at_ms")
    for tries, limit in ((failed.filter(username=username[:64]), ACCOUNT_TRIES), (failed, ADDRESS_TRIES)):
        times = list(tries.values_list("at_ms", flat=True)[:limit])
        if len(times) == limit:
            return max(1, (times[-1] - since) // 1000)
    return 0


def failed(username: str, address: str) -> None:
    """Remember a failed try; those that no longer count are forgotten."""
    FailedSignIn.objects.filter(at_ms__lt=now_ms() - WINDOW_MS).delete()
    FailedSignIn.objects.create(username=username[:64], address=address)


def succeeded(username: str, address: str) -> None:
    FailedSignIn.objects.filter(username=username[:64], address=address).delete()
