"""Rows and camera cards as HTML: the same fragments on the page and in a WebSocket message."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.template.loader import get_template
from django.utils import translation

from dashboard.live.audience import Audience, Page
from dashboard.live.feed import Changes, Moment, Row
from dashboard.live.summary import Summary
from dashboard.runtime import current

FEED = 40  # rows on a page


def visible(row: Row, sees: frozenset[str] | None) -> bool:
    """Whether who sees only some groups may see this row: strangers belong to nobody's group and are shown."""
    if sees is None or row.person_id is None:
        return True
    person = current().roster().by_id.get(row.person_id)
    return person is not None and person.group in sees


def row_context(row: Row) -> dict[str, Any]:
    person = current().roster().by_id.get(row.person_id or "")
    return {"row": row, "name": person.name if person else "", "group": person.group if person else ""}


def rows(wanted: Iterable[Row], sees: frozenset[str] | None) -> list[dict[str, Any]]:
    """Each row as {"id", "html"} in the language in force."""
    template = get_template("live/_row.html")
    return [{"id": row.row_id, "html": template.render(row_context(row))} for row in wanted if visible(row, sees)]


def cards(moment: Moment, devices: Iterable[str]) -> list[dict[str, Any]]:
    """Each camera's card as {"id", "html"}; one that is gone has no html."""
    from dashboard.devices.cards import card_context

    template = get_template("devices/_card.html")
    shown = [(device, moment.cameras.get(device)) for device in devices]
    return [{"id": device, "html": template.render(card_context(camera)) if camera else ""} for device, camera in shown]


def tiles(moment: Moment, summary: Summary, sees: frozenset[str] | None) -> dict[str, int]:
    return {**asdict(summary.tiles(sees)), "unknown": moment.strangers}


def update(audience: Audience, moment: Moment, summary: Summary, changes: Changes) -> dict[str, Any] | None:
    """What a message tells an audience; None where nothing concerns it."""
    with translation.override(audience.language):
        if audience.page is Page.DEVICES:
            return {"cards": cards(moment, changes.cameras)} if changes.cameras else None
        body: dict[str, Any] = {}
        if changes.rows:
            wanted = [row for row in moment.rows if row.row_id in changes.rows][:FEED]
            body["rows"] = rows(reversed(wanted), audience.sees)
        if changes.attendance or changes.rows:
            body["tiles"] = tiles(moment, summary, audience.sees)
        return body or None


def snapshot(audience: Audience, moment: Moment, summary: Summary) -> dict[str, Any]:
    """Everything that the page shows, so that a gap closes itself."""
    with translation.override(audience.language):
        if audience.page is Page.DEVICES:
            return {"cards": cards(moment, sorted(moment.cameras))}
        wanted = [row for row in moment.rows if visible(row, audience.sees)][:FEED]
        return {"rows": rows(reversed(wanted), None), "tiles": tiles(moment, summary, audience.sees)}
