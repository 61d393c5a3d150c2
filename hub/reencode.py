"""After a change of the encoder: the kept enrolment photos encoded anew, while the hub goes on with the old one.

Encodings of two engines can't be compared. So a hub that finds its people encoded by another encoder
than the wanted one recognizes with that one (`engine_in_force`) until every photo is encoded anew, and
changes over then. What is done is kept every few photos: a hub that is stopped in between goes on there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from hub import faces
from hub.errors import PresenzaError
from hub.faces import EngineOptions, PhotoAnalysis
from hub.faces.encoding import ENCODERS
from hub.model import Photo, Template
from hub.store import Store
from hub.store.pictures import PictureStore

BATCH = 32  # photos that are written down at once: each time, the running hub reads its people anew

Encode = Callable[[bytes], Awaitable[PhotoAnalysis]]
Show = Callable[[int, int], None]  # photos done, photos in all


def engine_in_force(store: Store, wanted: EngineOptions) -> EngineOptions:
    """The wanted engine, or that of another encoder as long as it has encoded more of the photos."""
    made = store.templated()
    others = [replace(wanted, encoder=encoder) for encoder in ENCODERS]
    return max([wanted, *others], key=lambda options: made.get(faces.engine_id(options), 0))


class Reencoding:
    """The photos that one engine has yet to encode. `encode` looks at a photo, several at once if it can."""

    def __init__(self, store: Store, pictures: PictureStore, engine_id: str, encode: Encode) -> None:
        self.failed: dict[str, Photo] = {}
        self._store = store
        self._pictures = pictures
        self._engine_id = engine_id
        self._encode = encode

    async def run(self, show: Show = lambda done, total: None) -> int:
        """Encode until nothing is left, photos that come in between included; how many were encoded.

        Photos that can't be are in `failed` and don't hold up the others. Raises what the store raises.
        """
        done = 0
        while photos := await self._waiting():
            for batch in _batched(photos, BATCH):
                made = await asyncio.gather(*(self._templates(photo) for photo in batch))
                await asyncio.to_thread(self._store.add_templates, [each for some in made for each in some])
                done += sum(1 for some in made if some)
                show(done + len(self.failed), done + len(await self._waiting()) + len(self.failed))
        return done

    async def _waiting(self) -> list[Photo]:
        photos = await asyncio.to_thread(self._store.photos_without, self._engine_id)
        return [photo for photo in photos if photo.photo_id not in self.failed]

    async def _templates(self, photo: Photo) -> list[Template]:
        try:
            picture = await asyncio.to_thread(self._pictures.get, photo.key)
            vectors = (await self._encode(picture)).vectors
        except (PresenzaError, OSError):
            vectors = ()
        if not vectors:
            self.failed[photo.photo_id] = photo
        return [Template(photo.person_id, photo.photo_id, self._engine_id, vector) for vector in vectors]


def _batched(photos: Sequence[Photo], size: int) -> list[Sequence[Photo]]:
    return [photos[start : start + size] for start in range(0, len(photos), size)]
