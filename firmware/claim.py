"""A camera without an identity claims one: it shows a one-time code and gets credentials (docs/wire.md, "Claiming").

    code in node.json, or typed at the serial port -> asked for -> answered -> node.json written anew -> restart

The number under which the answer comes is written down before the question is asked, so whatever is lost
after that, the power included, the same question gets the same answer.
"""

import asyncio
import json
import os
import sys
from binascii import hexlify

import link
import mqtt
import slots
import wire
from log import log, why

_ERRORS = (OSError, ValueError, EOFError, asyncio.TimeoutError)
_ANSWER_MS = 10_000
_LIGHT_EVERY_MS = 3000
# A code that is wrong stays wrong, and the broker hears 60 wrong ones a minute from all cameras together.
_REFUSED_MS = (10_000, 300_000)
_FULL_MS = 60_000
_CODE_LENGTH = 8
_GIVEN = ("device", "username", "password")
_SENTENCES = {
    "unknown_code": "the code is wrong, used or over; make a new one: presenza device invite",
    "too_many": "too many wrong codes came lately; the same again in a minute",
    "failed": "the broker could not do it; the same again",
}


class Claim:
    def __init__(self, node, leds):
        self._node = node
        self._leds = leds
        self._link = link.Link(node)
        self._tls = link.tls_context(node)
        self._news = asyncio.Event()  # a code was typed

    async def run(self):
        """Return when node.json holds an identity."""
        asyncio.create_task(self._listen())
        asyncio.create_task(self._blink())
        log("claim", "this camera has no identity; type a code of `presenza device invite`, then Enter")
        failing, refused = link.Backoff(), link.Backoff(*_REFUSED_MS)
        while True:
            if not self._node.get("claim"):
                await self._news.wait()
                self._news.clear()
            error = await self._attempt()
            if error is None:
                return
            pause_ms = failing.next_ms()
            if error == "unknown_code":
                pause_ms = refused.next_ms()
            elif error == "too_many":
                pause_ms += _FULL_MS
            if await self._typed_within(pause_ms):
                failing.reset()
                refused.reset()

    async def _typed_within(self, pause_ms):
        """Wait; True as soon as another code is typed."""
        log("claim", "again in", pause_ms, "ms")
        try:
            await asyncio.wait_for_ms(self._news.wait(), pause_ms)
        except asyncio.TimeoutError:
            return False
        self._news.clear()
        return True

    async def _attempt(self):
        """Ask once; None when it was given an identity, else why not, in a word."""
        try:
            answer = await self._ask()
            if answer["ok"]:
                self._keep(answer["credentials"])
                return None
            error = answer["error"]
        except mqtt.Refused:
            log("claim", "the broker lets nobody in: no code is open; make one: presenza device invite")
            return "closed"
        except (LookupError, TypeError, AttributeError, MemoryError, RuntimeError):
            error = "answer"
        except _ERRORS as problem:
            log("claim", "no answer:", why(problem))
            return "away"
        log("claim", "refused:", _SENTENCES.get(error, "the answer makes no sense"))
        self._leds.show("error")
        return error

    async def _ask(self):
        node, answers, arrived = dict(self._node), [], asyncio.Event()  # another code may be typed meanwhile

        def on_message(topic, payload):
            answers.append(payload)
            arrived.set()

        await self._link.up()
        client = mqtt.Client(on_message, timeout_ms=node.get("timeout_ms", _ANSWER_MS))
        try:
            await client.connect(node["host"], node["port"], wire.CLAIM, wire.CLAIM, wire.CLAIM, self._tls)
            await client.subscribe([wire.claim(node["site"], wire.REPLY + "/" + node["claim_nonce"])])
            question = {"v": 1, "code": node["claim"], "reply": node["claim_nonce"]}
            await client.publish(wire.claim(node["site"], wire.REQUEST), json.dumps(question).encode(), qos=1)
            await asyncio.wait_for_ms(arrived.wait(), _ANSWER_MS)
        finally:
            client.close()
        return json.loads(answers[0])

    def _keep(self, credentials):
        """Host, port and CA stay those by which the broker was reached."""
        given = {name: credentials[name] for name in _GIVEN}
        if any(not isinstance(value, str) for value in given.values()) or not wire.is_name(given["device"]):
            raise TypeError
        node = {name: value for name, value in self._node.items() if name not in ("claim", "claim_nonce")}
        node.update(given)
        _save(node)
        log("claim", "this camera is", given["device"], "now")
        self._leds.show("recognized")

    async def _listen(self):
        lines = asyncio.StreamReader(sys.stdin)
        while True:
            line = await lines.readline()
            if not line:
                return
            self._take(line.decode())

    def _take(self, line):
        """A line that was typed; `claim` may stand before the code."""
        code = "".join([c for c in line.strip().upper().replace("CLAIM ", "") if c not in "- "])
        if not code:
            return
        if len(code) != _CODE_LENGTH or any(not ("0" <= c <= "9" or "A" <= c <= "Z") for c in code):
            log("claim", "that is no code; one looks like 7F3K-M2QX")
            return
        self.begin(code)
        self._news.set()

    def begin(self, code):
        """Draw the number under which the answer to a new code will come, and write both down."""
        self._node.update({"claim": code, "claim_nonce": str(hexlify(os.urandom(16)), "ascii")})
        _save(self._node)

    async def _blink(self):
        while True:
            self._leds.show("unclaimed")
            await asyncio.sleep_ms(_LIGHT_EVERY_MS)


async def run(node, leds):
    """Claim an identity, and start anew with it."""
    claim = Claim(node, leds)
    if node.get("claim") and "claim_nonce" not in node:
        claim.begin(node["claim"])
    await claim.run()
    slots.healthy()
    await asyncio.sleep_ms(1500)  # the light that says so
    slots.restart()


def _save(node):
    """Write beside and rename: a power cut leaves the old file or the new one."""
    with open("node.json.new", "w") as file:
        json.dump(node, file)
    os.rename("node.json.new", "node.json")
