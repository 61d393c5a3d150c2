"""The queue of unknown faces: give them to somebody, ignore them, take it back."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from dashboard.audit import log
from dashboard.live import crops
from dashboard.people import enrol, queue
from dashboard.people.scope import person_or_404
from dashboard.rights import Right, needs
from dashboard.runtime import Runtime, current
from hub.errors import NotFound, Unavailable
from hub.model import FacePlace, Person

UNDO = "unknown_undo"  # in the session: the last thing done
TEMPLATES = 4  # faces of one stranger that become photos of the person
CHOICES = 2000


@needs(Right.SEE_PEOPLE)
@require_GET
def unknown(request: HttpRequest) -> HttpResponse:
    """At once by visit; the page then asks for the groups by likeness, which take the hub a while."""
    runtime = current()
    faces = queue.waiting(runtime)
    log.record(request, "seen_unknown", f"{len(faces)} faces")
    return _page(request, "people/unknown.html", faces, queue.by_visit(faces))


@needs(Right.SEE_PEOPLE)
@require_GET
def groups(request: HttpRequest) -> HttpResponse:
    """The queue by likeness."""
    faces = queue.waiting(current())
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
        "strangers": strangers,
        "alone": alone,
        "asking": template == "people/unknown.html" and bool(faces),
        "full": len(faces) == queue.SHOWN,
        "undo": request.session.get(UNDO),
        "people": people[:CHOICES],
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
    runtime, faces = current(), _faces(keys)
    before = {photo.photo_id for photo in runtime.store.photos(person.person_id)}
    try:
        judged = enrol.enrol(runtime, person.person_id, _crops(runtime, faces), keep=False)
    except Unavailable as error:
        messages.error(request, _("The faces could not be judged: %(why)s") % {"why": error})
        return redirect("unknown")
    runtime.store.name_faces(faces, person.person_id)
    added = [photo.photo_id for photo in runtime.store.photos(person.person_id) if photo.photo_id not in before]
    _remember(request, "assign", faces, person_id=person.person_id, photos=added)
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
    faces = _faces(request.POST.getlist("face"))
    current().store.ignore_faces(faces)
    _remember(request, "ignore", faces)
    log.record(request, "faces_ignored", f"{len(faces)} faces")
    return redirect("unknown")


@needs(Right.EDIT_PEOPLE)
@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Take the last thing back."""
    runtime, done = current(), request.session.pop(UNDO, None)
    if done is None:
        return redirect("unknown")
    faces = [FacePlace(event_id, place) for event_id, place in done["faces"]]
    if done["what"] == "ignore":
        runtime.store.ignore_faces(faces, ignored=False)
    else:
        runtime.store.name_faces(faces, None)
        for photo_id in done["photos"]:
            _remove_photo(runtime, photo_id)
    log.record(request, "faces_undone", done["what"], f"{len(faces)} faces")
    messages.success(request, _("Taken back."))
    return redirect("unknown")


def _remove_photo(runtime: Runtime, photo_id: str) -> None:
    try:
        removed = runtime.store.remove_photo(photo_id)
    except NotFound:
        return  # somebody removed it meanwhile
    for key in removed.pictures:
        runtime.pictures.delete(key)
    crops.forget()


def _faces(keys: list[str]) -> list[FacePlace]:
    """The faces that a form names, as far as they are unknown still."""
    places = {tuple(text.rsplit(".", 1)) for text in keys if "." in text}
    wanted = {FacePlace(parts[0], int(parts[1])) for parts in places if parts[1].isdecimal()}
    open_now = {FacePlace(seen.event.event_id, seen.place) for seen in queue.waiting(current(), 10 * queue.SHOWN)}
    return sorted(wanted & open_now, key=lambda face: (face.event_id, face.place), reverse=True)


def _chosen(request: HttpRequest, runtime: Runtime) -> Person | None:
    """The person of the form: chosen from the list by name, or by id."""
    words = request.POST.get("person", "").strip()
    roster, sees = runtime.roster(), request.user.sees
    if words in roster.by_id:
        return person_or_404(request, words)
    found = [each for each in roster.people if _label(each) == words or each.name == words]
    return found[0] if len(found) == 1 and (sees is None or found[0].group in sees) else None


def _label(person: Person) -> str:
    return f"{person.name} ({', '.join(part for part in (person.group, person.number) if part)})"


def _crops(runtime: Runtime, faces: list[FacePlace]) -> list[enrol.Upload]:
    """The pictures around some of the faces: alone in them, so that the hub finds one face."""
    uploads = []
    for face in faces[:TEMPLATES]:
        event = runtime.store.event(face.event_id)
        frame = crops.frame(runtime.pictures, event)
        cut = crops.portrait(frame, event.faces[face.place].box) if frame else None
        if cut is not None:
            uploads.append(enrol.Upload(event.key.device, cut))
    return uploads


def _remember(request: HttpRequest, what: str, faces: list[FacePlace], **more: Any) -> None:
    done = {"what": what, "faces": [[face.event_id, face.place] for face in faces], "count": len(faces)}
    request.session[UNDO] = {**done, **more}
