"""Attendance of a day, a range, a month; how people arrive; corrections; files."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, time

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods
from ulid import ULID

from dashboard.attendance import charts, export
from dashboard.attendance.days import Ledger, days_of_month, month_after, month_before
from dashboard.attendance.filters import Filters
from dashboard.attendance.forms import CorrectionForm
from dashboard.audit import log
from dashboard.people import sightings
from dashboard.people.scope import person_or_404
from dashboard.rights import Right, needs
from dashboard.runtime import Runtime, current, now_ms
from hub.model import Correction, Person, Status
from hub.store import SLOT_MS

PAGE = 60  # people
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _ledger(filters: Filters, runtime: Runtime) -> Ledger:
    rows = runtime.store.attendance(filters.first.isoformat(), filters.last.isoformat(), group=filters.group or None)
    return Ledger(rows, runtime.today(), runtime.settings.zone)


def _ledger_of(people: Sequence[Person], filters: Filters, runtime: Runtime) -> Ledger:
    """The same for the people of one page: what it costs doesn't grow with how many there are."""
    bounds = filters.first.isoformat(), filters.last.isoformat()
    rows = [row for person in people for row in runtime.store.attendance(*bounds, person_id=person.person_id)]
    ledger = Ledger(rows, runtime.today(), runtime.settings.zone)
    ledger.counted |= runtime.days_with_attendance(filters.first, filters.last)
    return ledger


def _page(request: HttpRequest, filters: Filters, runtime: Runtime, tab: str, **more: object) -> dict[str, object]:
    if filters.problem:
        messages.warning(request, _("Part of the address wasn't understood; this is the nearest that can be shown."))
    log.record(request, f"seen_attendance_{tab}", f"{filters.first}…{filters.last}", filters.group)
    return {"filters": filters, "groups": filters.groups(runtime), "tab": tab, "today": runtime.today(), **more}


@needs(Right.SEE_PEOPLE)
@require_GET
def day(request: HttpRequest) -> HttpResponse:
    """Everybody on one day."""
    runtime = current()
    filters = Filters.read(request.GET, runtime, request.user.sees)
    ledger = _ledger(filters, runtime)
    cells = [ledger.cell(person, filters.last) for person in filters.people(runtime)]
    counts = Counter(cell.status for cell in cells)
    shown = [cell for cell in cells if not filters.status or cell.status == filters.status]
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    chosen = filters.last
    more = {"counts": counts, "page": page, "day": chosen, "before": chosen.fromordinal(chosen.toordinal() - 1)}
    return render(request, "attendance/day.html", _page(request, filters, runtime, "day", **more, after=_next(chosen)))


def _next(chosen: date) -> date:
    return chosen.fromordinal(chosen.toordinal() + 1)


@needs(Right.SEE_PEOPLE)
@require_GET
def span(request: HttpRequest) -> HttpResponse:
    """How often each person was there in a range of days."""
    runtime = current()
    filters = Filters.read(request.GET, runtime, request.user.sees, span=28)
    people = filters.people(runtime)
    page = Paginator(people, PAGE).get_page(request.GET.get("page"))
    ledger = _ledger_of(page.object_list, filters, runtime)
    totals = ledger.totals(page.object_list)
    lines = [(person, totals[person.person_id]) for person in page.object_list]
    more = {"page": page, "lines": lines, "days": len(ledger.counted)}
    return render(request, "attendance/span.html", _page(request, filters, runtime, "span", **more))


@needs(Right.SEE_PEOPLE)
@require_GET
def month(request: HttpRequest) -> HttpResponse:
    """People × days."""
    runtime = current()
    asked = Filters.read(
        {"day": f"{request.GET.get('month', '')}-01"} if request.GET.get("month") else {}, runtime, None
    )
    days = days_of_month(asked.last)
    bounds = {"from": days[0].isoformat(), "to": days[-1].isoformat()}
    filters = Filters.read({**request.GET.dict(), **bounds}, runtime, request.user.sees)
    page = Paginator(filters.people(runtime), PAGE).get_page(request.GET.get("page"))
    ledger = _ledger_of(page.object_list, filters, runtime)
    lines = [(person, [ledger.cell(person, each) for each in days]) for person in page.object_list]
    more = {"page": page, "lines": lines, "days": days, "before": month_before(days[0]), "after": month_after(days[0])}
    return render(request, "attendance/month.html", _page(request, filters, runtime, "month", **more))


