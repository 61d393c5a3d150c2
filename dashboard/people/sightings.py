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
    context = {
        "event": shown.event,
        "place": place,
        "face": shown.face,
        "person": shown.person,
        "denied": shown.denied,
        "photo": photos[0] if photos else None,
        "day": _rests_on(runtime, shown),
        "others": _visit(runtime, shown),
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
    asked = DenyRequest(event_id=event_id, face=place, by=request.user.get_username(), undo=undo)
    try:
        _ask(runtime, asked)
    except Unavailable as error:
        messages.error(request, _("That could not be noted: %(why)s") % {"why": error})
        return back
    runtime.line.renamed(runtime.store.event(event_id))
    action = "denial_undone" if undo else "face_denied"
    log.record(request, action, f"{event_id}.{place}", shown.person.person_id)
    name = {"name": shown.person.name}
    said = _("This may be %(name)s again.") if undo else _("Noted: this is not %(name)s.")
    messages.success(request, said % name)
    return back


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


def _rests_on(runtime: Runtime, shown: Sighting) -> Attendance | None:
    """The person's attendance that began with this event: what a correction of the face leaves to somebody."""
    if shown.person is None:
        return None
    times = {at_ms for at_ms in (shown.event.captured_ms, shown.event.received_ms) if at_ms}
    days = sorted(site_day(at_ms, runtime.rules) for at_ms in times)
    rows = runtime.store.attendance(days[0], days[-1], person_id=shown.person.person_id) if days else []
    return next((row for row in rows if row.event_id == shown.event.event_id), None)


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
    visit = (event.key.device, event.key.boot_id, event.motion_id)
    same = [each for each in near if (each.key.device, each.key.boot_id, each.motion_id) == visit]
    found = [
        (each, place)
        for each in same
        for place, face in enumerate(each.faces)
        if face.person_id == person.person_id and (each.event_id, place) != (event.event_id, shown.place)
    ]
    return found[:VISIT_FACES]
