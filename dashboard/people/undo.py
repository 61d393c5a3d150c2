"""What was done with unknown faces just now, kept in the session so that each of it can be taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from ulid import ULID

from dashboard.live import crops
from dashboard.people.queue import Seen
from dashboard.runtime import Runtime, now_ms
from hub.errors import NotFound
from hub.model import FacePlace

KEY = "unknown_done"
KEPT = 10  # actions of a session
KEPT_FACES = 1000  # of all of them, but for the newest: a session is read with every request
ASSIGN, IGNORE = "assign", "ignore"


@dataclass(frozen=True, slots=True)
class Done:
    """One action, for the page."""

    done_id: str
    what: str
    count: int
    person_id: str
    at_ms: int


def remember(
    request: HttpRequest, what: str, faces: Sequence[Seen], *, person_id: str = "", photos: Sequence[str] = ()
) -> None:
    """Keep what was done: with each face whom it was perhaps, and the photos that came of it."""
    done = {
        "id": str(ULID()),
        "what": what,
        "faces": [[seen.at.event_id, seen.place, seen.face.person_id] for seen in faces],
        "person_id": person_id,
        "photos": list(photos),
        "at_ms": now_ms(),
    }
    kept = [done, *_kept(request)][:KEPT]
    while len(kept) > 1 and sum(len(each["faces"]) for each in kept) > KEPT_FACES:
        kept.pop()
    request.session[KEY] = kept


def latest(request: HttpRequest) -> list[Done]:
    """What can be taken back, the newest first."""
    return [
        Done(each["id"], each["what"], len(each["faces"]), each["person_id"], each["at_ms"]) for each in _kept(request)
    ]


def take_back(request: HttpRequest, runtime: Runtime, done_id: str) -> Done | None:
    """Undo one action, whatever was done after it: no face is in two of them. None for one that isn't kept."""
    kept = _kept(request)
    done = next((each for each in kept if each["id"] == done_id), None)
    if done is None:
        return None
    request.session[KEY] = [each for each in kept if each is not done]
    runtime.store.ignore_faces([FacePlace(event_id, place) for event_id, place, _ in done["faces"]], ignored=False)
    if done["what"] == ASSIGN:
        for event_id, place, before in done["faces"]:
            _name(runtime, FacePlace(event_id, place), before)
        for photo_id in done["photos"]:
            _remove_photo(runtime, photo_id)
    return Done(done["id"], done["what"], len(done["faces"]), done["person_id"], done["at_ms"])


def _kept(request: HttpRequest) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = request.session.get(KEY, [])
    return found


def _name(runtime: Runtime, face: FacePlace, person_id: str | None) -> None:
    try:
        runtime.store.name_faces([face], person_id)
    except NotFound:  # whom it perhaps was, was erased meanwhile
        runtime.store.name_faces([face], None)


def _remove_photo(runtime: Runtime, photo_id: str) -> None:
    try:
        removed = runtime.store.remove_photo(photo_id)
    except NotFound:
        return  # somebody removed it meanwhile
    for key in removed.pictures:
        runtime.pictures.delete(key)
    crops.forget()
