"""The queue of unknown faces: those that nobody has looked at, put together by likeness where a hub answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.runtime import Runtime
from hub.errors import NotFound, PayloadRefused, Unavailable
from hub.model import Event, FacePlace, FaceResult
from hub.payloads import LikenessFace, LikenessReply, LikenessRequest, decode

SHOWN = 400  # faces
GROUPED = 120  # visits: what the hub can group while somebody waits
ANSWER_S = 25.0
CHOSEN = 10 * SHOWN  # faces that one form may name
MAX_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Seen:
    """One unknown face."""

    event: Event
    place: int

    @property
    def face(self) -> FaceResult:
        return self.event.faces[self.place]

    @property
    def at(self) -> FacePlace:
        return FacePlace(self.event.event_id, self.place)

    @property
    def key(self) -> str:
        """For forms: what the face is called."""
        return f"{self.event.event_id}.{self.place}"


@dataclass(frozen=True, slots=True)
class Stranger:
    """Faces that are probably one person, newest first."""

    faces: tuple[Seen, ...]

    @property
    def cameras(self) -> list[str]:
        return sorted({seen.event.key.device for seen in self.faces})

    @property
    def first_ms(self) -> int:
        return min(seen.event.received_ms for seen in self.faces)

    @property
    def last_ms(self) -> int:
        return max(seen.event.received_ms for seen in self.faces)


def waiting(runtime: Runtime, sees: frozenset[str] | None = None, limit: int = SHOWN) -> list[Seen]:
    """Faces with a picture that somebody might name, newest first: also those beside somebody who was recognized.

    Who sees only some groups (`sees`) isn't shown a face that is perhaps somebody of another.
    """
    found = [Seen(event, place) for event, place in runtime.store.open_faces(limit=limit)]
    return [seen for seen in found if _visible(seen, runtime, sees)]


def chosen(runtime: Runtime, keys: Sequence[str], sees: frozenset[str] | None = None) -> list[Seen]:
    """The faces that a form names, as far as they wait still and may be seen."""
    ignored, found = runtime.store.ignored_faces(), []
    for event_id, place in sorted(_places(keys), reverse=True):
        try:
            event = runtime.store.event(event_id)
        except NotFound:
            continue
        is_open = event.picture and place < len(event.faces) and event.faces[place].is_open
        if is_open and FacePlace(event_id, place) not in ignored and _visible(Seen(event, place), runtime, sees):
            found.append(Seen(event, place))
    return found


def _visible(seen: Seen, runtime: Runtime, sees: frozenset[str] | None) -> bool:
    person = runtime.roster().by_id.get(seen.face.person_id or "")
    return sees is None or seen.face.person_id is None or (person is not None and person.group in sees)


def _places(keys: Sequence[str]) -> set[tuple[str, int]]:
    parts = [key.rsplit(".", 1) for key in keys[:CHOSEN] if "." in key]
    return {(event_id, int(place)) for event_id, place in parts if place.isdecimal() and len(place) < MAX_DIGITS}


def by_likeness(runtime: Runtime, faces: Sequence[Seen]) -> list[Stranger] | None:
    """The faces as the hub puts them together; None when it doesn't answer.

    It is asked for one face of each visit: the others of a visit are the same person's, and each face
    takes the hub a while.
    """
    visits = by_visit(faces)
    if not visits:
        return []
    try:
        groups = _ask(runtime, [visit.faces[len(visit.faces) // 2] for visit in visits[:GROUPED]])
    except (Unavailable, PayloadRefused):
        return None
    return [Stranger(_joined([visits[place] for place in places])) for places in groups] + visits[GROUPED:]


def _joined(visits: Sequence[Stranger]) -> tuple[Seen, ...]:
    faces = [seen for visit in visits for seen in visit.faces]
    return tuple(sorted(faces, key=lambda seen: seen.key, reverse=True))


def _ask(runtime: Runtime, faces: Sequence[Seen]) -> list[list[int]]:
    wanted = [LikenessFace(picture=seen.event.picture or "", box=seen.face.box.as_list()) for seen in faces]
    answer = runtime.line.request("likeness", LikenessRequest(faces=wanted).encode(), ANSWER_S)
    groups = decode(LikenessReply, answer).groups
    places = sorted(place for group in groups for place in group)
    if places != list(range(len(faces))):
        raise Unavailable("The hub's groups aren't of these faces.")
    return groups


def by_visit(faces: Sequence[Seen]) -> list[Stranger]:
    """The faces of each visit together: what can be said without looking at them."""
    visits: dict[tuple[object, ...], list[Seen]] = {}
    for seen in faces:
        key = seen.event.key
        moment = seen.event.motion_id or seen.event.event_id
        # Two faces of one frame are two people; which of them is which in the next frame isn't known.
        alone = len(seen.event.faces) == 1
        visit = (key.device, key.boot_id, moment) if alone else (seen.key,)
        visits.setdefault(visit, []).append(seen)
    return [Stranger(tuple(visit)) for visit in visits.values()]
