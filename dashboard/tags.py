"""Template tags and filters that every template has."""

from datetime import date
from typing import Any
from urllib.parse import quote

from django import template
from django.template.defaultfilters import filesizeformat
from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from dashboard import words
from dashboard.attendance import charts
from dashboard.attendance.days import Cell
from dashboard.runtime import current, now_ms

register = template.Library()


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """A picture of the sprite; decoration only, the words stand beside it."""
    from django.templatetags.static import static

    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        extra,
        static("presenza/icons.svg"),
        name,
    )


@register.filter
def clock(at_ms: int | None) -> str:
    """A time as the site's clocks show it: 08:12."""
    return current().local(at_ms).strftime("%H:%M") if at_ms else ""


@register.filter
def clock_s(at_ms: int | None) -> str:
    return current().local(at_ms).strftime("%H:%M:%S") if at_ms else ""


@register.filter
def moment(at_ms: int | None) -> str:
    """Date and time in the site's time zone."""
    return formats.date_format(current().local(at_ms), "SHORT_DATETIME_FORMAT") if at_ms else ""


@register.filter
def iso(at_ms: int | None) -> str:
    return current().local(at_ms).isoformat(timespec="milliseconds") if at_ms else ""


@register.filter
def day(text: str) -> str:
    """A day of attendance, YYYY-MM-DD, as people write it."""
    return longday(date.fromisoformat(text))


@register.filter
def longday(day: date) -> str:
    # Translators: Django's date format for a day with its weekday
    return formats.date_format(day, gettext("l, j F Y"))


