"""The list of people, a person's page, and what can be changed there."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.attendance import charts
from dashboard.attendance.days import Ledger, days_between
from dashboard.attendance.filters import Filters
from dashboard.audit import log
from dashboard.live import crops
from dashboard.people import dossier, unknown_views
from dashboard.people.forms import NewPersonForm, PersonForm
from dashboard.people.scope import person_or_404
from dashboard.rights import Right, needs
from dashboard.runtime import Runtime, current, now_ms
from hub.erase import erase_person
from hub.errors import Conflict
from hub.model import Event, FaceResult, Person
from hub.people import new_person

PAGE = 50
SIGHTINGS = 12
DENIALS = 50


@needs(Right.SEE_PEOPLE)
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    runtime = current()
    filters = Filters.read(request.GET, runtime, request.user.sees)
    page = Paginator(filters.people(runtime), PAGE).get_page(request.GET.get("page"))
    photos = {person.person_id: runtime.store.photos(person.person_id) for person in page.object_list}
    log.record(request, "seen_people", f"page {page.number}", filters.group)
    context = {"filters": filters, "groups": filters.groups(runtime), "page": page, "photos": photos}
    template = "people/_list.html" if request.htmx and not request.htmx.boosted else "people/list.html"
    return render(request, template, context)


@needs(Right.SEE_PEOPLE)
@require_GET
def person(request: HttpRequest, person_id: str) -> HttpResponse:
    return _person(request, person_or_404(request, person_id))


def _person(request: HttpRequest, shown: Person, *, form: PersonForm | None = None, status: int = 200) -> HttpResponse:
    runtime = current()
    log.record(request, "seen_person", shown.person_id)
    context = {
        "person": shown,
        "photos": runtime.store.photos(shown.person_id),
        "sightings": list(_sightings(runtime.store.events(person_id=shown.person_id, limit=SIGHTINGS), shown)),
        "denials": runtime.store.denials(person_id=shown.person_id)[:DENIALS],
        "form": form,
        **_year(runtime, shown),
    }
    return render(request, "people/person.html", context, status=status)


def _sightings(events: list[Event], shown: Person) -> Iterator[tuple[Event, int, FaceResult]]:
    """Each event with the person's own face in it."""
    for event in events:
        own = ((place, face) for place, face in enumerate(event.faces) if face.person_id == shown.person_id)
        for place, face in islice(own, 1):
            yield event, place, face


def _year(runtime: Runtime, shown: Person) -> dict[str, object]:
    """The last twelve months of a person, day by day."""
    last = runtime.today()
    first = last - timedelta(days=364)
    rows = runtime.store.attendance(first.isoformat(), last.isoformat(), person_id=shown.person_id)
    ledger = Ledger(rows, last, runtime.settings.zone)
    ledger.counted |= runtime.days_with_attendance(first, last)
    cells = {day: ledger.cell(shown, day).status for day in days_between(first, last)}
    return {"heatmap": charts.heatmap(first, last, cells), "totals": ledger.totals([shown])[shown.person_id]}


@needs(Right.EDIT_PEOPLE)
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    form = NewPersonForm(request, request.POST or None)
    faces = (request.POST or request.GET).getlist("face")  # of the queue of the unknown, to become this person's
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        new = new_person(
            data["name"],
            data["number"],
            data["group"],
            consent=data["consent"],
            recorded_by=request.user.username,
            now_ms=now_ms(),
        )
        try:
            current().store.add_person(new)
        except Conflict:
            form.add_error("number", _("Somebody else has this number."))
        else:
            log.record(request, "person_added", new.person_id)
            if faces:
                return unknown_views.give(request, new, faces)
            return redirect("people-enrol", new.person_id)
    groups = Filters.read({}, current(), request.user.sees).groups(current())
    context = {"form": form, "groups": groups, "faces": faces}
    return render(request, "people/add.html", context, status=422 if form.errors else 200)


@needs(Right.EDIT_PEOPLE)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, person_id: str) -> HttpResponse:
    shown = person_or_404(request, person_id)
    initial = {"name": shown.name, "number": shown.number, "group": shown.group}
    form = PersonForm(request, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            current().store.update_person(replace(shown, **form.cleaned_data))
        except Conflict:
            form.add_error("number", _("Somebody else has this number."))
        else:
            log.record(request, "person_changed", person_id)
            messages.success(request, _("Saved."))
            return redirect("people-person", person_id)
    groups = Filters.read({}, current(), request.user.sees).groups(current())
    context = {"form": form, "person": shown, "groups": groups}
    return render(request, "people/edit.html", context, status=422 if form.errors else 200)


@needs(Right.ERASE_PEOPLE)
@require_http_methods(["GET", "POST"])
def erase(request: HttpRequest, person_id: str) -> HttpResponse:
    """Forget a person everywhere, and show a receipt."""
    shown, runtime = person_or_404(request, person_id), current()
    if request.method == "GET":
        return render(request, "people/erase.html", {"person": shown, "photos": runtime.store.photos(person_id)})
    if request.POST.get("sure") != "yes":
        messages.error(request, _("Nothing was erased: tick the box first."))
        return redirect("people-erase", person_id)
    removed = erase_person(runtime.store, runtime.pictures, person_id)
    crops.forget()
    runtime.line.erased(person_id)
    log.record(request, "person_erased", person_id, f"{removed.rows} rows, {len(removed.pictures)} pictures")
    receipt = {"person_id": person_id, "at_ms": now_ms(), "rows": removed.rows, "pictures": len(removed.pictures)}
    return render(request, "people/erased.html", {"receipt": receipt, "by": request.user.username})


@needs(Right.ERASE_PEOPLE)
@require_GET
def data(request: HttpRequest, person_id: str) -> FileResponse:
    """Everything that is kept about a person, to hand over to them."""
    shown, runtime = person_or_404(request, person_id), current()
    file = tempfile.TemporaryFile(prefix="presenza-data-")  # noqa: SIM115 - the answer closes it
    counts = dossier.write(runtime, shown, file)
    file.seek(0)
    detail = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    log.record(request, "person_exported", person_id, detail)
    return FileResponse(file, as_attachment=True, filename=f"{person_id}.zip", content_type="application/zip")


@needs(Right.EDIT_PEOPLE)
@require_POST
def remove_photo(request: HttpRequest, person_id: str, photo_id: str) -> HttpResponse:
    person_or_404(request, person_id)
    runtime = current()
    if photo_id not in {photo.photo_id for photo in runtime.store.photos(person_id)}:
        raise Http404
    for key in runtime.store.remove_photo(photo_id).pictures:
        runtime.pictures.delete(key)
    crops.forget()
    log.record(request, "photo_removed", person_id)
    messages.success(request, _("The photo is removed."))
    return redirect("people-person", person_id)


@needs(Right.SEE_PEOPLE)
@require_GET
def photo(request: HttpRequest, person_id: str, photo_id: str) -> HttpResponse:
    """An enrolment photo as a small square."""
    person_or_404(request, person_id)
    runtime = current()
    found = next((each for each in runtime.store.photos(person_id) if each.photo_id == photo_id), None)
    data = crops.small(runtime.pictures, found.key) if found else None
    if data is None:
        raise Http404
    return HttpResponse(data, content_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})
