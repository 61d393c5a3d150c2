"""Who is known now: the gallery and the names, kept in step with the store by a running hub."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from hub.errors import PresenzaError
from hub.identity import Gallery
from hub.store import Store

POLL_S = 0.25  # a change made by another process is in force within a second

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """One moment's gallery and names; replaced as a whole, so that a frame sees both of one revision."""

    gallery: Gallery
    names: Mapping[str, str]
    revision: int


class Roster:
    """Holds what is known; `follow` keeps it up to date."""

    def __init__(self, store: Store, engine_id: str, max_distance: float, max_margin_score: float) -> None:
        self._store = store
        self._engine_id = engine_id
        self._limits = (max_distance, max_margin_score)
        self.known = self.load()

    def load(self) -> Known:
        """Read everything. The revision is asked first: a change in between is seen at the next poll."""
        revision = self._store.people_revision()
        gallery = Gallery(self._store.templates(self._engine_id), *self._limits)
        names = {person.person_id: person.name for person in self._store.people()}
        return Known(gallery, names, revision)

    async def refresh(self) -> bool:
        """Load again if people changed; whether they did."""
        if await asyncio.to_thread(self._store.people_revision) == self.known.revision:
            return False
        self.known = await asyncio.to_thread(self.load)
        log.info("people changed", people=len(self.known.names), enrolled=len(self.known.gallery))
        return True

    async def follow(self) -> None:
        """Poll for ever. A store that can't be read leaves the last gallery in force."""
        while True:
            await asyncio.sleep(POLL_S)
            try:
                await self.refresh()
            except (PresenzaError, OSError) as error:
                log.warning("people can't be read", error=str(error))
