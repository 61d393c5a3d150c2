"""Enrolment: a person's photos are judged one by one; the accepted ones become templates.

The face engine is a parameter: the command line brings its own, the hub its worker processes.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from enum import StrEnum
from functools import cached_property
from itertools import combinations
from time import time_ns

import numpy as np
from ulid import ULID

from hub.calibration import FPIR, prior_of
from hub.errors import InvalidImage
from hub.faces import PhotoAnalysis
from hub.identity import Gallery
from hub.model import Photo, Quality, Template, Vector
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
        self._allow_duplicate = allow_duplicate

    def add(self, name: str, analysis: PhotoAnalysis) -> PhotoVerdict:
        """Judge an analysed photo that the caller calls `name`, and keep it if it is good."""
        verdict = judge(name, analysis, self._others, allow_duplicate=self._allow_duplicate)
        if verdict.accepted and self._accept:
            self.keep(analysis)
        return verdict

    def templates(self) -> list[Template]:
        """Those of the person, as they are now."""
        ours = self._person.person_id
        return [each for each in self._store.templates(self._engine_id) if each.person_id == ours]

    @cached_property
    def _others(self) -> Gallery:
        ours = self._person.person_id
        templates = self._store.templates(self._engine_id)
        return Gallery([t for t in templates if t.person_id != ours], prior_of(self._engine_id))

    def keep(self, analysis: PhotoAnalysis) -> None:
        """Keep a photo that was judged good."""
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


def judge(name: str, analysis: PhotoAnalysis, others: Gallery, *, allow_duplicate: bool = False) -> PhotoVerdict:
    """Whether a photo is fit for enrolment. `others` is the gallery without this person.

    A face that is all but somebody else's is refused unless `allow_duplicate` says that somebody made sure; one
    that comes as near as strangers rarely do is accepted, with the name of whom it looks like.
    """
    if analysis.faces != 1:
        reason = "no_face" if analysis.faces == 0 else "several_faces"
        return refused(name, reason)
    quality = None if analysis.quality is None else _figures(analysis.quality)
    if analysis.reason is not None:
        return refused(name, analysis.reason.value, quality=quality)
    nearest, share = _nearest(analysis, others)
    if share <= DUPLICATE and not allow_duplicate:
        return refused(name, "duplicate", quality=quality, duplicate_of=nearest)
    return PhotoVerdict(photo=name, accepted=True, quality=quality, looks_like=nearest if share <= FPIR else None)


def _figures(quality: Quality) -> dict[str, float]:
    return {name: float(value) for name, value in asdict(quality).items() if value is not None}


def unreadable(name: str, error: InvalidImage) -> PhotoVerdict:
    """The verdict on a photo that could not be decoded."""
    return PhotoVerdict(photo=name, accepted=False, reason=error.reason, message=str(error))


def _nearest(analysis: PhotoAnalysis, others: Gallery) -> tuple[str | None, float]:
    """Whom a face is most like, and the share of strangers who come as near to anybody."""
    nearest = others.nearest(analysis.vectors[0]) if analysis.vectors else None
    return (None, 1.0) if nearest is None else (nearest[0], others.law.fpir(nearest[1]))


class Lack(StrEnum):
    """What keeps a person from being recognized as surely as others."""

    FEW_PHOTOS = "few_photos"
    SAME_PHOTOS = "same_photos"


def lacks(templates: Sequence[Template]) -> list[Lack]:
    """What a person's photos lack; `templates` are all of theirs, by one engine."""
    photos = _by_photo(templates)
    found = []
    if len(photos) < ADVISED_PHOTOS:
        found.append(Lack.FEW_PHOTOS)
    if len(photos) > 1 and not _vary(list(photos.values())):
        found.append(Lack.SAME_PHOTOS)
    return found


def missing(templates: Sequence[Template]) -> list[str]:
    """`lacks` in sentences."""
    count = len(_by_photo(templates))
    sentences = {
        Lack.FEW_PHOTOS: f"{ADVISED_PHOTOS} photos are advised and there are {count}; the second helps most.",
        Lack.SAME_PHOTOS: "The photos are nearly the same; add one of another day, in other light, "
        "or with the head a little turned.",
    }
    return [sentences[lack] for lack in lacks(templates)]


def _by_photo(templates: Sequence[Template]) -> dict[str, list[Vector]]:
    photos: dict[str, list[Vector]] = {}
    for template in templates:
        photos.setdefault(template.photo_id, []).append(template.vector)
    return photos


def _vary(photos: Sequence[Sequence[Vector]]) -> bool:
    """Whether any two photos are farther apart than a photo and its mirror image."""
    mirrored = max(_apart(vectors[0], vectors[-1]) for vectors in photos)
    return any(_apart(one[0], other[0]) > mirrored for one, other in combinations(photos, 2))


def _apart(one: Vector, other: Vector) -> float:
    return float(np.linalg.norm(one - other))


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
