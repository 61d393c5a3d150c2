"""The subscriber process of `bench ingest`: bare aiomqtt, or the hub's own way into whole frames."""

import asyncio
import json
import resource
import sys
import time
from typing import Any

import aiomqtt

from hub import attendance, logs, settings, wire
from hub.devices import DeviceBook
from hub.flood import Allowance, Limit
from hub.frames import Assembler
from hub.identity import Limits
from hub.intake import Intake, subscriptions
from hub.metrics import Metrics
from hub.model import Frame
from hub.mqtt import Session
from hub.pipeline import Pipeline, Site
from hub.recognizer import Recognizer
from hub.roster import Roster
from hub.service import login
from hub.store.memory import MemoryStore
from hub.store.pictures import MemoryPictures
from hub.tracks import Tracks

TELL_EVERY = 50  # chunks


class Count:
    """How many chunks and frames came; says so on stdout now and then."""

    def __init__(self) -> None:
        self.chunks = 0
        self.frames = 0

    def chunk(self) -> None:
        self.chunks += 1
        if self.chunks % TELL_EVERY == 0:
            self.tell()

    def tell(self, **more: Any) -> None:
        print(json.dumps({"chunks": self.chunks, **more}), flush=True)


class NoTurns:
    """Takes the frames instead of a queue: recognition is off."""

    def __init__(self, count: Count) -> None:
        self._count = count

    def put(self, frame: Frame) -> list[Frame]:
        del frame
        self._count.frames += 1
        return []


async def bare(site: settings.Settings, count: Count) -> None:
    at = login(site, "bench")
    client = aiomqtt.Client(
        at.host, at.port, username=at.username, password=at.password, protocol=aiomqtt.ProtocolVersion.V5
    )
    async with client:
        await client.subscribe(wire.up(site.site, "+", wire.FRAME), qos=1)
        count.tell()
        async for _ in client.messages:
            count.chunk()


async def hub(site: settings.Settings, count: Count) -> None:
    store, metrics = MemoryStore(), Metrics()

    async def publish(_message: object) -> bool:
        return True

    async def online() -> None:
        count.tell()

    pipeline = Pipeline(
        Site(site.site, attendance.rules_of(site)),
        assembler=Assembler(),
        turns=NoTurns(count),  # type: ignore[arg-type]
        roster=Roster(store, Recognizer("bench", Tracks(1.0), None, None), Limits()),  # type: ignore[arg-type]
        store=store,
        pictures=MemoryPictures(),
        publish=publish,
        metrics=metrics,
    )
    anything = Allowance(*[Limit(1e12, 1e12)] * 3)  # one camera stands for many here
    intake = Intake(pipeline, DeviceBook(store), None, metrics, allowance=anything)  # type: ignore[arg-type]

    def receive(message: Any) -> None:
        intake.receive(message)
        count.chunk()

    session = Session(
        login(site, "bench"),
        will=None,
        subscriptions=subscriptions(site.site),
        on_connect=online,
        on_message=receive,
        metrics=metrics,
    )
    await session.run()


async def main() -> None:
    logs.configure("warning", "console")  # standard output is for the figures
    count = Count()
    work = asyncio.create_task({"bare": bare, "hub": hub}[sys.argv[1]](settings.load(), count))
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until the benchmark closes it
    work.cancel()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    count.tell(frames=count.frames, cpu_s=time.process_time(), rss_mb=usage.ru_maxrss / 1024)


if __name__ == "__main__":
    asyncio.run(main())
