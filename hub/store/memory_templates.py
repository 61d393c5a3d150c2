"""Templates that are made anew by another engine, in memory."""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from hub.model import Photo, Template


class MemoryTemplates:
    _lock: threading.RLock
    _photos: dict[str, Photo]
    _templates: dict[str, tuple[Template, ...]]
    _revision: int

    def templated(self) -> dict[str, int]:
        with self._lock:
            return dict(Counter(engine for made in self._templates.values() for engine in {t.engine for t in made}))

    def photos_without(self, engine: str) -> list[Photo]:
        with self._lock:
            found = [
                photo
                for photo in self._photos.values()
                if all(template.engine != engine for template in self._templates[photo.photo_id])
            ]
        return sorted(found, key=lambda photo: (photo.created_ms, photo.photo_id))

    def add_templates(self, templates: Sequence[Template]) -> None:
        with self._lock:
            made = [template for template in templates if template.photo_id in self._photos]
            anew = {(template.photo_id, template.engine) for template in made}
            for photo_id in {template.photo_id for template in made}:
                kept = [old for old in self._templates[photo_id] if (photo_id, old.engine) not in anew]
                person_id = self._photos[photo_id].person_id
                added = [replace(new, person_id=person_id) for new in made if new.photo_id == photo_id]
                self._templates[photo_id] = (*kept, *added)
            self._revision += bool(made)

    def forget_templates(self, engine: str) -> int:
        count = 0
        with self._lock:
            for photo_id, made in self._templates.items():
                ours = tuple(template for template in made if template.engine == engine)
                if ours:
                    count += len(made) - len(ours)
                    self._templates[photo_id] = ours
            self._revision += bool(count)
        return count
