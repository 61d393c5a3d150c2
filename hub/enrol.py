"""Enrolment: a person's photos are judged one by one; the accepted ones become templates.

The face engine is a parameter: the command line brings its own, the hub its worker processes.
"""

from collections.abc import Callable
from dataclasses import asdict
from time import time_ns

from ulid import ULID

from hub.calibration import prior_of
from hub.errors import InvalidImage
from hub.faces import PhotoAnalysis
from hub.identity import Gallery
from hub.model import Photo, Quality, Template
from hub.payloads import PhotoVerdict
from hub.store import Store
from hub.store.pictures import PictureStore

# Nearer than one stranger in so many comes to anybody: it is somebody who is enrolled already, or a twin.
DUPLICATE = 1e-4
ADVISED_PHOTOS = 3  # from there on more photos of a person bring little (docs/accuracy.md)

Analyze = Callable[[bytes], PhotoAnalysis]


class Enrolment:
    """Adds photos to one person. Each call of `add` keeps a photo, or says why not."""

    def __init__(
        self,
        store: Store,
        pictures: PictureStore,
        engine_id: str,
        person_id: str,
        *,
        accept: bool = True,
        allow_duplicate: bool = False,
    ) -> None:
        """`accept=False` only judges. Raises NotFound for an unknown person."""
        self._person = store.person(person_id)
        self._store = store
        self._pictures = pictures
        self._engine_id = engine_id
        self._accept = accept
        self._gallery = None if allow_duplicate else self._others()

    def add(self, name: str, analysis: PhotoAnalysis) -> PhotoVerdict:
        """Judge an analysed photo that the caller calls `name`, and keep it if it is good."""
        verdict = judge(name, analysis, self._gallery)
        if verdict.accepted and self._accept:
            self._keep(analysis)
        return verdict

    def _others(self) -> Gallery:
        ours = self._person.person_id
        templates = self._store.templates(self._engine_id)
        return Gallery([t for t in templates if t.person_id != ours], prior_of(self._engine_id))

    def _keep(self, analysis: PhotoAnalysis) -> None:
        assert analysis.quality is not None
        photo_id = str(ULID())
        person_id = self._person.person_id
        key = f"people/{person_id}/{photo_id}.jpg"
        photo = Photo(photo_id, person_id, key, analysis.quality, time_ns() // 1_000_000)
        templates = [Template(person_id, photo_id, self._engine_id, vector) for vector in analysis.vectors]
        # The picture first: a row never names a picture that isn't there. If the row can't be
        # written the picture goes again, so that nothing of the person is left behind.
        self._pictures.put(key, analysis.upright)
        try:
            self._store.add_photo(photo, templates)
        except BaseException:
            self._pictures.delete(key)
            raise


def judge(name: str, analysis: PhotoAnalysis, others: Gallery | None) -> PhotoVerdict:
    """Whether a photo is fit for enrolment. `others` is the gallery without this person, None to skip that check."""
    if analysis.faces != 1:
        reason = "no_face" if analysis.faces == 0 else "several_faces"
        return refused(name, reason)
    quality = None if analysis.quality is None else _figures(analysis.quality)
    if analysis.reason is not None:
        return refused(name, analysis.reason.value, quality=quality)
    double = _duplicate(analysis, others)
    if double is not None:
        return refused(name, "duplicate", quality=quality, duplicate_of=double)
    return PhotoVerdict(photo=name, accepted=True, quality=quality)


def _figures(quality: Quality) -> dict[str, float]:
    return {name: float(value) for name, value in asdict(quality).items() if value is not None}


def unreadable(name: str, error: InvalidImage) -> PhotoVerdict:
    """The verdict on a photo that could not be decoded."""
    return PhotoVerdict(photo=name, accepted=False, reason=error.reason, message=str(error))


def _duplicate(analysis: PhotoAnalysis, others: Gallery | None) -> str | None:
    if others is None or not analysis.vectors:
        return None
    nearest = others.nearest(analysis.vectors[0])
    return nearest[0] if nearest is not None and others.law.fpir(nearest[1]) <= DUPLICATE else None


_SENTENCES = {
    "no_face": "There is no face in this photo.",
    "several_faces": "There is more than one face in this photo; crop it to one person.",
    "too_small": "The face is too small; use a photo taken from nearer.",
    "blurred": "The face is blurred; use a sharper photo.",
    "too_dark": "The face is too dark; use a photo with more light.",
    "too_bright": "The face is too bright; use a photo with less light.",
    "turned_away": "The face is turned away; use a photo that looks into the camera.",
    "covered": "The face is hard to make out; use a photo without cap, sunglasses, hands or hair before it.",
    "duplicate": "This face is enrolled already, as somebody else.",
    "missing": "There is no such photo in the picture store.",
}


def refused(
    name: str, reason: str, *, quality: dict[str, float] | None = None, duplicate_of: str | None = None
) -> PhotoVerdict:
    """The verdict on a photo that was refused, with a sentence for the person who chose it."""
    return PhotoVerdict(
        photo=name,
        accepted=False,
        reason=reason,
        message=_SENTENCES[reason],
        quality=quality,
        duplicate_of=duplicate_of,
    )
