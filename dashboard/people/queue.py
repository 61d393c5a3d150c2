"""The queue of unknown faces: those that nobody has looked at, put together by likeness where a hub answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.runtime import Runtime
from hub.errors import PayloadRefused, Unavailable
from hub.model import Event, FacePlace, FaceResult, Outcome
from hub.payloads import LikenessFace, LikenessReply, LikenessRequest, decode

SHOWN = 400  # faces
GROUPED = 120  # visits: what the hub can group while somebody waits
ANSWER_S = 25.0
OPEN = (Outcome.UNKNOWN, Outcome.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Seen:
    """One unknown face."""

    event: Event
    place: int

    @property
    def face(self) -> FaceResult:
        return self.event.faces[self.place]

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


def waiting(runtime: Runtime, limit: int = SHOWN) -> list[Seen]:
    """Unknown faces with a picture that are nobody's and not ignored, newest first."""
    ignored = runtime.store.ignored_faces()
    events = [event for outcome in OPEN for event in runtime.store.events(outcome=outcome, limit=2 * limit)]
    events.sort(key=lambda event: event.event_id, reverse=True)
    faces = [Seen(event, place) for event in events if event.picture for place in range(len(event.faces))]
    found = [seen for seen in faces if _open(seen) and FacePlace(seen.event.event_id, seen.place) not in ignored]
    return found[:limit]


def _open(seen: Seen) -> bool:
    # An uncertain face names whom it may be; an unknown one with a name was given it by hand.
    face = seen.face
    return face.outcome is Outcome.UNCERTAIN or (face.outcome is Outcome.UNKNOWN and face.person_id is None)


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
