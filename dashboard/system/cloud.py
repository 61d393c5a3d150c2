"""How it stands with the cloud: what waits for it, what keeps it back. Names and faces are in none of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.runtime import Runtime, now_ms
from hub.store.mirror import Skipped
from hub.store.outbox import Entry, SyncFigures

SHOWN = 50  # rows that are set aside
LATE_MS = 10 * 60 * 1000  # what waits for so long is worth a colour


@dataclass(frozen=True, slots=True)
class Cloud:
    """`state` is `unused`, `left` (a mirror that the settings don't name), `paused`, `trouble`, `dead`, `late`, `well`.

    `figures` are None where no cloud is used, or where the store knows none.
    """

    state: str
    figures: SyncFigures | None = None
    dead: Sequence[Entry] = ()
    skipped: Sequence[Skipped] = ()


def cloud(runtime: Runtime) -> Cloud:
    """Raises what the store raises."""
    outbox = getattr(runtime.store, "outbox", None)  # the store in memory has none
    figures = outbox.figures() if outbox is not None else None
    if figures is None or not figures.mirrored:
        return Cloud("unused")
    state = state_of(figures, now_ms()) if runtime.settings.store == "firestore" else "left"
    return Cloud(state, figures, outbox.dead(SHOWN), runtime.store.mirror.skipped(SHOWN))


def retry(runtime: Runtime) -> int:
    """Have what was set aside tried again, and everything sent now; how many rows were set aside."""
    outbox = getattr(runtime.store, "outbox", None)
    if outbox is None or not outbox.figures().mirrored:
        return 0
    revived: int = outbox.revive()
    outbox.ask()
    return revived


def state_of(figures: SyncFigures, now: int) -> str:
    """The worst of what there is to say."""
    late = figures.since_ms is not None and now - figures.since_ms > LATE_MS
    found = {"paused": figures.paused, "trouble": figures.trouble, "dead": figures.dead, "late": late}
    return next((name for name, is_so in found.items() if is_so), "well")


def metrics(figures: SyncFigures, now: int) -> dict[str, float]:
    """For Prometheus: numbers, and 0 or 1 for what is so."""
    return {
        "waiting": figures.waiting,
        "pictures_waiting": figures.pictures,
        "oldest_waiting_seconds": (now - figures.since_ms) / 1000 if figures.since_ms is not None else 0,
        "dead": figures.dead,
        "conflicts": figures.conflicts,
        "skipped": figures.skipped,
        "paused": float(figures.paused is not None),
        "trouble": float(figures.trouble is not None),
        "contact_age_seconds": (now - figures.contact_ms) / 1000 if figures.contact_ms is not None else -1,
    }
