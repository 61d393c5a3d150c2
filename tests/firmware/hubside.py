"""The hub's side for tests: the product's own assembler, and answers as the test wants them."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import aiomqtt

import broker
from hub import wire
from hub.errors import ChunkRefused
from hub.frames import Assembler
from hub.model import Frame
from hub.payloads import CONTRACT, decode
from tests.integration.brokers import Site

WAIT_S = 30.0
KINDS = {
    "status": "status",
    "motion": "motion",
    "telemetry": "telemetry",
    "config": "config-in-force",
    "cmd": "cmd-answer",
}
Answer = Callable[[Frame], "dict[str, Any] | None"]


def ack(frame: Frame, outcome: str = "unknown", **more: Any) -> dict[str, Any]:
    return {
        "v": 1, "boot_id": frame.boot_id, "frame_id": frame.frame_id, "motion_id": frame.motion_id,
        "outcome": outcome, "reason": None, "faces": 1, "hub_ms": 1, "retry_after_ms": 0, **more,
    }  # fmt: skip


class HubSide:
    """Records what a camera says, holds each payload against the contract, and answers each whole frame."""

    def __init__(self, site: Site, device: str = "door-1") -> None:
        self.site = site
        self.device = device
        self.answer: Answer = ack
        self.frames: list[Frame] = []
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.problems: list[str] = []
        self.assembler = Assembler()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._client: aiomqtt.Client | None = None

    async def __aenter__(self) -> "HubSide":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop("offline")

    async def start(self) -> None:
        ready = asyncio.Event()
        self._task = asyncio.create_task(self._run(ready))
        await asyncio.wait([self._task, asyncio.create_task(ready.wait())], return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            self._task.result()

    async def stop(self, state: str = "") -> None:
        """Go; with `state`, leave that as the hub's status behind."""
        task, self._task = self._task, None
        if task is None:
            return
        if state and not task.done():
            await self.publish_status(state)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._client = None

    async def publish_status(self, state: str) -> None:
        assert self._client is not None
        payload = {"v": 1, "state": state, "hub_id": "test", "since_ms": int(time.time() * 1000)}
        await self._client.publish(wire.hub(self.site.settings.site, "status"), json.dumps(payload), 1, retain=True)

    async def send_ack(self, payload: dict[str, Any] | bytes) -> None:
        assert self._client is not None
        raw = payload if isinstance(payload, bytes) else json.dumps(payload)
        await self._client.publish(self._down("ack"), raw, 1)

    async def until(self, condition: Callable[[], Any], wait_s: float = WAIT_S) -> Any:
        """Wait until `condition()` holds, looked at after each message."""
        deadline = time.monotonic() + wait_s
        while not (value := condition()):
            self._news.clear()
            left = deadline - time.monotonic()
            try:
                await asyncio.wait_for(self._news.wait(), max(left, 0))
            except TimeoutError:
                raise AssertionError(
                    f"never came; messages: {self.messages[-10:]}, {len(self.frames)} frames"
                ) from None
        return value

    async def message(self, leaf: str, wait_s: float = WAIT_S, **fields: Any) -> dict[str, Any]:
        """The latest message of a leaf that has these fields, waited for."""

        def latest() -> dict[str, Any] | None:
            for name, payload in reversed(self.messages):
                if name == leaf and all(payload.get(k) == v for k, v in fields.items()):
                    return payload
            return None

        found: dict[str, Any] = await self.until(latest, wait_s)
        return found

    def messages_of(self, leaf: str) -> list[dict[str, Any]]:
        return [payload for name, payload in self.messages if name == leaf]

    def forget(self) -> None:
        self.messages.clear()
        self.frames.clear()

    def _down(self, leaf: str) -> str:
        return wire.down(self.site.settings.site, self.device, leaf)

    async def _run(self, ready: asyncio.Event) -> None:
        settings = self.site.settings
        user, password = broker.credentials(settings, "hub")
        async with aiomqtt.Client(
            "127.0.0.1", settings.mqtt_local_port, username=user, password=password, protocol=aiomqtt.ProtocolVersion.V5
        ) as client:
            self._client = client
            await client.subscribe(wire.up(settings.site, self.device, "#"), 1)
            await self.publish_status("online")
            ready.set()
            async for message in client.messages:
                leaf = wire.parse_topic(str(message.topic)).leaf
                raw = bytes(message.payload)  # type: ignore[arg-type]
                await (self._chunk(raw) if leaf == "frame" else self._json(leaf, raw))
                self._news.set()

    async def _chunk(self, raw: bytes) -> None:
        try:
            frame = self.assembler.add(self.device, raw, time.time() * 1000)
        except ChunkRefused as error:
            self.problems.append(error.reason)
            return
        if frame is None:
            return
        self.frames.append(frame)
        answer = self.answer(frame)
        if answer is not None:
            await self.send_ack(answer)

    async def _json(self, leaf: str, raw: bytes) -> None:
        decode(CONTRACT[KINDS[leaf]], raw)
        self.messages.append((leaf, json.loads(raw)))


class AdminSide:
    """What a dashboard does to a camera: wanted configuration and commands."""

    def __init__(self, site: Site, device: str = "door-1") -> None:
        self.site = site
        self.device = device

    async def want(self, config: dict[str, Any] | None, version: int = 1) -> None:
        raw = b"" if config is None else json.dumps({"v": 1, "version": version, "config": config}).encode()
        await self.publish("config", raw, retain=True)

    async def command(self, op: str, ident: str = "c-1", **more: Any) -> None:
        await self.publish("cmd", json.dumps({"v": 1, "id": ident, "op": op, "args": {}, **more}).encode())

    async def publish(self, leaf: str, raw: bytes, *, retain: bool = False) -> None:
        settings = self.site.settings
        user, password = broker.credentials(settings, "dashboard")
        async with aiomqtt.Client(
            "127.0.0.1", settings.mqtt_local_port, username=user, password=password, protocol=aiomqtt.ProtocolVersion.V5
        ) as client:
            await client.publish(wire.down(settings.site, self.device, leaf), raw, 1, retain=retain)
