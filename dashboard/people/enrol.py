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


@dataclass(frozen=True, slots=True)
class Upload:
    """A photo as it came: a name to tell it by, and its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one photo, in words."""

    name: str
    accepted: bool
    sentence: str
    reason: str = ""
    duplicate_of: str | None = None


def enrol(runtime: Runtime, person_id: str, photos: Sequence[Upload]) -> list[Verdict]:
    """Have the hub judge photos and keep the good ones. Raises Unavailable when no hub answers."""
    verdicts: list[Verdict] = []
    good: list[tuple[str, bytes]] = []
    for photo in photos:
        try:
            good.append((photo.name, uploads.clean(photo.data)))
        except InvalidImage as error:
            verdicts.append(Verdict(photo.name, False, words.reason(error.reason), error.reason))
    for start in range(0, len(good), AT_ONCE):
        verdicts += _judge(runtime, person_id, good[start : start + AT_ONCE])
    return verdicts


def _judge(runtime: Runtime, person_id: str, photos: list[tuple[str, bytes]]) -> list[Verdict]:
    with uploads.waiting(runtime, [data for _, data in photos]) as keys:
        request = EnrollRequest(person_id=person_id, photos=keys)
        answer = runtime.line.request("enroll", request.encode(), ANSWER_S)
    try:
        reply = decode(EnrollReply, answer)
    except PayloadRefused:
        raise Unavailable(_refusal(answer)) from None
    names = dict(zip(keys, (name for name, _ in photos), strict=True))
    return [_verdict(names.get(each.photo, each.photo), each, runtime) for each in reply.photos]


def _refusal(answer: bytes) -> str:
    try:
        return decode(RpcError, answer).message
    except PayloadRefused:
        return _("The hub's answer can't be read.")


def _verdict(name: str, verdict: PhotoVerdict, runtime: Runtime) -> Verdict:
    if verdict.accepted:
        return Verdict(name, True, _("Good: this photo is enrolled."))
    sentence = words.verdict(verdict.reason, verdict.message)
    if verdict.duplicate_of:
        other = runtime.roster().name(verdict.duplicate_of)
        sentence = _("This face is enrolled already, as %(name)s.") % {"name": other or _("somebody else")}
    return Verdict(name, False, sentence, verdict.reason or "", verdict.duplicate_of)
