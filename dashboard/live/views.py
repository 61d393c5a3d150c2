"""The Today page, the door view, and the pictures of what was seen."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboard.audit import log
from dashboard.live import crops
from dashboard.live import render as fragments
from dashboard.live.hall import hall
from dashboard.rights import Right, needs
from dashboard.runtime import current, now_ms
from hub.errors import NotFound
from hub.model import Event


@needs(Right.SEE_PEOPLE)
@require_GET
def today(request: HttpRequest) -> HttpResponse:
    return _live(request, "live/today.html", fragments.FEED)


@needs(Right.SEE_PEOPLE)
@require_GET
def door(request: HttpRequest) -> HttpResponse:
    """For a screen on the wall: whoever came last, large."""
    return _live(request, "live/door.html", 6)


def _live(request: HttpRequest, template: str, limit: int) -> HttpResponse:
    runtime, sees = current(), request.user.sees
    moment = hall.feed.moment(now_ms())
    shown = [row for row in moment.rows if fragments.visible(row, sees)][:limit]
    groups = [group for group in runtime.roster().groups if sees is None or group in sees]
    log.record(request, "seen_today")
    page = {
        "rows": [fragments.row_context(row) for row in shown],
        "tiles": fragments.tiles(moment, hall.today(), sees),
        "groups": groups,
        "cameras": sorted(moment.cameras),
        "day": runtime.today().isoformat(),
        "zone": runtime.settings.time_zone,
    }
    return render(request, template, page)


@needs(Right.SEE_PEOPLE)
@require_GET
def face(request: HttpRequest, event_id: str, place: int) -> HttpResponse:
    """One face, cut from its frame."""
    event = _event(event_id)
    if place >= len(event.faces) or not _may_see(request, event, {place}):
        raise Http404
    return _jpeg(crops.face(current().pictures, event, place))


@needs(Right.SEE_PEOPLE)
@require_GET
def picture(request: HttpRequest, event_id: str) -> HttpResponse:
    """A whole frame."""
    event = _event(event_id)
    if event.picture is None or not _may_see(request, event, set(range(len(event.faces)))):
        raise Http404
    log.record(request, "seen_picture", event_id)
    return _jpeg(crops.frame(current().pictures, event))


def _event(event_id: str) -> Event:
    try:
        return current().store.event(event_id)
    except NotFound:
        raise Http404 from None


def _may_see(request: HttpRequest, event: Event, places: set[int]) -> bool:
    """Whether all the faces at `places` may be seen by who sees only some groups."""
    sees, by_id = request.user.sees, current().roster().by_id
    people = [event.faces[place].person_id for place in places]
    return sees is None or all(who is None or (who in by_id and by_id[who].group in sees) for who in people)


def _jpeg(data: bytes | None) -> HttpResponse:
    if data is None:
        raise Http404
    # A picture never changes under its address, but may be erased: kept for an hour, in this browser only.
    return HttpResponse(data, content_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})
