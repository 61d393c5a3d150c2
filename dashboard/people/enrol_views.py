"""Enrolling: photos from files, from the browser's camera, from a camera at the door; and many people at once."""

import tempfile
from time import sleep
from typing import IO

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard import words
from dashboard.audit import log
from dashboard.devices.commands import send
from dashboard.live import crops
from dashboard.people import bulk, enrol, table, uploads
from dashboard.people.archive import Archive
from dashboard.people.forms import ImportForm
from dashboard.people.reports import Report
from dashboard.people.scope import person_or_404
from dashboard.people.uploads import MAX_BYTES
from dashboard.rights import Right, needs
from dashboard.runtime import Runtime, current
from hub.errors import InputError, NotFound, Unavailable
from hub.model import Person

PHOTOS = 10  # in one upload
SNAPSHOT_S = 8.0
DECIDED = "people/_decided.html"
SHOWN_LINES = 2000  # of a report


@needs(Right.EDIT_PEOPLE)
@require_http_methods(["GET", "POST"])
def enrol_person(request: HttpRequest, person_id: str) -> HttpResponse:
    """Add photos to a person; the hub says of each whether it is good."""
    shown = person_or_404(request, person_id)
    if request.method == "GET":
        return _page(request, shown)
    files = request.FILES.getlist("photos")[:PHOTOS]
    if not files:
        return _page(request, shown, problem=_("Choose at least one photo."))
    return _judge(request, shown, [enrol.Upload(file.name or "", _read(file)) for file in files])


@needs(Right.EDIT_PEOPLE)
@require_POST
def enrol_from_door(request: HttpRequest, person_id: str) -> HttpResponse:
    """Have a camera take a picture, and enrol the face in it."""
    shown, runtime = person_or_404(request, person_id), current()
    device = request.POST.get("device", "")
    if device not in {each.device for each in runtime.store.devices()}:
        raise Http404
    log.record(request, "snapshot", device, person_id)
    try:
        picture = _snapshot(runtime, device)
    except (Unavailable, NotFound) as error:
        return _page(request, shown, problem=str(error))
    return _judge(request, shown, [enrol.Upload(device, picture)])


def _snapshot(runtime: Runtime, device: str) -> bytes:
    """The next frame of a camera after it was told to take one. Raises Unavailable."""
    key = f"last/{device}.jpg"
    before = _changed_ms(runtime, key)
    send(runtime, device, "snapshot")
    for _attempt in range(int(SNAPSHOT_S / 0.2)):
        sleep(0.2)  # in a thread of its own: the frame comes to the hub, which keeps each camera's last
        if _changed_ms(runtime, key) != before:
            return runtime.pictures.get(key)
    raise Unavailable(_("%(camera)s has sent no picture. Is it online?") % {"camera": device})


def _changed_ms(runtime: Runtime, key: str) -> int:
    try:
        return runtime.pictures.changed_ms(key)
    except NotFound:
        return 0


def _judge(request: HttpRequest, shown: Person, photos: list[enrol.Upload]) -> HttpResponse:
    try:
        judged = enrol.enrol(current(), shown.person_id, photos)
    except Unavailable as error:
        return _page(request, shown, problem=_("The photos could not be judged: %(why)s") % {"why": error})
    log.record(request, "enrolled", shown.person_id, f"{judged.accepted} of {len(judged.verdicts)} photos")
    hidden = [
        each for each in judged.verdicts if not enrol.visible_name(each.duplicate_of, current(), request.user.sees)
    ]
    enrol.leave(current(), [each.kept for each in hidden if each.kept])  # somebody else has to decide, with new photos
    return _page(request, shown, judged)


@needs(Right.EDIT_PEOPLE)
@require_POST
def decide(request: HttpRequest, person_id: str) -> HttpResponse:
    """Say of a photo whose face is enrolled under another name: it is another person, or leave it out."""
    shown, runtime = person_or_404(request, person_id), current()
    keys = uploads.redeem(person_id, request.POST.getlist("photo")[:PHOTOS])
    if request.POST.get("do") == "anyway":
        try:
            judged = enrol.anyway(runtime, person_id, keys)
        except Unavailable as error:
            problem = _("The photos could not be judged: %(why)s") % {"why": error}
            return _page(request, shown, problem=problem, part=DECIDED)
        like = ", ".join(sorted({each.looks_like for each in judged.verdicts if each.looks_like}))
        detail = f"{judged.accepted} of {len(keys)} photos; looks like {like or 'nobody'}"
        log.record(request, "enrolled_anyway", person_id, detail)
    else:
        enrol.leave(runtime, keys)
        log.record(request, "duplicate_left_out", person_id, f"{len(keys)} photos")
        judged = enrol.Judged(())
    if job_id := request.POST.get("job", ""):
        return _to_report(request, job_id, keys, judged)
    return _page(request, shown, judged, part=DECIDED)


def _to_report(request: HttpRequest, job_id: str, keys: list[str], judged: enrol.Judged) -> HttpResponse:
    try:
        bulk.decided(current(), job_id, keys, judged)
    except NotFound:
        messages.error(request, _("This import's report isn't kept any more."))
        return redirect("people")
    return redirect("people-import-job", job_id)