@register.filter
def ago(at_ms: int | None) -> str:
    """How long ago, in one word's length."""
    if not at_ms:
        return gettext("never")
    seconds = max(0, (now_ms() - at_ms) // 1000)
    if seconds < 5:
        return gettext("now")
    if seconds < 60:
        return gettext("%(n)d s ago") % {"n": seconds}
    if seconds < 3600:
        return gettext("%(n)d min ago") % {"n": seconds // 60}
    if seconds < 86400:
        return gettext("%(n)d h ago") % {"n": seconds // 3600}
    return ngettext("%(n)d day ago", "%(n)d days ago", seconds // 86400) % {"n": seconds // 86400}


@register.filter
def initials(name: str) -> str:
    parts = name.split()
    return "".join(part[0] for part in (parts[:1] + parts[-1:] if len(parts) > 1 else parts)).upper()


@register.filter
def hue(text: str) -> int:
    """A stable number 0…7 for a person, to tint initials with."""
    return sum(text.encode()) % 8


@register.filter
def outcome_words(outcome: str) -> str:
    return words.outcome(outcome)


@register.filter
def outcome_icon(outcome: str) -> str:
    return words.OUTCOME_ICONS.get(outcome, "dot")


@register.filter
def status_words(status: str) -> str:
    return words.status(status)


@register.filter
def status_icon(status: str) -> str:
    return words.STATUS_ICONS.get(status, "dot")


@register.filter
def reason_words(reason: str | None) -> str:
    return words.reason(reason)


@register.filter
def status_letter(status: str) -> str:
    """One letter for a narrow cell."""
    return words.letter(status)


@register.filter
def words_of(text: str) -> list[str]:
    return text.split()


register.filter("words", words_of)
for each in (words.stage, words.rollout, words.config_state, words.rollout_message, words.cloud, words.figure):
    register.filter(f"{each.__name__}_words", each)

KINDS = {
    **dict.fromkeys(("applied", "settled"), ("applied", "check")),
    **dict.fromkeys(("waiting", "running", "sent", "proving"), ("waiting", "clock")),
    **dict.fromkeys(("queued", "default"), ("", "dot")),
    **dict.fromkeys(("stopped", "differs", "partly"), ("late", "warning")),
}


@register.filter
def state_kind(state: str) -> str:
    """The badge's colour for a state of a configuration or a roll-out."""
    return KINDS.get(state, ("rejected", "cross"))[0]


@register.filter
def state_icon(state: str) -> str:
    return KINDS.get(state, ("rejected", "cross"))[1]


@register.filter
def cloud_kind(state: str) -> str:
    """The tile's colour."""
    return {"well": "present", "unused": "unknown", "late": "late", "left": "late"}.get(state, "absent")


@register.filter
def setting_label(name: str) -> str:
    """What a camera's setting is called in front of people."""
    from dashboard.devices.forms import WORDS

    return str(WORDS.get(name, (name,))[0])


@register.filter
def rollout_title(record: Any) -> str:
    """Its template's name, or what it sets."""
    return record.template or ", ".join(setting_label(name) for name in record.fields)


@register.simple_tag
def sheet_cells(cells: list[Cell], today: date) -> SafeString:
    """A row of the month sheet. Here and not in a template, because a sheet has thousands of them."""
    labels = {name: (words.status(name), words.letter(name)) for name in words.STATUSES}
    return SafeString("".join(_sheet_cell(cell, today, labels) for cell in cells))


def _sheet_cell(cell: Cell, today: date, labels: dict[str, tuple[str, str]]) -> str:
    kind = ("weekend " if cell.day.weekday() > 4 else "") + ("today" if cell.day == today else "")
    label, letter = labels.get(cell.status, ("–", ""))
    # Only our own words, dates and the id of a person (ULID-like) are in here; the id is quoted all the same.
    href = f"/attendance/{quote(cell.person.person_id)}/{cell.day.isoformat()}/"
    mark = " corrected" if cell.corrected else ""
    return (
        f'<td class="{kind}"><a class="cell {cell.status}{mark}" href="{href}" aria-label="{cell.day.day}: {label}">'
        f"{letter}</a></td>"
    )


@register.simple_tag
def heat_squares(days: tuple[charts.Day, ...]) -> SafeString:
    """The year's squares; numbers, dates and our own words only."""
    labels = {name: words.status(name) for name in words.STATUSES}
    return SafeString(
        "".join(
            f'<rect class="{each.status}" x="{each.x}" y="{each.y}" width="11" height="11" rx="2.5"><title>'
            f"{each.day.isoformat()} {labels.get(each.status, '')}</title></rect>"
            for each in days
        )
    )


@register.filter
def certainty_words(face: Any) -> str:
    """How sure a face's name is: of anything with an outcome and a score."""
    return words.certainty(face.outcome, face.score, current().settings.fpir)


@register.filter
def likelihood_words(face: Any) -> str:
    return words.likelihood(face.outcome, face.score, current().settings.fpir)


@register.filter
def state_words(state: str) -> str:
    return words.state(state)


@register.filter
def duration(seconds: int) -> str:
    """How long, in the two largest units."""
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    if days:
        return gettext("%(d)d d %(h)d h") % {"d": days, "h": hours}
    return gettext("%(h)d h %(m)d min") % {"h": hours, "m": rest // 60}


@register.filter
def countdown(seconds: int) -> str:
    """Minutes and seconds that are left: 9:05."""
    return f"{seconds // 60}:{seconds % 60:02}"


@register.filter
def chart_list(charts: dict) -> list[tuple[str, object, str]]:
    """The small charts of a camera with their titles and units."""
    return [(gettext(title), charts.get(name), unit) for name, (title, unit) in words.CHARTS.items()]


@register.filter
def figure(value: float, name: str) -> str:
    """A gauge's value: a time, a size in bytes, or the number."""
    if name.endswith("_ms"):
        return moment(int(value))
    return filesizeformat(value) if name.startswith("bytes_") else f"{value:.12g}"


@register.filter
def dash(value: object) -> object:
    """A dash for what isn't known; 0 is known."""
    return "–" if value is None or value == "" else value


@register.filter
def get(mapping: dict, key: object) -> object:
    """mapping[key], nothing where it isn't there."""
    return mapping.get(key, "")


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: object) -> str:
    """The address's query with some parameters changed (an empty value takes one away)."""
    params = context["request"].GET.copy()
    for name, value in changes.items():
        if value in ("", None):
            params.pop(name, None)
        else:
            params[name] = str(value)
    return f"?{params.urlencode()}"