@needs(Right.SEE_PEOPLE)
@require_GET
def arrivals(request: HttpRequest) -> HttpResponse:
    """When people come."""
    runtime = current()
    filters = Filters.read(request.GET, runtime, request.user.sees, span=7)
    counts = _arrivals(filters, runtime)
    slots: Counter[int] = Counter()
    for (slot, _status), people in counts.items():
        slots[slot] += people
    times: Counter[time] = Counter()
    for slot, people in slots.items():
        times[runtime.local(slot * SLOT_MS).time()] += people
    more = {
        "chart": charts.histogram(times, runtime.settings.late_after),
        "count": counts.total(),
        "late": sum(people for (_slot, status), people in counts.items() if status is Status.LATE),
        "late_after": runtime.settings.late_after,
    }
    return render(request, "attendance/arrivals.html", _page(request, filters, runtime, "arrivals", **more))


def _arrivals(filters: Filters, runtime: Runtime) -> Counter[tuple[int, Status]]:
    """How many came in which five minutes. The store counts, unless it is about single people."""
    bounds = filters.first.isoformat(), filters.last.isoformat()
    counts: Counter[tuple[int, Status]] = Counter()
    if filters.words:
        wanted = {person.person_id for person in filters.people(runtime)}
        seen = (row for row in _ledger(filters, runtime).arrivals() if row.person_id in wanted)
        counts.update((row.first_seen_ms // SLOT_MS, row.status) for row in seen)
        return counts
    groups = [filters.group or None] if filters.sees is None else filters.groups(runtime)
    for group in groups:
        if not filters.group or group == filters.group:
            counts.update(runtime.store.arrival_counts(*bounds, group=group))
    return counts


@needs(Right.SEE_PEOPLE)
@require_GET
def download(request: HttpRequest, form: str) -> HttpResponse | StreamingHttpResponse:
    """The same filters as the pages, as a file."""
    runtime = current()
    filters = Filters.read(request.GET, runtime, request.user.sees)
    log.record(request, "exported_attendance", f"{filters.first}…{filters.last}", f"{form} {filters.group}")
    name = f"attendance-{runtime.settings.site}-{filters.first}-{filters.last}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if form == "xlsx":
        return HttpResponse(export.as_xlsx(filters, runtime), content_type=XLSX_TYPE, headers=headers)
    text = "".join(export.as_csv(filters, runtime))
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)


@needs(Right.SEE_PEOPLE)
@require_GET
def person_day(request: HttpRequest, person_id: str, day: str) -> HttpResponse:
    """What is known of one person's day: what was seen, and every correction."""
    return _person_day(request, person_id, _day_or_404(day), CorrectionForm())


@needs(Right.MARK)
@require_http_methods(["POST"])
def correct(request: HttpRequest, person_id: str, day: str) -> HttpResponse:
    """Set a status by hand. What was there before stays on record."""
    chosen = _day_or_404(day)
    person = person_or_404(request, person_id)
    form = CorrectionForm(request.POST)
    if not form.is_valid():
        return _person_day(request, person_id, chosen, form, status=422)
    correction = Correction(
        str(ULID()),
        person_id,
        chosen.isoformat(),
        Status(form.cleaned_data["status"]),
        form.cleaned_data["reason"],
        request.user.username,
        now_ms(),
    )
    current().store.correct(correction)
    current().line.attendance_changed()
    log.record(request, "corrected", f"{person_id} {chosen}", form.cleaned_data["status"])
    messages.success(request, _("%(name)s's day is corrected.") % {"name": person.name})
    return redirect("attendance-person-day", person_id, chosen.isoformat())


def _person_day(
    request: HttpRequest, person_id: str, chosen: date, form: CorrectionForm, status: int = 200
) -> HttpResponse:
    person, runtime = person_or_404(request, person_id), current()
    text = chosen.isoformat()
    rows = runtime.store.attendance(text, text, person_id=person_id)
    ledger = Ledger(rows, runtime.today(), runtime.settings.zone)
    ledger.counted |= runtime.days_with_attendance(chosen, chosen)
    page = {
        "person": person,
        "day": chosen,
        "cell": ledger.cell(person, chosen),
        "seen": sightings.first_of(runtime, rows, person_id),
        "corrections": list(reversed(runtime.store.corrections(person_id, text))),
        "form": form,
    }
    log.record(request, "seen_person_day", f"{person_id} {text}")
    return render(request, "attendance/person_day.html", page, status=status)


def _day_or_404(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Http404 from None
