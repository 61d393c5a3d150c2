"""What is old goes: events and pictures by age, and pictures that nothing names any more.

Rows go first and name their pictures in the same step, then the pictures go. An interruption between
the two leaves pictures that no row names; each pass looks for those as well, so nothing stays behind.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hub.attendance import DAY_MS, Rules, rules_of, site_day
from hub.errors import NotFound
from hub.settings import Settings
from hub.store import PURGE_LIMIT, Removed, Store
from hub.store.pictures import PictureStore

HOUR_MS = DAY_MS // 24
MINUTE_MS = 60_000
SETTLED_MS = HOUR_MS  # nobody takes so long between a picture and the row that names it
READINGS_MS = 7 * DAY_MS  # what cameras reported of themselves, for their charts
UPLOAD_MS = DAY_MS  # how long a photo waits for its verdict


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """What is older goes: rows by time of receipt, pictures by the day of their folder or their last change."""

    events_ms: int
    pictures_ms: int
    pictures_day: str
    settled_ms: int
    settled_day: str
    uploads_ms: int


def cutoffs(now_ms: int, rules: Rules, keep_pictures_days: int, keep_events_days: int) -> Cutoffs:
    """The cutoffs of a pass now; a day is 24 hours here. Days of 0 keep no picture longer than until the pass."""
    pictures_ms = now_ms - keep_pictures_days * DAY_MS
    return Cutoffs(
        events_ms=now_ms - keep_events_days * DAY_MS,
        pictures_ms=pictures_ms,
        pictures_day=site_day(pictures_ms, rules),
        settled_ms=now_ms - SETTLED_MS,
        settled_day=site_day(now_ms - SETTLED_MS, rules),
        uploads_ms=now_ms - UPLOAD_MS,
    )


def purge(store: Store, pictures: PictureStore, settings: Settings, now_ms: int) -> dict[str, int]:
    """One pass; the numbers of events and pictures that went, and of left-over pictures.

    Raises what the stores raise (Busy, Unavailable, OSError); the next pass takes up what was left.
    """
    old = cutoffs(now_ms, rules_of(settings), settings.keep_pictures_days, settings.keep_events_days)
    store.tidy()
    events, shown = _batches(lambda: store.purge_events(old.events_ms), pictures)
    _, aged = _batches(lambda: store.purge_pictures(old.pictures_ms), pictures)
    while store.purge_readings((now_ms - READINGS_MS) // MINUTE_MS) == PURGE_LIMIT:
        pass
    left_over = _delete(pictures, _left_over(store, pictures, old)) + pictures.tidy(old.settled_ms)
    return {"events": events, "pictures": shown + aged, "left_over": left_over}


def _batches(purge_some: Callable[[], Removed], pictures: PictureStore) -> tuple[int, int]:
    """Purge until a batch isn't full; the rows and pictures that went."""
    rows = gone = 0
    while True:
        removed = purge_some()
        rows += removed.rows
        gone += _delete(pictures, removed.pictures)
        if removed.rows < PURGE_LIMIT:
            return rows, gone


def _delete(pictures: PictureStore, keys: Iterable[str]) -> int:
    return sum(pictures.delete(key) for key in keys)


def _left_over(store: Store, pictures: PictureStore, old: Cutoffs) -> list[str]:
    # The keys before the rows: what is recorded in between is then not taken for left over.
    results, photos = pictures.keys("results/"), pictures.keys("people/")
    named = store.pictures_in_use("results/") | store.pictures_in_use("people/")
    return [
        *(key for key in results if _day_of(key) < old.pictures_day),
        *(key for key in results if old.pictures_day <= _day_of(key) < old.settled_day and key not in named),
        *(key for key in photos if key not in named and _changed_before(pictures, key, old.settled_ms)),
        *(key for key in pictures.keys("uploads/") if _changed_before(pictures, key, old.uploads_ms)),
        # A camera that is out of use would keep its last frame, and whoever is in it, for ever.
        *(key for key in pictures.keys("last/") if _changed_before(pictures, key, old.pictures_ms)),
    ]


def _day_of(key: str) -> str:
    return key.split("/")[1]


def _changed_before(pictures: PictureStore, key: str, cutoff_ms: int) -> bool:
    try:
        return pictures.changed_ms(key) < cutoff_ms
    except NotFound:  # somebody else deleted it just now
        return False
