"""Who looks alike, and what a person's photos lack: asked of the hub, which has the encodings."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from dashboard import words
from dashboard.audit import log
from dashboard.people.enrol import refusal, visible_name
from dashboard.people.scope import person_or_404
from dashboard.rights import Right, needs
from dashboard.runtime import Runtime, current
from hub.errors import PayloadRefused, Unavailable
from hub.model import Person
from hub.payloads import AdviceReply, AdviceRequest, AlikePair, AlikeReply, P, decode

ALIKE_S = 90.0  # of ten thousand people it takes the hub seconds
ADVICE_S = 10.0


@needs(Right.ADMIN)
@require_GET
def alike(request: HttpRequest) -> HttpResponse:
    """The page comes at once and then asks for the pairs, which may take the hub a while."""
    return render(request, "people/alike.html", {"asking": True})


@needs(Right.ADMIN)
@require_GET
def pairs(request: HttpRequest) -> HttpResponse:
    """Pairs of people whose enrolled faces are too near to each other, the nearest first."""
    runtime = current()
    try:
        reply = _ask(runtime, AlikeReply, "alike", b'{"v":1}', ALIKE_S)
    except Unavailable as error:
        problem = _("Who looks alike can't be told: %(why)s") % {"why": error}
        return render(request, "people/_alike.html", {"problem": problem})
    log.record(request, "seen_alike", f"{reply.total} pairs")
    shown = [pair for pair in (_pair(each, runtime) for each in reply.pairs) if pair]
    return render(request, "people/_alike.html", {"pairs": shown, "total": reply.total, "people": reply.people})


@needs(Right.EDIT_PEOPLE)
@require_GET
def advice(request: HttpRequest, person_id: str) -> HttpResponse:
    """What would make one person be recognized more surely: a part of their page, empty when all is well."""
    shown, runtime = person_or_404(request, person_id), current()
    try:
        asked = AdviceRequest(person_id=person_id)
        reply = _ask(runtime, AdviceReply, "advice", asked.encode(), ADVICE_S)
    except Unavailable:
        return render(request, "people/_advice.html", {})
    others = [visible_name(pair.second, runtime, request.user.sees) for pair in reply.alike]
    context = {
        "person": shown,
        "lacks": [words.lack(lack) for lack in reply.lacks],
        "alike": [pair for pair, name in zip(reply.alike, others, strict=True) if name],
        "names": {pair.second: name for pair, name in zip(reply.alike, others, strict=True) if name},
        "hidden": sum(name is None for name in others),
    }
    if reply.alike:
        log.record(request, "seen_advice", person_id, f"{len(reply.alike)} look-alikes")
    return render(request, "people/_advice.html", context)


def _ask(runtime: Runtime, kind: type[P], method: str, payload: bytes, timeout_s: float) -> P:
    """Raises Unavailable, also for what the hub refuses or can't be read."""
    answer = runtime.line.request(method, payload, timeout_s)
    try:
        return decode(kind, answer)
    except PayloadRefused:
        raise Unavailable(refusal(answer)) from None


def _pair(pair: AlikePair, runtime: Runtime) -> dict[str, object] | None:
    """A pair for the templates; None when one of them is gone."""
    by_id = runtime.roster().by_id
    if pair.first not in by_id or pair.second not in by_id:
        return None
    people = [_face(by_id[person_id], runtime) for person_id in (pair.first, pair.second)]
    return {"people": people, "twice": pair.twice, "distance": pair.distance, "many": words.one_in(pair.score)}


def _face(person: Person, runtime: Runtime) -> dict[str, object]:
    photos = runtime.store.photos(person.person_id)
    return {"person": person, "photo": photos[0] if photos else None, "count": len(photos)}
