"""What a simulated camera counts and reports about itself."""

from dataclasses import dataclass

from hub.payloads import Telemetry


@dataclass(slots=True)
class Counters:
    """Since the last boot."""

    frames_sent: int = 0
    frames_acked: int = 0
    frames_lost: int = 0
    reconnects: int = 0

    def report(self, boot_id: int, uptime_ms: float, waiting: int, clock_ms: int | None) -> Telemetry:
        """The telemetry payload. What only hardware knows (signal, memory, heat) is left out."""
        return Telemetry(
            boot_id=boot_id,
            uptime_s=int(uptime_ms / 1000),
            frames_sent=self.frames_sent,
            frames_acked=self.frames_acked,
            frames_lost=self.frames_lost,
            frames_waiting=waiting,
            capture_failures=0,
            reconnects=self.reconnects,
            clock_ms=clock_ms,
        )
