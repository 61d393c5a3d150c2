"""One face of an event: who it was taken for, how surely, and “not this person”."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dashboard import words
from dashboard.audit import log
from dashboard.people.enrol import refusal
from dashboard.people.scope import person_or_404
from dashboard.rights import Right, needs
from dashboard.runtime import Runtime, current
from hub.attendance import site_day
from hub.errors import NotFound, PayloadRefused, Unavailable
from hub.model import Attendance, Denied, Event, FaceResult, Person
from hub.payloads import DenyReply, DenyRequest, RpcError, decode

ANSWER_S = 20.0
VISIT_MS = 10 * 60 * 1000  # no motion is longer
VISIT_FACES = 24
DENIALS = 200  # of a person, among which those of a visit are looked for


@dataclass(frozen=True, slots=True)
class Sighting:
    """A face with whom it was taken for; `denied` says that it isn't them."""

    event: Event
    place: int
    person: Person | None
    denied: Denied | None

    @property
    def face(self) -> FaceResult:
        return self.event.faces[self.place]


@needs(Right.SEE_PEOPLE)
@require_GET
def sighting(request: HttpRequest, event_id: str, place: int) -> HttpResponse:
    """What the camera saw beside whom it was taken for."""
    runtime, shown = current(), _sighting(request, event_id, place)
    person_id = shown.person.person_id if shown.person else ""
    log.record(request, "seen_sighting", f"{event_id}.{place}", person_id)
    photos = runtime.store.photos(person_id) if person_id else []
    denied_too = _denied_of_visit(runtime, shown) if shown.denied else []
    context = {
        "event": shown.event,
        "place": place,
        "face": shown.face,
        "person": shown.person,
        "denied": shown.denied,
        "photo": photos[0] if photos else None,
        "day": _rests_on(runtime, shown, denied_too),
        "others": _visit(runtime, shown),
        "denied_too": denied_too,
    }
    return render(request, "people/sighting.html", context)


@needs(Right.EDIT_PEOPLE)
@require_POST
def deny(request: HttpRequest, event_id: str, place: int) -> HttpResponse:
    """Say that the face isn't whom it was taken for."""
    return _tell(request, event_id, place, undo=False)


@needs(Right.EDIT_PEOPLE)
@require_POST
def undo_denial(request: HttpRequest, event_id: str, place: int) -> HttpResponse:
    return _tell(request, event_id, place, undo=True)


def _tell(request: HttpRequest, event_id: str, place: int, *, undo: bool) -> HttpResponse:
    runtime, shown = current(), _sighting(request, event_id, place)
    back = redirect("sighting", event_id, place)
    if shown.person is None or undo is (shown.denied is None):
        return back  # somebody was quicker, or there is nothing to say
    places = [(event_id, place)]
    if request.POST.get("visit"):
        others = _denied_of_visit(runtime, shown) if undo else _visit(runtime, shown)
        places += [(event.event_id, spot) for event, spot in others]
    done = 0
    try:
        for where, spot in places:
            _ask(runtime, DenyRequest(event_id=where, face=spot, by=request.user.get_username(), undo=undo))
            runtime.line.renamed(runtime.store.event(where))
            done += 1
    except Unavailable as error:
        messages.error(request, _("That could not be noted: %(why)s") % {"why": error})
    if done:
        _note(request, shown, done, undo=undo)
    return back


def _note(request: HttpRequest, shown: Sighting, count: int, *, undo: bool) -> None:
    """Write down what was said, and tell it."""
    assert shown.person is not None
    action = "denial_undone" if undo else "face_denied"
    where = f"{shown.event.event_id}.{shown.place}"
    log.record(request, action, where, f"{shown.person.person_id}, {count} faces")
    said = _("This may be %(name)s again.") if undo else _("Noted: this is not %(name)s.")
    messages.success(request, said % {"name": shown.person.name})


