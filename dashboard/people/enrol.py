"""Enrolment through the hub: it has the face engine, the dashboard has the photos."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from dashboard import words
from dashboard.people import uploads
from dashboard.runtime import Runtime
from hub.errors import InvalidImage, PayloadRefused, Unavailable
from hub.payloads import EnrollReply, EnrollRequest, PhotoVerdict, RpcError, decode

AT_ONCE = 10  # photos in one request: each takes the hub a fraction of a second
ANSWER_S = 60.0
DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Upload:
    """A photo as it came: a name to tell it by, and its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one photo.

    `kept`: where the photo of a face that is enrolled under another name waits, until somebody says
    whether it is one person or two; `looks_like`: whom an accepted face is near to.
    """

    name: str
    accepted: bool
    reason: str = ""
    message: str = ""
    duplicate_of: str = ""
    looks_like: str = ""
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """Photos with their verdicts, and what the person's photos lack now (hub.enrol.Lack)."""

    verdicts: tuple[Verdict, ...]
    lacks: tuple[str, ...] = ()

    @property
    def accepted(self) -> int:
        return sum(verdict.accepted for verdict in self.verdicts)


def enrol(runtime: Runtime, person_id: str, photos: Sequence[Upload], *, keep: bool = True) -> Judged:
    """Have the hub judge photos and keep the good ones. Raises Unavailable when no hub answers.

    `keep`: photos of faces that are enrolled under another name wait for `anyway` or `leave`, for a day at most.
    """
    verdicts: list[Verdict] = []
    lacks: tuple[str, ...] = ()
    good: list[Upload] = []
    for photo in photos:
        try:
            good.append(Upload(photo.name, uploads.clean(photo.data)))
        except InvalidImage as error:
            verdicts.append(Verdict(photo.name, False, error.reason))
    for start in range(0, len(good), AT_ONCE):
        some, lacks = _judge(runtime, person_id, good[start : start + AT_ONCE], keep=keep)
        verdicts += some
    return Judged(tuple(verdicts), lacks)


def anyway(runtime: Runtime, person_id: str, keys: Sequence[str]) -> Judged:
    """Enrol photos that waited: somebody made sure that it is another person.

    A verdict for each key, in their order. Raises Unavailable.
    """
    gone = Verdict("", False, "missing")
    there = [key for key in keys if runtime.pictures.exists(key)]
    if not there:
        return Judged((gone,) * len(keys))
    reply = _ask(runtime, EnrollRequest(person_id=person_id, photos=there, allow_duplicate=True))
    uploads.drop(runtime, there)
    judged = {each.photo: _verdict("", each, "") for each in reply.photos}
    return Judged(tuple(judged.get(key, gone) for key in keys), tuple(reply.lacks))


def leave(runtime: Runtime, keys: Sequence[str]) -> None:
    """Forget photos that waited."""
    uploads.drop(runtime, keys)


def _judge(
    runtime: Runtime, person_id: str, photos: list[Upload], *, keep: bool
) -> tuple[list[Verdict], tuple[str, ...]]:
    keys = uploads.put(runtime, person_id, [photo.data for photo in photos])
    kept: set[str] = set()
    try:
        reply = _ask(runtime, EnrollRequest(person_id=person_id, photos=keys))
        if keep:
            kept = {each.photo for each in reply.photos if each.reason == DUPLICATE and each.photo in keys}
    finally:
        uploads.drop(runtime, [key for key in keys if key not in kept])
    names = {key: photo.name for key, photo in zip(keys, photos, strict=True)}
    verdicts = [
        _verdict(names.get(each.photo, ""), each, each.photo if each.photo in kept else "") for each in reply.photos
    ]
    return verdicts, tuple(reply.lacks)


def _ask(runtime: Runtime, request: EnrollRequest) -> EnrollReply:
    answer = runtime.line.request("enroll", request.encode(), ANSWER_S)
    try:
        return decode(EnrollReply, answer)
    except PayloadRefused:
        raise Unavailable(refusal(answer)) from None


def refusal(answer: bytes) -> str:
    """The hub's own words for why it refused a request."""
    try:
        return decode(RpcError, answer).message
    except PayloadRefused:
        return _("The hub's answer can't be read.")


def _verdict(name: str, verdict: PhotoVerdict, kept: str) -> Verdict:
    return Verdict(
        name,
        verdict.accepted,
        verdict.reason or "",
        verdict.message or "",
        verdict.duplicate_of or "",
        verdict.looks_like or "",
        kept,
    )


def sentence(verdict: Verdict, runtime: Runtime, sees: frozenset[str] | None) -> str:
    """A verdict in words. Who sees only some groups isn't told who of another group a face belongs to."""
    if verdict.accepted:
        good = _("Good: this photo is enrolled.")
        return f"{good} {_near(verdict.looks_like, runtime, sees)}" if verdict.looks_like else good
    if verdict.duplicate_of:
        other = visible_name(verdict.duplicate_of, runtime, sees)
        if other is None:
            return _("This face is enrolled already, as somebody of another group. An administrator can decide.")
        return _("This face is enrolled already, as %(name)s.") % {"name": other or _("somebody else")}
    return words.verdict(verdict.reason, verdict.message)


def _near(person_id: str, runtime: Runtime, sees: frozenset[str] | None) -> str:
    other = visible_name(person_id, runtime, sees) or _("somebody else")
    return _("It looks like %(name)s: between the two the cameras will often be “not certain”.") % {"name": other}


def visible_name(person_id: str, runtime: Runtime, sees: frozenset[str] | None) -> str | None:
    """A person's name, "" for nobody, None for somebody whom the account may not see."""
    person = runtime.roster().by_id.get(person_id)
    if person is None:
        return ""
    return person.name if sees is None or person.group in sees else None
