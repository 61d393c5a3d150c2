"""Commands of an admin: snapshot, identify, reboot, forget_frames, update. Each is answered once, late ones refused."""

import asyncio
import json

import clock
import slots
import wire
from log import log, why

_QUEUE_MAX = 4
_OPS = wire.OPS + ("update",)  # which the contract leaves to each kind of device


class Commands:
    """`burst` and `frames` are None in safe mode."""

    def __init__(self, uplink, leds, updates, burst=None, frames=None):
        self._uplink = uplink
        self._leds = leds
        self._updates = updates
        self._burst = burst
        self._frames = frames
        self._queue = []
        self._arrived = asyncio.Event()

    def on_command(self, payload):
        """Take a command into the bounded queue; it is answered in `run`. Raises ValueError for what is none."""
        command = json.loads(payload)
        if not isinstance(command["id"], str) or not isinstance(command["op"], str):
            raise ValueError("id and op must be text")
        if len(self._queue) < _QUEUE_MAX:  # beyond that nobody waits for the answer any more
            self._queue.append(command)
            self._arrived.set()

    async def run(self):
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._queue:
                await self._execute(self._queue.pop(0))

    async def _execute(self, command):
        op = command["op"]
        log("command", op)
        now, limit = clock.unix_ms(), command.get("not_after_ms")
        late = bool(now) and isinstance(limit, (int, float)) and now > limit
        if late:
            await self._reply(command, error="late: its time has passed")
        elif op not in _OPS:
            await self._reply(command, error="unknown command")
        else:
            await getattr(self, "_" + op)(command)

    async def _reply(self, command, error=None, data=None):
        answer = {"v": 1, "id": command["id"][:200], "ok": error is None, "error": error, "data": data or {}}
        await self._uplink.publish(wire.CMD, answer, qos=1)

    async def _snapshot(self, command):
        """One frame now; the answer says what the hub made of it."""
        if self._burst is None:
            await self._reply(command, error="safe mode: the camera is off")
            return
        frame_id = await self._burst.snapshot()
        if frame_id is None:
            await self._reply(command, error="the camera is busy, resting or broken")
            return
        outcome = await self._frames.wait_outcome(frame_id, 0)
        await self._reply(command, data={"frame_id": frame_id, "outcome": outcome})

    async def _update(self, command):
        """One step of an update; after the last one the new version starts, on trial."""
        try:
            data = self._updates.step(command.get("args") or {})
        except (OSError, ValueError, LookupError, TypeError, AttributeError, MemoryError) as error:
            log("update", "refused:", why(error))
            await self._reply(command, error="refused: " + why(error))
            return
        await self._reply(command, data=data)
        if data.get("restart"):
            await self._restart()

    async def _identify(self, command):
        self._leds.show("identify")
        await self._reply(command)

    async def _reboot(self, command):
        await self._reply(command)
        await self._restart()

    async def _restart(self):
        await self._uplink.say_goodbye()
        slots.restart()

    async def _forget_frames(self, command):
        await self._reply(command, data={"forgotten": self._frames.forget_all() if self._frames else 0})