def _ask(runtime: Runtime, request: DenyRequest) -> DenyReply:
    """Raises Unavailable with a sentence, also for what the hub refuses."""
    answer = runtime.line.request("not_this_person", request.encode(), ANSWER_S)
    try:
        return decode(DenyReply, answer)
    except PayloadRefused:
        raise Unavailable(words.denial(_error(answer)) or refusal(answer)) from None


def _error(answer: bytes) -> str:
    try:
        return decode(RpcError, answer).error
    except PayloadRefused:
        return ""


def _sighting(request: HttpRequest, event_id: str, place: int) -> Sighting:
    """The face, if this account may see whom it was taken for. Raises Http404."""
    store = current().store
    try:
        event = store.event(event_id)
    except NotFound:
        raise Http404 from None
    if place >= len(event.faces):
        raise Http404
    denied = next((each for each in store.denials(event_id=event_id) if each.place == place), None)
    now = event.faces[place].person_id
    if now is not None:
        person_or_404(request, now)  # somebody else's name may have been given to a denied face
    who = denied.person_id if denied else now
    return Sighting(event, place, person_or_404(request, who) if who else None, denied)


def first_of(runtime: Runtime, rows: Sequence[Attendance], person_id: str) -> Sighting | None:
    """The sighting that a person's attendance began with, of a day's `rows`; None when it isn't kept any more."""
    event_id = next((row.event_id for row in rows if row.person_id == person_id), None)
    if not event_id:
        return None
    try:
        event = runtime.store.event(event_id)
    except NotFound:
        return None
    person = runtime.roster().by_id.get(person_id)
    denied = {each.place: each for each in runtime.store.denials(event_id=event_id) if each.person_id == person_id}
    for place, face in enumerate(event.faces):
        if face.person_id == person_id or place in denied:
            return Sighting(event, place, person, denied.get(place))
    return None


def _rests_on(runtime: Runtime, shown: Sighting, visit: Sequence[tuple[Event, int]]) -> Attendance | None:
    """The person's attendance that began with this visit: what a correction of faces leaves to somebody."""
    if shown.person is None:
        return None
    times = {at_ms for at_ms in (shown.event.captured_ms, shown.event.received_ms) if at_ms}
    days = sorted(site_day(at_ms, runtime.rules) for at_ms in times)
    rows = runtime.store.attendance(days[0], days[-1], person_id=shown.person.person_id) if days else []
    events = {shown.event.event_id, *(event.event_id for event, _ in visit)}
    return next((row for row in rows if row.event_id in events), None)


def _visit(runtime: Runtime, shown: Sighting) -> list[tuple[Event, int]]:
    """Other pictures of the same visit that were taken for the same person."""
    event, person = shown.event, shown.person
    if person is None or not event.motion_id:
        return []
    near = runtime.store.events(
        person_id=person.person_id,
        from_ms=event.received_ms - VISIT_MS,
        until_ms=event.received_ms + VISIT_MS,
        limit=4 * VISIT_FACES,
    )
    found = [
        (each, place)
        for each in near
        for place, face in enumerate(each.faces)
        if face.person_id == person.person_id and _same_visit(each, event)
    ]
    return [(each, place) for each, place in found if (each.event_id, place) != _at(shown)][:VISIT_FACES]


def _denied_of_visit(runtime: Runtime, shown: Sighting) -> list[tuple[Event, int]]:
    """Other pictures of the same visit that were said not to be the person either."""
    if shown.person is None or not shown.event.motion_id:
        return []
    found = []
    for denied in runtime.store.denials(person_id=shown.person.person_id)[:DENIALS]:
        event = runtime.store.event(denied.event_id)
        if _same_visit(event, shown.event) and (denied.event_id, denied.place) != _at(shown):
            found.append((event, denied.place))
    return found[:VISIT_FACES]


def _same_visit(one: Event, other: Event) -> bool:
    visits = [(event.key.device, event.key.boot_id, event.motion_id) for event in (one, other)]
    return visits[0] == visits[1]


def _at(shown: Sighting) -> tuple[str, int]:
    return shown.event.event_id, shown.place
