"""The queue of unknown faces: give them to somebody, ignore them, take it back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from dashboard.audit import log
from dashboard.live import crops
from dashboard.people import enrol, queue, undo
from dashboard.people.scope import person_or_404
from dashboard.rights import Right, needs
from dashboard.runtime import Runtime, current
from hub.errors import Unavailable
from hub.model import Person

TEMPLATES = 4  # faces of one stranger that become photos of the person
CHOICES = 2000
CARDS = 60  # strangers on the page; the next ones come when these are done


@needs(Right.SEE_PEOPLE)
@require_GET
def unknown(request: HttpRequest) -> HttpResponse:
    """At once by visit; the page then asks for the groups by likeness, which take the hub a while."""
    runtime = current()
    faces = queue.waiting(runtime, request.user.sees)
    log.record(request, "seen_unknown", f"{len(faces)} faces")
    return _page(request, "people/unknown.html", faces, queue.by_visit(faces))


@needs(Right.SEE_PEOPLE)
@require_GET
def groups(request: HttpRequest) -> HttpResponse:
    """The queue by likeness."""
    faces = queue.waiting(current(), request.user.sees)
    found = queue.by_likeness(current(), faces)
    return _page(
        request, "people/_strangers.html", faces, queue.by_visit(faces) if found is None else found, found is None
    )


def _page(
    request: HttpRequest, template: str, faces: list[queue.Seen], strangers: list[queue.Stranger], alone: bool = False
) -> HttpResponse:
    sees = request.user.sees
    people = [person for person in current().roster().people if sees is None or person.group in sees]
    context = {
        "strangers": strangers[:CARDS],
        "count": len(strangers),
        "alone": alone,
        "asking": template == "people/unknown.html" and bool(faces),
        "latest": [(done, current().roster().name(done.person_id)) for done in undo.latest(request)],
        "choices": format_html_join("", '<option value="{}">', ((label(each),) for each in people[:CHOICES])),
    }
    return render(request, template, context)


@needs(Right.EDIT_PEOPLE)
@require_POST
def assign(request: HttpRequest) -> HttpResponse:
    """Give faces to a person: they become photos of the person, if the hub finds them good."""
    person = _chosen(request, current())
    if person is None:
        messages.error(request, _("Choose a person from the list."))
        return redirect("unknown")
    return give(request, person, request.POST.getlist("face"))


def give(request: HttpRequest, person: Person, keys: list[str]) -> HttpResponse:
    """Make faces of the queue somebody's."""
    runtime = current()
    faces = queue.chosen(runtime, keys, request.user.sees)
    before = {photo.photo_id for photo in runtime.store.photos(person.person_id)}
    try:
        judged = enrol.enrol(runtime, person.person_id, _crops(runtime, faces), keep=False)
    except Unavailable as error:
        messages.error(request, _("The faces could not be judged: %(why)s") % {"why": error})
        return redirect("unknown")
    places = [seen.at for seen in faces]
    runtime.store.name_faces(places, person.person_id)
    runtime.store.ignore_faces(places)  # an uncertain face stays uncertain with a name, and is settled all the same
    added = [photo.photo_id for photo in runtime.store.photos(person.person_id) if photo.photo_id not in before]
    undo.remember(request, undo.ASSIGN, faces, person_id=person.person_id, photos=added)
    log.record(request, "faces_assigned", person.person_id, f"{len(faces)} faces, {len(added)} photos")
    sentence = ngettext("%(n)d face is %(name)s's now.", "%(n)d faces are %(name)s's now.", len(faces))
    messages.success(request, sentence % {"n": len(faces), "name": person.name})
    for verdict in judged.verdicts:
        if not verdict.accepted:
            why = enrol.sentence(verdict, runtime, request.user.sees)
            messages.warning(request, _("Not kept as a photo: %(why)s") % {"why": why})
    return redirect("unknown")


@needs(Right.EDIT_PEOPLE)
@require_POST
def ignore(request: HttpRequest) -> HttpResponse:
    faces = queue.chosen(current(), request.POST.getlist("face"), request.user.sees)
    current().store.ignore_faces([seen.at for seen in faces])
    undo.remember(request, undo.IGNORE, faces)
    log.record(request, "faces_ignored", f"{len(faces)} faces")
    return redirect("unknown")


@needs(Right.EDIT_PEOPLE)
@require_POST
def take_back(request: HttpRequest) -> HttpResponse:
    """Take one of the latest things back."""
    done = undo.take_back(request, current(), request.POST.get("done", ""))
    if done is not None:
        log.record(request, "faces_undone", done.what, f"{done.count} faces")
        messages.success(request, _("Taken back."))
    return redirect("unknown")


def _chosen(request: HttpRequest, runtime: Runtime) -> Person | None:
    """The person of the form: chosen from the list by name, or by id."""
    words = request.POST.get("person", "").strip()
    roster, sees = runtime.roster(), request.user.sees
    if words in roster.by_id:
        return person_or_404(request, words)
    found = [each for each in roster.people if label(each) == words or each.name == words]
    return found[0] if len(found) == 1 and (sees is None or found[0].group in sees) else None


def label(person: Person) -> str:
    """What a person is chosen by: the name, and what tells them from others of that name."""
    return f"{person.name} ({', '.join(part for part in (person.group, person.number) if part)})"


def _crops(runtime: Runtime, faces: list[queue.Seen]) -> list[enrol.Upload]:
    """The pictures around some of the faces: alone in them, so that the hub finds one face."""
    uploads = []
    for seen in faces[:TEMPLATES]:
        frame = crops.frame(runtime.pictures, seen.event)
        cut = crops.portrait(frame, seen.face.box) if frame else None
        if cut is not None:
            uploads.append(enrol.Upload(seen.event.key.device, cut))
    return uploads
