"""Instants and what clocks show, computed in another way than the code under test does."""

from datetime import UTC, datetime, timedelta

from hub.attendance import Rules


def ms(text: str) -> int:
    """Unix ms of an ISO time with its offset."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def shown(at_ms: int, rules: Rules) -> datetime:
    """What the site's clocks show."""
    seconds, millis = divmod(at_ms, 1000)
    local = datetime.fromtimestamp(seconds, UTC).astimezone(rules.zone).replace(tzinfo=None)
    return local + timedelta(milliseconds=millis)
