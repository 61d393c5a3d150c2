"""The engine in force with its worker processes, and the change to the wanted one."""

import asyncio
from functools import partial

import structlog

from hub import faces
from hub.calibration import prior_of
from hub.errors import PresenzaError
from hub.faces import EngineOptions, worker
from hub.metrics import Metrics
from hub.model import Analysis, Skip
from hub.recognizer import Recognizer
from hub.reencode import Reencoding, engine_in_force
from hub.roster import Roster
from hub.store import Store
from hub.store.pictures import PictureStore
from hub.tracks import Tracks
from hub.workers import Workers

AGAIN_S = 60.0  # after the store or a worker failed

log = structlog.get_logger()


class Engines:
    """Recognizes with the engine that people are encoded by, and sees to it that this becomes the wanted one."""

    def __init__(
        self, wanted: EngineOptions, workers: int, store: Store, pictures: PictureStore, metrics: Metrics
    ) -> None:
        self.count = workers
        self.encoding = (0, 0)  # photos done and in all, while they are encoded anew
        self._wanted = wanted
        self._store = store
        self._pictures = pictures
        self._metrics = metrics
        self._options = engine_in_force(store, wanted)
        self._workers = self._new_workers(self._options)
        self.recognizer = self._new_recognizer(self._options, self._workers)

    async def start(self) -> None:
        """Start the worker processes. Raises what loading raises."""
        await self._workers.start()

    async def close(self) -> None:
        await self._workers.close()

    async def keep_up(self, roster: Roster) -> None:
        """Encode the photos that the wanted engine hasn't, and change over to it; ends when that is done."""
        while True:
            if await self._caught_up(roster):
                return
            await asyncio.sleep(AGAIN_S)

    async def _caught_up(self, roster: Roster) -> bool:
        try:
            await self._encode()
            if self._options != self._wanted:
                await self._change_over(roster)
            await asyncio.to_thread(self._store.forget_templates, self.recognizer.engine_id)
        except (PresenzaError, OSError) as error:
            log.warning("photos can't be encoded now", error=str(error), again_in_s=AGAIN_S)
            return False
        return True

    async def _encode(self) -> None:
        engine_id = faces.engine_id(self._wanted)
        photos = len(await asyncio.to_thread(self._store.photos_without, engine_id))
        if not photos:
            return
        log.info("photos are encoded anew", photos=photos, by=engine_id, meanwhile=self.recognizer.engine_id)
        # One process beside those that recognize, and behind them: cameras go first.
        aside = Workers(1, partial(worker.start_aside, self._wanted), self._metrics)
        try:
            await aside.start()
            reencoding = Reencoding(self._store, self._pictures, engine_id, partial(aside.run, worker.encode_photo))
            done = await reencoding.run(self._show)
        finally:
            await aside.close()
            self.encoding = (0, 0)
        for photo_id in reencoding.failed:
            log.warning("photo can't be encoded", photo=photo_id)
        log.info("photos were encoded anew", photos=done, failed=len(reencoding.failed))

    def _show(self, done: int, total: int) -> None:
        self.encoding = (done, total)

    async def _change_over(self, roster: Roster) -> None:
        workers = self._new_workers(self._wanted)
        await workers.start()
        old, self._workers = self._workers, workers
        self._options = self._wanted
        self.recognizer = self._new_recognizer(self._wanted, workers)
        await roster.change_to(self.recognizer)
        log.info("the engine was changed", engine=self.recognizer.engine_id, enrolled=len(roster.known.gallery))
        await old.retire()

    def _new_workers(self, options: EngineOptions) -> Workers:
        return Workers(self.count, partial(worker.start, options), self._metrics)

    def _new_recognizer(self, options: EngineOptions, workers: Workers) -> Recognizer:
        async def look(jpeg: bytes, skip: Skip) -> Analysis:
            return await workers.run(partial(worker.analyze, skip=skip), jpeg)

        engine_id = faces.engine_id(options)
        return Recognizer(
            engine_id, Tracks(prior_of(engine_id).reach), look, partial(workers.run, worker.analyze_photo)
        )
