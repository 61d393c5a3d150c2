"""Enrolling: photos from files, from the browser's camera, from a camera at the door; and many people at once."""

import tempfile
from pathlib import Path
from time import sleep

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.audit import log
from dashboard.devices.commands import send
from dashboard.people import bulk, enrol, table
from dashboard.people.archive import Archive
from dashboard.people.forms import ImportForm
from dashboard.people.scope import person_or_404
from dashboard.people.uploads import MAX_BYTES
from dashboard.rights import Right, needs
from dashboard.runtime import Runtime, current
from hub.errors import InputError, NotFound, Unavailable
from hub.model import Person

PHOTOS = 10  # in one upload
SNAPSHOT_S = 8.0


@needs(Right.EDIT_PEOPLE)
@require_http_methods(["GET", "POST"])
def enrol_person(request: HttpRequest, person_id: str) -> HttpResponse:
    """Add photos to a person; the hub says of each whether it is good."""
    shown = person_or_404(request, person_id)
    if request.method == "GET":
        return _page(request, shown, [])
    files = request.FILES.getlist("photos")[:PHOTOS]
    if not files:
        return _page(request, shown, [], _("Choose at least one photo."))
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
        return _page(request, shown, [], str(error))
    return _judge(request, shown, [enrol.Upload(device, picture)])


def _snapshot(runtime: Runtime, device: str) -> bytes:
    """The next frame of a camera after it was told to take one. Raises Unavailable."""
    key = f"last/{device}.jpg"
    before = runtime.pictures.get(key) if runtime.pictures.exists(key) else b""
    send(runtime, device, "snapshot")
    for _attempt in range(int(SNAPSHOT_S / 0.2)):
        sleep(0.2)  # in a thread of its own: the frame comes to the hub, which keeps each camera's last
        if runtime.pictures.exists(key) and (after := runtime.pictures.get(key)) != before:
            return after
    raise Unavailable(_("%(camera)s has sent no picture. Is it online?") % {"camera": device})


def _judge(request: HttpRequest, shown: Person, photos: list[enrol.Upload]) -> HttpResponse:
    try:
        verdicts = enrol.enrol(current(), shown.person_id, photos)
    except Unavailable as error:
        return _page(request, shown, [], _("The photos could not be judged: %(why)s") % {"why": error})
    accepted = sum(verdict.accepted for verdict in verdicts)
    log.record(request, "enrolled", shown.person_id, f"{accepted} of {len(verdicts)} photos")
    return _page(request, shown, verdicts)


def _page(request: HttpRequest, shown: Person, verdicts: list[enrol.Verdict], problem: str = "") -> HttpResponse:
    runtime = current()
    context = {
        "person": shown,
        "verdicts": verdicts,
        "problem": problem,
        "photos": runtime.store.photos(shown.person_id),
        "devices": [each.device for each in runtime.store.devices()],
        "limit": PHOTOS,
    }
    template = "people/_verdicts.html" if request.htmx else "people/enrol.html"
    return render(request, template, context, status=422 if problem else 200)


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
            job = _start(request, form)
        except InputError as error:
            form.add_error("photos" if error.reason == "zip" else "table", str(error))
        else:
            log.record(request, "import_started", job.job_id, f"{job.total} lines")
            return redirect("people-import-job", job.job_id)
    return render(request, "people/import.html", {"form": form}, status=422 if form.errors else 200)


def _start(request: HttpRequest, form: ImportForm) -> bulk.Job:
    lines = table.read(form.cleaned_data["table"].read(table.MAX_BYTES + 1))
    if not lines:
        raise InputError("columns", _("The table has no people in it."))
    photos = form.cleaned_data["photos"]
    kept = _keep(photos) if photos else None
    return bulk.start(current(), lines, kept, form.cleaned_data["consent"], request.user.username)


def _keep(photos: UploadedFile) -> Path:
    """The upload's own file goes with the request; the import outlives it."""
    Archive(photos)
    photos.seek(0)
    with tempfile.NamedTemporaryFile(prefix="presenza-import-", suffix=".zip", delete=False) as file:
        for chunk in photos.chunks():
            file.write(chunk)
    return Path(file.name)


@needs(Right.EDIT_PEOPLE)
@require_GET
def import_job(request: HttpRequest, job_id: str) -> HttpResponse:
    """How far an import is, and what became of each line."""
    job = bulk.job(job_id)
    if job is None or request.user.sees is not None:
        messages.error(request, _("This import's report isn't kept any more."))
        return redirect("people")
    template = "people/_job.html" if request.htmx else "people/job.html"
    return render(request, template, {"job": job, "reports": list(reversed(job.reports))[:2000]})
