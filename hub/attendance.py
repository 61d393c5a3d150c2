"""Match → attendance: which day a sighting counts for, and whether it was late. Pure; no clock is read.

A day of attendance begins when the site's clocks first show `day_start` on that date, and lasts until
the next one begins. Clocks that are set back don't bring yesterday back, and a `day_start` that
clocks skip over begins the day right after the jump.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.model import Attendance, Clock, FaceResult, Frame, Status
from hub.settings import Settings

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
ONE_DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rules:
    """How a site counts days. `late_after` before `day_start` is meant for the next calendar day.

    `max_clock_skew_ms`: how far the clock of a camera may be off; `max_age_ms`: how long a camera may
    keep a frame while the hub is away. Beyond these its clock isn't believed.
    """

    zone: ZoneInfo
    day_start: time = time(4, 0)
    late_after: time = time(9, 0)
    max_clock_skew_ms: int = 2 * MINUTE_MS
    max_age_ms: int = 7 * DAY_MS


def rules_of(settings: Settings) -> Rules:
    """The rules that the settings give."""
    return Rules(settings.zone, settings.day_start, settings.late_after)


def site_day(at_ms: int, rules: Rules) -> str:
    """The day of attendance, YYYY-MM-DD, that an instant belongs to."""
    return _day(at_ms, rules).isoformat()


def day_begins_ms(day: str, rules: Rules) -> int:
    """The first millisecond of a day of attendance; the end is the beginning of the next day."""
    wanted = date.fromisoformat(day)
    noon = datetime(wanted.year, wanted.month, wanted.day, 12, tzinfo=UTC)
    before = round(noon.timestamp() * 1000) - 3 * DAY_MS
    after = before + 6 * DAY_MS
    while after - before > 1:  # days never go back, so the border can be halved in on
        middle = (before + after) // 2
        before, after = (before, middle) if _day(middle, rules) >= wanted else (middle, after)
    return after


def status_at(at_ms: int, rules: Rules) -> Status:
    """Present, or late when the site's clocks have passed `late_after` for good.

    Where clocks are set back over `late_after` its second passing counts: in doubt nobody is late.
    """
    day = _day(at_ms, rules)
    limit_day = day if rules.late_after >= rules.day_start else day + ONE_DAY
    limit = datetime.combine(limit_day, rules.late_after)
    at = _utc(at_ms)
    in_time = _shown(at, rules) <= limit or at <= _instant(limit.replace(fold=1), rules)
    return Status.PRESENT if in_time else Status.LATE


def seen_at(frame: Frame, rules: Rules) -> tuple[int, Clock]:
    """When a frame's people were seen, and by which clock.

    The camera's time counts if it says that its clock is set, and if it can be true: about now for a
    live frame, at most `max_age_ms` ago for one that is sent again. It is never later than the
    hub's own time of receipt, which counts otherwise.
    """
    if not frame.clock_set or frame.captured_ms <= 0:
        return frame.received_ms, Clock.RECEIVED
    age_ms = frame.received_ms - frame.captured_ms
    oldest_ms = rules.max_age_ms if frame.resent else rules.max_clock_skew_ms
    if not -rules.max_clock_skew_ms <= age_ms <= oldest_ms:
        return frame.received_ms, Clock.RECEIVED
    return min(frame.captured_ms, frame.received_ms), Clock.CAPTURED


def mark(face: FaceResult, frame: Frame, event_id: str, rules: Rules) -> Attendance:
    """The attendance that a recognized face of a frame claims. The face must name a person."""
    if face.person_id is None:
        raise ValueError("a face that names nobody has no attendance")
    at_ms, clock = seen_at(frame, rules)
    return Attendance(
        person_id=face.person_id,
        day=site_day(at_ms, rules),
        status=status_at(at_ms, rules),
        first_seen_ms=at_ms,
        last_seen_ms=at_ms,
        device=frame.device,
        event_id=event_id,
        clock=clock,
        distance=face.distance,
    )


def widen(existing: Attendance, new: Attendance) -> Attendance:
    """One attendance from two of the same person and day: the earlier sighting, seen until the later one.

    Whoever arrives first in time, in any order of writing, gives status, device, event, clock and distance.
    """
    first = new if new.first_seen_ms < existing.first_seen_ms else existing
    return replace(first, last_seen_ms=max(existing.last_seen_ms, new.last_seen_ms), corrected=existing.corrected)


def _day(at_ms: int, rules: Rules) -> date:
    """The last date that has begun: that of the clocks or one beside it, two where a zone skips a date."""
    at = _utc(at_ms)
    today = _shown(at, rules).date()
    near = (today + ONE_DAY, today, today - ONE_DAY, today - 2 * ONE_DAY)
    return next(day for day in near if _has_begun(day, at, rules))


def _has_begun(day: date, at: datetime, rules: Rules) -> bool:
    # The clocks are past the start; or they were, and have been set back since. The second condition
    # uses the first occurrence of the start. In a gap it holds later than the first, so never decides.
    start = datetime.combine(day, rules.day_start).replace(fold=0)
    return _shown(at, rules) >= start or _instant(start, rules) <= at


def _utc(at_ms: int) -> datetime:
    # Not from a float of seconds, which could round into the next millisecond.
    return EPOCH + timedelta(milliseconds=at_ms)


def _shown(at: datetime, rules: Rules) -> datetime:
    """What the site's clocks show, without a zone: two instants may show the same."""
    return at.astimezone(rules.zone).replace(tzinfo=None, fold=0)


def _instant(shown: datetime, rules: Rules) -> datetime:
    """The instant, in UTC, at which clocks show this; `fold` 0 is the first time, 1 the second."""
    return shown.replace(tzinfo=rules.zone).astimezone(UTC)