@needs(Right.EDIT_PEOPLE)
@require_GET
def waiting_photo(request: HttpRequest, person_id: str) -> HttpResponse:
    """A photo that waits for `decide`, as a small square."""
    person_or_404(request, person_id)
    keys = uploads.redeem(person_id, [request.GET.get("photo", "")])
    data = crops.small(current().pictures, keys[0]) if keys else None
    if data is None:
        raise Http404
    return HttpResponse(data, content_type="image/jpeg")


def _page(
    request: HttpRequest,
    shown: Person,
    judged: enrol.Judged | None = None,
    *,
    problem: str = "",
    part: str = "people/_verdicts.html",
) -> HttpResponse:
    runtime, sees = current(), request.user.sees
    judged = judged or enrol.Judged(())
    context = {
        "person": shown,
        "verdicts": [verdict_context(each, shown.person_id, runtime, sees) for each in judged.verdicts],
        "lacks": [words.lack(lack) for lack in judged.lacks],
        "left": part == DECIDED and not judged.verdicts and not problem,
        "problem": problem,
        "photos": runtime.store.photos(shown.person_id),
        "devices": [each.device for each in runtime.store.devices()],
        "limit": PHOTOS,
    }
    template = part if request.htmx else "people/enrol.html"
    answer = render(request, template, context, status=422 if problem else 200)
    if part == DECIDED and problem:
        answer["HX-Reswap"] = "beforeend"  # the choice stays, to be made again
    return answer


def verdict_context(
    verdict: enrol.Verdict, person_id: str, runtime: Runtime, sees: frozenset[str] | None
) -> dict[str, object]:
    """A verdict for the templates. Who can't see whose face it is can't have made sure: they get no choice."""
    other = enrol.visible_name(verdict.duplicate_of, runtime, sees)
    choice = bool(verdict.kept and other and runtime.pictures.exists(verdict.kept))  # it waits for a day at most
    photos = runtime.store.photos(verdict.duplicate_of) if choice else []
    return {
        "name": _("Photo %(n)s") % {"n": verdict.name} if verdict.name.isdecimal() else verdict.name,
        "accepted": verdict.accepted,
        "sentence": enrol.sentence(verdict, runtime, sees),
        "ticket": uploads.ticket(person_id, verdict.kept) if choice else "",
        "other": {"person_id": verdict.duplicate_of, "name": other, "photo": photos[0].photo_id if photos else ""},
    }


def _read(file: UploadedFile) -> bytes:
    """A file's bytes, one more than allowed at most: its judge then says that it is too large."""
    return file.read(MAX_BYTES + 1)


@needs(Right.EDIT_PEOPLE)
@require_http_methods(["GET", "POST"])
def import_people(request: HttpRequest) -> HttpResponse:
    """Many people from a table, with a ZIP of photos. Only for who may edit everybody."""
    if request.user.sees is not None:
        return render(request, "refused.html", status=403)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            job_id, lines = _start(request, form)
        except InputError as error:
            form.add_error("photos" if error.reason == "zip" else "table", str(error))
        else:
            log.record(request, "import_started", job_id, f"{lines} lines")
            return redirect("people-import-job", job_id)
    context = {"form": form, "jobs": bulk.reports(current()).newest()}
    return render(request, "people/import.html", context, status=422 if form.errors else 200)


def _start(request: HttpRequest, form: ImportForm) -> tuple[str, int]:
    """The id of the import that was begun, and how many lines it has."""
    lines = table.read(form.cleaned_data["table"].read(table.MAX_BYTES + 1))
    if not lines:
        raise InputError("columns", _("The table has no people in it."))
    photos = form.cleaned_data["photos"]
    kept = _keep(photos) if photos else None
    again = form.cleaned_data["again"]
    order = bulk.Order(lines, kept, form.cleaned_data["consent"], request.user.username, again=again)
    return bulk.start(current(), order), len(lines)


def _keep(photos: UploadedFile) -> IO[bytes]:
    """The upload's own file goes with the request; the import outlives it. This one has no name: nothing is left."""
    Archive(photos)
    photos.seek(0)
    file = tempfile.TemporaryFile(prefix="presenza-import-")  # noqa: SIM115 - the import closes it
    for chunk in photos.chunks():
        file.write(chunk)
    return file


@needs(Right.EDIT_PEOPLE)
@require_GET
def import_job(request: HttpRequest, job_id: str) -> HttpResponse:
    """How far an import is, and what became of each line."""
    try:
        job = bulk.reports(current()).read(job_id)
    except NotFound:
        job = None
    if job is None or request.user.sees is not None:
        messages.error(request, _("This import's report isn't kept any more."))
        return redirect("people")
    shown = [_line_context(report) for report in reversed(job.reports[-SHOWN_LINES:])]
    template = "people/_job.html" if request.htmx else "people/job.html"
    return render(request, template, {"job": job, "lines": shown})


def _line_context(report: Report) -> dict[str, object]:
    """A line of a report for the templates; only who sees everybody is shown one."""
    runtime = current()
    return {
        "line": report.line,
        "ok": report.ok,
        "person_id": report.person_id,
        "name": runtime.roster().name(report.person_id),
        "problem": words.problem(report.problem),
        "photos": [verdict_context(each, report.person_id, runtime, None) for each in report.photos],
    }
