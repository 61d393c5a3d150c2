"""What dashboards ask of the hub by MQTT 5 request and response: `hub/rpc/{method}` → `hub/reply/{client_id}`."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from time import time_ns
from typing import Any

import structlog
from pydantic import BaseModel

from hub import denial, wire
from hub.enrol import Enrolment, lacks, missing, refused, unreadable
from hub.errors import InputError, InvalidImage, NotFound, PayloadRefused, PresenzaError
from hub.identity import Gallery
from hub.likeness import Likeness
from hub.metrics import Metrics
from hub.model import Skip
from hub.mqtt import Incoming, Outgoing
from hub.payloads import (
    AdviceRequest,
    DenyRequest,
    EnrollReply,
    EnrollRequest,
    LikenessRequest,
    PhotoVerdict,
    RpcError,
    Stats,
    decode,
)
from hub.recognizer import Recognizer
from hub.review import Review
from hub.store import Store
from hub.store.pictures import PictureStore

MAX_CORRELATION = 128  # bytes
MAX_RUNNING = 16

log = structlog.get_logger()

Method = Callable[[bytes], Awaitable[BaseModel]]


class Rpc:
    """Answers requests. The one response topic that is served is the site's own hub/reply/{client_id}."""

    def __init__(
        self,
        site: str,
        *,
        store: Store,
        pictures: PictureStore,
        recognizer: Callable[[], Recognizer],
        gallery: Callable[[], Awaitable[Gallery]],
        publish: Callable[[Outgoing], Awaitable[bool]],
        metrics: Metrics,
        gauges: Callable[[], dict[str, Any]],
        in_force: Callable[[], dict[str, str]] = dict,
    ) -> None:
        self._replies = wire.hub(site, wire.REPLY) + "/"
        self._store = store
        self._pictures = pictures
        self._recognizer = recognizer
        self._publish = publish
        self._metrics = metrics
        self._gauges = gauges
        self._in_force = in_force
        self._methods: dict[str, Method] = {
            "enroll": self._enroll,
            "stats": self._stats,
            "likeness": self._group,
            "not_this_person": self._deny,
            "alike": self._alike,
            "advice": self._advise,
        }
        self._review = Review(store, gallery, lambda: recognizer().engine_id)
        self._likeness = Likeness(pictures, recognizer, metrics)
        self._running: set[asyncio.Task[None]] = set()

    def receive(self, method: str, message: Incoming) -> None:
        """Start to serve a request. A request that can't be answered is counted and dropped."""
        reply_to = message.response_topic or ""
        if not reply_to.startswith(self._replies) or not _is_client_id(reply_to[len(self._replies) :]):
            self._metrics.count("rpc_refused", "response_topic")
        elif len(message.correlation or b"") > MAX_CORRELATION:
            self._metrics.count("rpc_refused", "correlation")
        elif len(self._running) >= 2 * MAX_RUNNING:  # not even a refusal has room
            self._metrics.count("rpc_refused", "flood")
        elif len(self._running) >= MAX_RUNNING:
            self._metrics.count("rpc_refused", "busy")
            self._spawn(self._reply(message, RpcError(error="busy", message="The hub serves too many requests.")))
        else:
            self._spawn(self._serve(method, message))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _serve(self, method: str, message: Incoming) -> None:
        try:
            answer = await self._call(method, message.payload)
        except PresenzaError as error:
            reason = error.reason if isinstance(error, InputError) else type(error).__name__.lower()
            self._metrics.count("rpc_refused", reason)
            answer = RpcError(error=reason, message=str(error))
        except Exception:
            log.exception("request failed", method=method)
            self._metrics.count("rpc_refused", "failed")
            answer = RpcError(error="failed", message="The hub failed over this request; its log says more.")
        await self._reply(message, answer)

    async def _call(self, method: str, payload: bytes) -> BaseModel:
        if method not in self._methods:
            raise PayloadRefused("method", "The hub knows no such method.")
        return await self._methods[method](payload)

    async def _reply(self, message: Incoming, answer: BaseModel) -> None:
        assert message.response_topic is not None
        raw = answer.model_dump_json().encode()
        await self._publish(Outgoing(message.response_topic, raw, qos=1, correlation=message.correlation))

    async def _stats(self, payload: bytes) -> BaseModel:
        del payload
        return Stats(**self._metrics.snapshot(), gauges=self._gauges(), in_force=self._in_force())

    async def _group(self, payload: bytes) -> BaseModel:
        return await self._likeness.groups(decode(LikenessRequest, payload))

    async def _alike(self, payload: bytes) -> BaseModel:
        del payload
        return await self._review.pairs()

    async def _advise(self, payload: bytes) -> BaseModel:
        return await self._review.advice(decode(AdviceRequest, payload))

    async def _deny(self, payload: bytes) -> BaseModel:
        request = decode(DenyRequest, payload)
        where = request.event_id, request.face
        if request.undo:
            return await asyncio.to_thread(denial.undo, self._store, *where)
        recognizer = self._recognizer()
        begun = await asyncio.to_thread(denial.begin, self._store, *where)
        picture = await asyncio.to_thread(denial.picture_of, self._pictures, begun)
        finish = partial(denial.finish, engine_id=recognizer.engine_id, by=request.by, at_ms=time_ns() // 1_000_000)
        return await asyncio.to_thread(finish, self._store, begun, await recognizer.look(picture, Skip()))

    async def _enroll(self, payload: bytes) -> BaseModel:
        request, recognizer = decode(EnrollRequest, payload), self._recognizer()
        enrolment = await asyncio.to_thread(
            Enrolment,
            self._store,
            self._pictures,
            recognizer.engine_id,
            request.person_id,
            accept=request.accept,
            allow_duplicate=request.allow_duplicate,
        )
        verdicts = [await self._enroll_photo(enrolment, key, recognizer) for key in request.photos]
        now = await asyncio.to_thread(enrolment.templates)
        codes = [lack.value for lack in lacks(now)]
        return EnrollReply(person_id=request.person_id, photos=verdicts, missing=missing(now), lacks=codes)

    async def _enroll_photo(self, enrolment: Enrolment, key: str, recognizer: Recognizer) -> PhotoVerdict:
        try:
            photo = await asyncio.to_thread(self._pictures.get, key)
        except (NotFound, InputError):
            return refused(key, "missing")
        try:
            analysis = await recognizer.look_at_photo(photo)
        except InvalidImage as error:
            return unreadable(key, error)
        return await asyncio.to_thread(enrolment.add, key, analysis)


def _is_client_id(text: str) -> bool:
    return 0 < len(text) <= 64 and not set(text) & set("/+#$\0")
