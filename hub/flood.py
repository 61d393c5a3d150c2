"""Which camera sends more than any camera has reason to.

The broker lets each camera publish as fast as its line carries, and what the hub can't read in time
it drops from everybody alike: one camera that floods costs the others their frames. The hub says so
under `hub/guard`, and the broker's desk cuts that camera off until somebody enables it again.
"""

from dataclasses import dataclass

# The largest frames ten times a second are 5 MB/s; an outage's kept frames are 20 MB at the very most.
BYTES_PER_S = 6 * 1024 * 1024
# VGA in chunks of 1 KB, ten times a second, is 400; a busy hub reads hardly more than twice that in all.
MESSAGES_PER_S = 600
BURST_S = 4.0  # so many seconds' worth may come at once
AGAIN_S = 5.0  # the first word may have been lost in the flood
MAX_DEVICES = 2000


@dataclass(slots=True)
class _Bucket:
    size_bytes: float
    messages: float
    at_s: float
    told_s: float | None = None


class FloodMeter:
    """A token bucket of bytes and one of messages for each camera. Times are passed in."""

    def __init__(
        self, bytes_per_s: float = BYTES_PER_S, messages_per_s: float = MESSAGES_PER_S, burst_s: float = BURST_S
    ) -> None:
        self._rates = (bytes_per_s, messages_per_s)
        self._burst_s = burst_s
        self._buckets: dict[str, _Bucket] = {}

    def is_flood(self, device: str, size_bytes: int, now_s: float) -> bool:
        """Take a message in. True when it is over the limits: once, and again every AGAIN_S while it lasts."""
        bucket = self._buckets.get(device)
        if bucket is None:
            if len(self._buckets) >= MAX_DEVICES:
                self._buckets.clear()  # only identities that the broker gave publish: this is no way around
            bucket = self._buckets[device] = _Bucket(*self._full(), now_s)
        self._refill(bucket, now_s)
        bucket.size_bytes -= size_bytes
        bucket.messages -= 1
        over = bucket.size_bytes < 0 or bucket.messages < 0
        if not over or (bucket.told_s is not None and now_s - bucket.told_s < AGAIN_S):
            return False
        bucket.told_s = now_s
        return True

    def _full(self) -> tuple[float, float]:
        return self._rates[0] * self._burst_s, self._rates[1] * self._burst_s

    def _refill(self, bucket: _Bucket, now_s: float) -> None:
        passed_s = max(0.0, now_s - bucket.at_s)
        most_bytes, most_messages = self._full()
        bucket.size_bytes = min(most_bytes, bucket.size_bytes + passed_s * self._rates[0])
        bucket.messages = min(most_messages, bucket.messages + passed_s * self._rates[1])
        bucket.at_s = now_s
