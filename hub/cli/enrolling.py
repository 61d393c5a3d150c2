"""Enrolment from the command line: the face engine runs in this process, and is loaded for the first photo."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hub import enrol, faces
from hub.calibration import Law, prior_of
from hub.enrol import Enrolment
from hub.errors import Conflict, InvalidImage
from hub.faces import FaceEngine, PhotoAnalysis, worker
from hub.identity import Gallery
from hub.model import Person, Template
from hub.payloads import PhotoVerdict
from hub.reencode import engine_in_force
from hub.settings import Settings
from hub.store import Store
from hub.store.pictures import PictureStore

MAX_READ = 33 * 1024 * 1024  # bytes; over the engine's own limit, which gives the reason


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A photo with its verdict; `analysis` is there when the photo was accepted."""

    path: Path
    verdict: PhotoVerdict
    analysis: PhotoAnalysis | None


class Enroller:
    """Adds people and photos to a store."""

    def __init__(
        self, settings: Settings, store: Store, pictures: PictureStore, *, allow_duplicate: bool = False
    ) -> None:
        self._allow_duplicate = allow_duplicate
        self._options = engine_in_force(store, faces.options(settings))
        self._engine_id = faces.engine_id(self._options)
        self._store = store
        self._pictures = pictures
        self._law: Law | None = None
        self._law_templates = 0

    def add(self, person: Person, photos: Sequence[Path]) -> tuple[bool, list[PhotoVerdict]]:
        """Add a new person with the photos that are good enough; whether the person was added.

        Somebody none of whose photos is accepted isn't added; somebody without photos is.
        Raises Conflict for a number that is taken.
        """
        if person.number and person.number in self._numbers:  # before the photos: they would be duplicates too
            raise Conflict(f"Somebody with the number {person.number} is enrolled already.")
        judged = self._judge(person, photos)
        good = any(each.verdict.accepted for each in judged)
        if good or not photos:
            self._store.add_person(person)
            self._numbers.add(person.number)
            self._keep(person, judged)
        return good or not photos, [each.verdict for each in judged]

    def add_photos(self, person: Person, photos: Sequence[Path]) -> list[PhotoVerdict]:
        """Add photos to somebody who is enrolled."""
        judged = self._judge(person, photos)
        self._keep(person, judged)
        return [each.verdict for each in judged]

    def missing(self, person: Person) -> list[str]:
        """What a person's photos lack, a sentence each."""
        return enrol.missing([each for each in self._templates if each.person_id == person.person_id])

    def _judge(self, person: Person, photos: Sequence[Path]) -> list[Judged]:
        if not photos:
            return []
        templates = [each for each in self._templates if each.person_id != person.person_id]
        others = self._gallery(templates)
        return [self._judge_photo(path, others) for path in photos]

    def _gallery(self, templates: Sequence[Template]) -> Gallery:
        """Of an import, the law is found anew only when it may have changed: it takes longer than the rest."""
        known = len(templates) < 1.1 * self._law_templates
        gallery = Gallery(templates, prior_of(self._engine_id), law=self._law if known else None)
        if not known:
            self._law, self._law_templates = gallery.law, len(templates)
        return gallery

    def _judge_photo(self, path: Path, others: Gallery) -> Judged:
        try:
            with path.open("rb") as file:
                analysis = self._engine.analyze_photo(file.read(MAX_READ))
        except InvalidImage as error:
            return Judged(path, enrol.unreadable(str(path), error), None)
        except OSError as error:
            unreadable = InvalidImage("unreadable", f"The file can't be read: {error.strerror}.")
            return Judged(path, enrol.unreadable(str(path), unreadable), None)
        return Judged(path, enrol.judge(str(path), analysis, others, allow_duplicate=self._allow_duplicate), analysis)

    def _keep(self, person: Person, judged: Sequence[Judged]) -> None:
        enrolment = Enrolment(self._store, self._pictures, self._engine_id, person.person_id)
        for each in judged:
            if each.verdict.accepted and each.analysis is not None:
                enrolment.keep(each.analysis)
                self._templates += [
                    Template(person.person_id, str(each.path), self._engine_id, vector)
                    for vector in each.analysis.vectors
                ]

    @cached_property
    def _numbers(self) -> set[str]:
        return {person.number for person in self._store.people()}

    @cached_property
    def _templates(self) -> list[Template]:
        """Everybody's: read once, since an import would read them for each of its people."""
        return self._store.templates(self._engine_id)

    @cached_property
    def _engine(self) -> FaceEngine:
        os.environ.update(worker.ENVIRONMENT)
        return faces.load(self._options)


def verdict_row(verdict: PhotoVerdict) -> dict[str, Any]:
    """What is printed of a photo."""
    return {
        "accepted": verdict.accepted,
        "reason": verdict.reason,
        "quality": verdict.quality,
        "looks_like": verdict.looks_like,
    }
