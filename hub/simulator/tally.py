"""What simulated cameras experienced: a line for each frame, and a summary. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles

from hub.simulator.outputs import Answered, Unanswered

NO_ACK = "no ack"
KEPT_TIMES = 100_000  # round trips; enough for percentiles of a long run


def row_of(device: str, event: Answered | Unanswered) -> dict[str, object]:
    """What became of one frame. `ms` from its last chunk to its ack; None where the ack came too late or never."""
    if isinstance(event, Unanswered):
        shot = event.shot
        return _row(device, shot.boot_id, shot.frame_id, shot.motion_id, event.resent) | {"outcome": None}
    ack = event.ack
    return _row(device, ack.boot_id, ack.frame_id, ack.motion_id, event.resent) | {
        "outcome": ack.outcome.value,
        "reason": ack.reason.value if ack.reason else None,
        "faces": ack.faces,
        "ms": None if event.round_trip_ms is None else round(event.round_trip_ms, 1),
        "hub_ms": ack.hub_ms,
    }


def _row(device: str, boot_id: int, frame_id: int, motion_id: int, resent: bool) -> dict[str, object]:
    return {"device": device, "boot_id": boot_id, "frame_id": frame_id, "motion_id": motion_id, "resent": resent}


def line_of(row: Mapping[str, object]) -> str:
    """The same for a person."""
    outcome = row["outcome"] or NO_ACK
    reason = f" ({row['reason']})" if row.get("reason") else ""
    ms = f"{row['ms']:>8} ms" if row.get("ms") is not None else " " * 11
    again = "  sent again" if row["resent"] else ""
    return f"{row['device']:<12} frame {row['frame_id']:<6} {ms}  {outcome}{reason}{again}"


@dataclass
class Tally:
    """Counts of everything that the cameras of one run were told."""

    outcomes: Counter[str] = field(default_factory=Counter)
    round_trips_ms: list[float] = field(default_factory=list)

    def add(self, event: Answered | Unanswered) -> None:
        if isinstance(event, Unanswered):
            self.outcomes[NO_ACK] += 1
            return
        self.outcomes[event.ack.outcome] += 1
        if event.round_trip_ms is not None and len(self.round_trips_ms) < KEPT_TIMES:
            self.round_trips_ms.append(event.round_trip_ms)

    @property
    def answered(self) -> int:
        return self.outcomes.total() - self.outcomes[NO_ACK]

    def summary(self, cameras: int, never_connected: Sequence[str]) -> dict[str, object]:
        times = self.round_trips_ms
        return {
            "cameras": cameras,
            "never_connected": list(never_connected),
            "answered": self.answered,
            "without_ack": self.outcomes[NO_ACK],
            "outcomes": {str(name): count for name, count in self.outcomes.items() if name != NO_ACK},
            "ms_median": round(median(times), 1) if times else None,
            "ms_p95": round(quantiles(times, n=20)[-1], 1) if len(times) > 1 else None,
        }


def sentence_of(summary: Mapping[str, object]) -> str:
    """A summary for a person."""
    outcomes = summary["outcomes"]
    assert isinstance(outcomes, dict)
    named = ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items(), key=lambda each: -each[1]))
    times = f"; median {summary['ms_median']} ms, 95 % within {summary['ms_p95']} ms" if summary["ms_p95"] else ""
    return (
        f"{summary['cameras']} camera(s): {summary['answered']} frames answered{': ' * bool(named)}{named}; "
        f"{summary['without_ack']} without an ack{times}."
    )
