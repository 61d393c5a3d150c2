"""The main job, in order. Read this first.

    wire → frames → turns → faces → tracks → identity → attendance → store → ack, result

A chunk is checked and put to its frame (`receive`); a whole frame waits for its turn; a worker
process looks at it; what it saw joins what was seen of the same faces in the frames before; the gallery
names them; attendance and event are committed; then, and only then, the camera gets its one ack, and
the dashboards their result (`answer`).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from time import monotonic, perf_counter, time_ns

import structlog
from ulid import ULID

from hub import attendance, decision, wire
from hub.errors import ChunkRefused, InvalidImage, WorkerFailed
from hub.frames import Assembler, NotJpeg
from hub.metrics import Metrics
from hub.model import Analysis, Event, Frame, FrameKey, Marked, Outcome
from hub.mqtt import Outgoing
from hub.payloads import Ack
from hub.roster import Known, Roster
from hub.store import Recorded, Store
from hub.store.pictures import PictureStore
from hub.turns import Turns

REMEMBERED_ACKS = 4096
MAX_OUTGOING = 1000  # answers under way while the broker is slow; more are dropped and counted
STALE_S = 1.0  # how often unfinished frames are looked through for those that are too old

log = structlog.get_logger()

Publish = Callable[[Outgoing], Awaitable[bool]]


def now_ms() -> int:
    """Unix time in milliseconds."""
    return time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Site:
    """What the pipeline needs to know of its site."""

    name: str
    rules: attendance.Rules


class Pipeline:
    """All stages with their parts. The roster's recognizer looks, in a worker process; `publish` sends.

    `checkpoint` is called with the name of each step that is done, so that tests can stop the hub there.
    """

    def __init__(
        self,
        site: Site,
        *,
        assembler: Assembler,
        turns: Turns,
        roster: Roster,
        store: Store,
        pictures: PictureStore,
        publish: Publish,
        metrics: Metrics,
        workers: int = 1,
        checkpoint: Callable[[str], None] = lambda step: None,
    ) -> None:
        self._site = site
        self._assembler = assembler
        self._turns = turns
        self._roster = roster
        self._store = store
        self._pictures = pictures
        self._publish = publish
        self._metrics = metrics
        self._checkpoint = checkpoint
        self._seats = asyncio.Semaphore(workers)
        self._acks = _Acks()
        self._outgoing: set[asyncio.Task[None]] = set()

    def follow(self, rules: attendance.Rules) -> None:
        """Count days by other rules from now on."""
        self._site = replace(self._site, rules=rules)

    # -- chunk → frame ------------------------------------------------------
    def receive(self, device: str, chunk: bytes) -> None:
        """Take a chunk in; a frame that it completes waits for its turn. Never raises."""
        self._metrics.count("chunks")
        try:
            frame = self._assembler.add(device, chunk, now_ms())
        except NotJpeg as refusal:  # a whole frame, so it gets its ack; but there is nothing to look at
            key = refusal.key
            empty = Frame(device, key.boot_id, key.frame_id, refusal.motion_id, 0, now_ms(), b"")
            self._metrics.count("frames_invalid", refusal.reason)
            self._later(self._refuse(empty, Outcome.INVALID))
            return
        except ChunkRefused as refusal:
            self._metrics.count("chunks_refused", refusal.reason)
            return
        if frame is not None:
            self._accept(frame)

    def _accept(self, frame: Frame) -> None:
        self._checkpoint("assembled")
        self._metrics.count("frames")
        self._metrics.time("assemble", frame.assemble_ms)
        if self._acks.begin(frame.key):
            for lost in self._turns.put(frame):
                self._acks.forget(lost.key)  # now: its answer may be dropped, and it must be free to come again
                self._later(self._refuse(lost, Outcome.BUSY))
        elif (ack := self._acks.get(frame.key)) is not None:
            self._metrics.count("frames_repeated")
            self._later(self._send_ack(frame.device, ack))

    async def expire(self) -> None:
        """Drop frames that will never be whole, for ever."""
        while True:
            await asyncio.sleep(STALE_S)
            self._assembler.expire(now_ms())

    # -- frame → answer -----------------------------------------------------
    async def work(self) -> None:
        """Answer frames for ever; the service runs two such tasks for each worker."""
        while True:
            # Not before a worker is free: else the frame that is taken first waits ahead of whose turn it is.
            await self._seats.acquire()
            seat = _Seat(self._seats)
            try:
                frame = await self._turns.next()
                await self._answer(frame, seat)
            finally:
                seat.leave()

    async def _answer(self, frame: Frame, seat: "_Seat") -> None:
        try:
            await self.answer(frame, seat.leave)
        except Exception:
            log.exception("frame not answered", device=frame.device)
            self._metrics.count("frames_unanswered")
            self._acks.forget(frame.key)

    async def answer(self, frame: Frame, looked: Callable[[], None] = lambda: None) -> None:
        """Give one frame its one ack, whatever becomes of it. `looked` is called when its worker is free again."""
        started = perf_counter()
        try:
            if frame.resent and (before := await asyncio.to_thread(self._store.event_of, frame.key)):
                await self._repeat(before)
                return
            known = self._roster.known
            skip = replace(known.skip, settled=known.recognizer.tracks.settled(frame))
            analysis = await self._look(frame, known.recognizer.look(frame.jpeg, skip), looked)
            self._checkpoint("recognized")
            await self._decide(frame, analysis, known, started)
        except InvalidImage as refusal:
            self._metrics.count("frames_invalid", refusal.reason)
            await self._refuse(frame, Outcome.INVALID)
        except WorkerFailed:
            await self._refuse(frame, Outcome.ERROR)
        except Exception as error:
            log.exception("frame failed", device=frame.device)
            self._metrics.count("frames_failed", type(error).__name__)
            await self._refuse(frame, Outcome.ERROR)

    async def _look(self, frame: Frame, look: Awaitable[Analysis], looked: Callable[[], None]) -> Analysis:
        began_s = monotonic()
        try:
            return await look
        finally:
            self._turns.looked(frame.device, began_s, monotonic())
            looked()

    async def _decide(self, frame: Frame, analysis: Analysis, known: Known, started: float) -> None:
        looked, tracks = perf_counter(), known.recognizer.tracks
        seen = tracks.add(frame, analysis.faces)
        door = decision.Door(known.gallery, self._site.rules, known.doors.get(frame.device, frozenset()))
        verdict = decision.judge(frame, analysis, seen, str(ULID()), door)
        tracks.settle(frame, verdict.event.faces)
        recorded = await asyncio.to_thread(self._keep, frame, verdict)
        stored = perf_counter()
        ms = {
            "assemble": frame.assemble_ms,
            "wait": max(0.0, now_ms() - frame.received_ms - (stored - started) * 1000),
            **analysis.ms,
            "recognize": (looked - started) * 1000,
            "store": (stored - looked) * 1000,
            "total": float(max(0, now_ms() - frame.received_ms)) + frame.assemble_ms,
        }
        await self._tell(recorded, known, ms)

    def _keep(self, frame: Frame, verdict: decision.Verdict) -> Recorded:
        """Everything that must be durable before the ack. Runs in a thread."""
        event = verdict.event
        self._put_picture(f"last/{frame.device}.jpg", frame.jpeg)
        if event.outcome not in decision.KEPT:
            return Recorded(event, {})
        day = attendance.site_day(frame.received_ms, self._site.rules)
        key = f"results/{day}/{event.event_id}.jpg"
        if self._put_picture(key, frame.jpeg):
            event = replace(event, picture=key)
        self._checkpoint("pictured")
        recorded = self._store.record(event, verdict.marks)
        if recorded.repeated and event.picture:
            self._pictures.delete(event.picture)
        self._checkpoint("stored")
        return recorded

    def _put_picture(self, key: str, jpeg: bytes) -> bool:
        # A full disk must not cost anybody's attendance: the event then has no picture.
        try:
            self._pictures.put(key, jpeg)
        except OSError as error:
            self._metrics.count("pictures_failed", type(error).__name__)
            return False
        return True

    # -- answer → camera, dashboards -----------------------------------------
    async def _tell(self, recorded: Recorded, known: Known, ms: Mapping[str, float]) -> None:
        event = recorded.event
        ack = decision.ack_of(event, hub_ms=ms["total"])
        await self._finish(event.key, ack)
        self._checkpoint("acked")
        if not recorded.repeated:
            await self._send_result(event, known, recorded.marked, ms)
        self._checkpoint("published")
        for stage, value in ms.items():
            self._metrics.time(stage, value)

    async def _repeat(self, event: Event) -> None:
        self._metrics.count("frames_repeated")
        await self._finish(event.key, decision.ack_of(event))

    async def _refuse(self, frame: Frame, outcome: Outcome) -> None:
        event = decision.failed(frame, outcome, str(ULID()))
        busy_ms = self._retry_after_ms() if outcome is Outcome.BUSY else 0
        ack = decision.ack_of(event, hub_ms=now_ms() - frame.received_ms, retry_after_ms=busy_ms)
        await self._finish(frame.key, ack)
        await self._send_result(event, self._roster.known, {}, {})

    async def _finish(self, key: FrameKey, ack: Ack) -> None:
        self._metrics.count("acks", ack.outcome)
        self._acks.end(key, ack)
        await self._send_ack(key.device, ack)

    async def _send_ack(self, device: str, ack: Ack) -> None:
        topic = wire.down(self._site.name, device, wire.ACK)
        await self._publish(Outgoing(topic, ack.encode(), qos=1, expiry_s=wire.ACK_EXPIRY_S))

    async def _send_result(
        self, event: Event, known: Known, marked: Mapping[str, Marked], ms: Mapping[str, float]
    ) -> None:
        result = decision.result_of(event, self._site.name, known.names, marked, ms)
        await self._publish(Outgoing(wire.hub(self._site.name, wire.RESULTS), result.encode(), qos=1))

    def _retry_after_ms(self) -> int:
        """About how long those who wait now will take, from what the last frames took."""
        typical_ms = self._metrics.typical("recognize", 50.0)
        return int(min(10_000, max(200, typical_ms * (len(self._turns) + 1))))

    def _later(self, work: Coroutine[None, None, None]) -> None:
        if len(self._outgoing) >= MAX_OUTGOING:
            self._metrics.count("answers_dropped")
            work.close()
            return
        task = asyncio.create_task(work)
        self._outgoing.add(task)
        task.add_done_callback(self._outgoing.discard)


class _Seat:
    """The right to have a worker look at one frame, to be given back once."""

    def __init__(self, seats: asyncio.Semaphore) -> None:
        self._seats: asyncio.Semaphore | None = seats

    def leave(self) -> None:
        if self._seats is not None:
            self._seats.release()
        self._seats = None


class _Acks:
    """The last acks, so that a frame that comes again gets the same one and isn't judged twice.

    `busy` and `error` are no verdicts on the frame: when it is sent again it is looked at again.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[FrameKey, Ack | None] = OrderedDict()

    def begin(self, key: FrameKey) -> bool:
        """Whether the frame is to be looked at; it is then under way until `end`."""
        if key in self._known:
            return False
        self._known[key] = None
        while len(self._known) > REMEMBERED_ACKS:
            self._known.popitem(last=False)
        return True

    def end(self, key: FrameKey, ack: Ack) -> None:
        if ack.outcome in (Outcome.BUSY, Outcome.ERROR):
            self.forget(key)
        elif key in self._known:
            self._known[key] = ack

    def forget(self, key: FrameKey) -> None:
        self._known.pop(key, None)

    def get(self, key: FrameKey) -> Ack | None:
        return self._known.get(key)
