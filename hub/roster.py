"""Who is known now: the gallery and the names, kept in step with the store by a running hub."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from hub.calibration import prior_of
from hub.errors import PresenzaError
from hub.faces.encoding import PART
from hub.identity import Gallery, Limits
from hub.model import Skip
from hub.recognizer import Recognizer
from hub.store import Store

POLL_S = 0.25  # a change made by another process is in force within a second

# Who is so far from everybody by the first encoder alone isn't shown to the second. It is sure for people with
# three photos at 0.58, for all at 0.65, and spares much in small galleries only (docs/accuracy.md): of a large one
# there would be more to send to the workers with each frame than there is to win.
FAR, FAR_FEW_PHOTOS = 0.58, 0.65
ENOUGH_PHOTOS = 3
SMALL = 100

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """One moment's gallery and names; replaced as a whole, so that a frame sees both of one revision.

    `recognizer` makes the encodings that the gallery is made of; `skip` is what it is told of the people,
    see hub.model.Skip. `doors` are the groups that cameras serve, of those that don't serve everybody.
    """

    gallery: Gallery
    names: Mapping[str, str]
    revision: int
    recognizer: Recognizer
    skip: Skip = Skip()  # noqa: RUF009  frozen
    doors: Mapping[str, frozenset[str]] = field(default_factory=dict)


class Roster:
    """Holds what is known; `follow` keeps it up to date."""

    def __init__(self, store: Store, recognizer: Recognizer, limits: Limits) -> None:
        self._store = store
        self._recognizer = recognizer
        self._limits = limits
        self.known = self.load()

    def load(self) -> Known:
        """Read everything, and find the limits that go with these people: 0.2 s for 1,000 of them.

        The revision is asked first: a change in between is seen at the next poll.
        """
        recognizer, revision = self._recognizer, self._store.people_revision()
        people = self._store.people()
        gallery = Gallery(
            self._store.templates(recognizer.engine_id),
            prior_of(recognizer.engine_id),
            self._limits,
            groups={person.person_id: person.group for person in people},
            negatives=self._store.negatives(recognizer.engine_id),
        )
        doors = {device.device: frozenset(device.groups) for device in self._store.devices() if device.groups}
        log.debug("limits", people=len(gallery), max_distance=round(gallery.max_distance, 3))
        names = {person.person_id: person.name for person in people}
        return Known(gallery, names, revision, recognizer, _skip(gallery), doors)

    async def change_to(self, recognizer: Recognizer) -> None:
        """From now on recognize with another engine. Frames that were begun end with the one before."""
        self._recognizer = recognizer
        self.known = await asyncio.to_thread(self.load)

    async def limit(self, limits: Limits) -> None:
        """From now on decide by other limits."""
        self._limits = limits
        self.known = await asyncio.to_thread(self.load)

    async def refresh(self) -> bool:
        """Load again if people changed; whether they did."""
        if await asyncio.to_thread(self._store.people_revision) == self.known.revision:
            return False
        known = await asyncio.to_thread(self.load)
        if known.recognizer is not self._recognizer or known.gallery.limits != self._limits:  # changed meanwhile
            return False
        self.known = known
        log.info("people changed", people=len(self.known.names), enrolled=len(self.known.gallery))
        return True

    async def fresh_gallery(self) -> Gallery:
        """The gallery with every change that is in the store now: for who has just made one, and asks about it."""
        await self.refresh()
        return self.known.gallery

    async def follow(self) -> None:
        """Poll for ever. A store that can't be read leaves the last gallery in force."""
        while True:
            await asyncio.sleep(POLL_S)
            try:
                await self.refresh()
            except (PresenzaError, OSError) as error:
                log.warning("people can't be read", error=str(error))


def _skip(gallery: Gallery) -> Skip:
    if not 0 < len(gallery) <= SMALL or gallery.rows.shape[1] <= PART:
        return Skip()
    far = FAR if gallery.fewest_photos >= ENOUGH_PHOTOS else FAR_FEW_PHOTOS
    return Skip(people=gallery.rows[:, :PART], far=far)
