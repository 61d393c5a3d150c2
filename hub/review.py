"""Who may be taken for whom, and what a person's photos lack: for who looks after the people."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter

import structlog

from hub import enrol
from hub.identity import Alike, Gallery
from hub.model import Template
from hub.payloads import AdviceReply, AdviceRequest, AlikePair, AlikeReply
from hub.store import Store

MAX_PAIRS = 200  # in one answer, so that it stays a payload

log = structlog.get_logger()


class Review:
    """Answers `hub/rpc/alike` and `hub/rpc/advice`."""

    def __init__(self, store: Store, gallery: Callable[[], Awaitable[Gallery]], engine_id: Callable[[], str]) -> None:
        self._store = store
        self._gallery = gallery
        self._engine_id = engine_id
        self._lock = asyncio.Lock()  # whoever asks while it is worked out gets the same answer

    async def pairs(self) -> AlikeReply:
        """Everybody who looks alike. Of thousands of people it takes seconds, once until people change."""
        gallery = await self._gallery()
        async with self._lock:
            started = perf_counter()
            found = await asyncio.to_thread(lambda: gallery.alike)
        log.debug("look-alikes", people=len(gallery), pairs=len(found), s=round(perf_counter() - started, 2))
        return AlikeReply(people=len(gallery), total=len(found), pairs=_told(found[:MAX_PAIRS]))

    async def advice(self, request: AdviceRequest) -> AdviceReply:
        """What would make one person be recognized more surely, and whom they look like. Raises NotFound."""
        gallery = await self._gallery()
        templates = await asyncio.to_thread(self._templates_of, request.person_id)
        alike = await asyncio.to_thread(gallery.alike_to, request.person_id)
        return AdviceReply(
            person_id=request.person_id,
            missing=enrol.missing(templates),
            lacks=[lack.value for lack in enrol.lacks(templates)],
            alike=_told(alike[:MAX_PAIRS]),
        )

    def _templates_of(self, person_id: str) -> list[Template]:
        self._store.person(person_id)
        return [each for each in self._store.templates(self._engine_id()) if each.person_id == person_id]


def _told(pairs: Sequence[Alike]) -> list[AlikePair]:
    return [
        AlikePair(
            first=each.first,
            second=each.second,
            distance=round(each.distance, 4),
            score=each.score,
            twice=each.score <= enrol.DUPLICATE,
        )
        for each in pairs
    ]
