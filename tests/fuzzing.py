"""Hostile input for everything that the hub reads from the network, and what must hold for each case.

A `Fuzzer` is seeded: the same seed gives the same cases. Each target keeps the state that it has in the
hub (the assembler's open frames, the devices known so far), so that later cases meet what earlier ones left.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from hub import wire
from hub.devices import DeviceBook
from hub.errors import ChunkRefused, PayloadRefused
from hub.frames import DEFAULT_LIMITS, Assembler, NotJpeg
from hub.intake import Intake
from hub.metrics import Metrics
from hub.mqtt import Incoming
from hub.payloads import CONTRACT, Payload, decode
from hub.store.memory import MemoryStore
from tests.chunks import chunks_of, jpeg_of

DEVICES = tuple(f"door-{number}" for number in range(1, 101))
LONGEST_MESSAGE = 300  # of a refusal: nobody may fill the log with what he sends
SECRET = "Ada Example"  # must not come back in a refusal
ODD_NUMBERS = (0, 1, -1, 255, 256, 65535, 65536, 2**31, 2**32 - 1, 2**32, 2**53, 2**64, 10**30, 0.5, -0.0, 1e308)
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    "",
    SECRET,
    [],
    {},
    [[]],
    {"a": {}},
    "\u0000",
    "é\U0001f600",
    "x" * 300,
)
ODD_BYTES = (
    b"\x00",
    b"\xff",
    b"\xff\xd8",
    b"\xff\xd9",
    b"PZ",
    b'"',
    b"{",
    b"[" * 300,
    b"}",
    b"\\ud800",
    b"1e999",
    b"NaN",
)
FIELDS = wire.Header._fields
LEAVES = (wire.STATUS, wire.MOTION, wire.FRAME, wire.TELEMETRY, wire.CONFIG, wire.CMD, wire.ACK, "surprise", "")
WORDS = (
    "presenza",
    "v1",
    "v2",
    "main",
    "door-1",
    "hub",
    "up",
    "down",
    "rpc",
    "enroll",
    "+",
    "#",
    "",
    "$SYS",
    "é",
    "a" * 40,
)


class Broken(AssertionError):
    """A case that the hub must survive, and didn't."""


def mangled(rng: random.Random, raw: bytes) -> bytes:
    """`raw` with one to three things wrong with it."""
    data = bytearray(raw)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(6):
            case 0 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                del data[at:]
            case 2:
                data[at:at] = rng.choice(ODD_BYTES)
            case 3:
                del data[at : at + rng.randrange(1, 9)]
            case 4:
                data += data[at : at + 100]
            case _:
                data[at : at + 4] = rng.randbytes(4)
    return bytes(data)


class Chunks:
    """Chunks of frames that exist, lost, mixed and lied about, into one assembler."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._assembler = Assembler()
        self._now_ms = 0.0
        self._place = 0
        jpegs = [jpeg_of(rng.choice((4, 900, 1024, 5000, 30_000)), seed) for seed in range(20)]
        sizes = (1024, 4096, 8192, wire.CHUNK_MAX)
        self._pool = [
            (rng.choice(DEVICES), chunk)
            for number in range(1, 300)
            for chunk in chunks_of(
                rng.choice(jpegs), frame_id=number, flags=rng.randrange(8), chunk_size=rng.choice(sizes)
            )
        ]

    def case(self) -> str:
        """Feed one chunk; the name of what became of it."""
        rng = self._rng
        self._now_ms += rng.choice((0.0, 0.0, 1.0, 20.0, -5.0))
        if rng.random() < 0.001:
            self._now_ms += rng.choice((6000.0, -100_000.0))
            self._assembler.expire(self._now_ms)
        outcome = self._feed(*self._chunk())
        if self._assembler.open_bytes > DEFAULT_LIMITS.open_bytes:
            raise Broken(f"{self._assembler.open_bytes} bytes are open")
        return outcome

    def _chunk(self) -> tuple[str, bytes]:
        """The next chunk of one of the frames, or something in its place."""
        rng = self._rng
        self._place = max(0, self._place + rng.choice((1, 1, 1, 1, 1, 1, 0, 2, -1)))
        boot_id, place = divmod(self._place, len(self._pool))
        device, chunk = self._pool[place]
        chunk = chunk[:4] + boot_id.to_bytes(4) + chunk[8:]  # each time round another boot: frames are new
        match rng.randrange(12):
            case 0:
                return device, mangled(rng, chunk)
            case 1:
                return device, self._lie(chunk)
            case 2:
                return rng.choice(DEVICES), chunk
            case 3 if rng.random() < 0.2:
                return device, rng.randbytes(rng.randrange(100))
        return device, chunk

    def _lie(self, chunk: bytes) -> bytes:
        """A well-formed header that says something else."""
        name = self._rng.choice(FIELDS)
        top = 2**64 if name == "captured_ms" else 2**8 if name == "flags" else 2**16
        value = self._rng.choice((0, 1, self._rng.randrange(top), top - 1))
        header = wire.unpack_header(chunk)._replace(**{name: value})
        return wire.pack_header(header) + chunk[wire.HEADER_SIZE :]

    def _feed(self, device: str, chunk: bytes) -> str:
        try:
            frame = self._assembler.add(device, chunk, self._now_ms)
        except NotJpeg:
            return "not_jpeg"
        except ChunkRefused as refusal:
            _check_refusal(refusal.reason, str(refusal))
            return refusal.reason
        if frame is None:
            return "kept"
        if not 0 < len(frame.jpeg) <= wire.MAX_FRAME or frame.jpeg[:2] != b"\xff\xd8":
            raise Broken(f"{len(frame.jpeg)} bytes were delivered that are no frame")
        return "frame"


class Jsons:
    """Payloads of every kind, changed as objects and as bytes."""

    def __init__(self, rng: random.Random, examples: dict[str, Sequence[dict[str, Any]]]) -> None:
        self._rng = rng
        self._examples = [(CONTRACT[name], example) for name, each in examples.items() for example in each]

    def case(self) -> str:
        kind, raw = self.payload()
        return _read(kind, raw)

    def payload(self) -> tuple[type[Payload], bytes]:
        """A payload, and the kind that it may be of."""
        rng = self._rng
        kind, example = rng.choice(self._examples)
        if rng.random() < 0.02:
            kind = rng.choice(self._examples)[0]
        value: Any = json.loads(json.dumps(example))
        for _ in range(rng.randrange(3)):
            self._change(value)
        raw = json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
        if rng.random() < 0.3:
            raw = mangled(rng, raw)
        if rng.random() < 0.001:
            raw = rng.choice((raw * 400, b"[" * 50_000, b'{"a":' * 9_000, rng.randbytes(70_000)))
        return kind, raw

    def _change(self, value: Any) -> None:
        """Put something odd somewhere into an object, at any depth."""
        rng = self._rng
        while isinstance(value, dict) and value:
            key = rng.choice(list(value))
            inner = value[key]
            if isinstance(inner, list) and inner and isinstance(inner[0], dict) and rng.random() < 0.6:
                inner = inner[0]
            if isinstance(inner, dict) and inner and rng.random() < 0.6:
                value = inner
                continue
            if rng.random() < 0.15:
                del value[key]
            elif rng.random() < 0.15:
                value[rng.choice((SECRET, "", "__class__", "x" * 400))] = self._odd()
            else:
                value[key] = self._odd()
            return

    def _odd(self) -> Any:
        rng = self._rng
        if rng.random() < 0.5:
            return rng.choice(ODD_NUMBERS)
        value = rng.choice(ODD_VALUES)
        if rng.random() < 0.05:
            for _ in range(rng.randrange(600)):
                value = [value]
        return value


class Topics:
    """Topics, nearly ours."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def case(self) -> str:
        topic = self.topic()
        try:
            parsed = wire.parse_topic(topic)
        except wire.WireError:
            return "topic"
        if not wire.is_name(parsed.site) or not wire.is_name(parsed.device):
            raise Broken("a topic was taken whose names are none")
        return "hub" if parsed.device == wire.HUB else "device"

    def topic(self) -> str:
        rng = self._rng
        match rng.randrange(4):
            case 0 | 1:
                topic = rng.choice((wire.up, wire.down))("main", rng.choice(DEVICES), rng.choice(LEAVES))
            case 2:
                topic = wire.hub("main", rng.choice(("status", "results", "rpc/enroll", "rpc/" + SECRET, "reply/a")))
            case _:
                start = rng.choice((wire.ROOT + "/", wire.ROOT + "/main/", ""))
                topic = start + "/".join(rng.choice(WORDS) for _ in range(rng.randrange(8)))
        if rng.random() < 0.2:
            topic = mangled(rng, topic.encode()).decode("utf-8", "replace")
        return topic


class Messages:
    """Whole messages into the hub's intake, as the MQTT client hands them over."""

    def __init__(self, rng: random.Random, jsons: Jsons, topics: Topics) -> None:
        self._rng = rng
        self._jsons = jsons
        self._topics = topics
        self._metrics = Metrics()
        self._book = DeviceBook(MemoryStore())
        self._intake = Intake(_Sink(), self._book, _Sink(), self._metrics)  # type: ignore[arg-type]

    def case(self) -> str:
        _, payload = self._jsons.payload()
        topic = self._topics.topic()
        self._intake.receive(Incoming(topic, payload, retained=self._rng.random() < 0.2))
        counters = len(self._metrics._counts)
        if counters > 100:
            raise Broken(f"there are {counters} counters: outsiders must not be able to make more")
        return "taken"


class _Sink:
    """Stands for the pipeline and rpc, which have tests of their own."""

    def receive(self, who: str, what: object) -> None:
        pass


def _read(kind: type[Payload], raw: bytes) -> str:
    try:
        payload = decode(kind, raw)
    except PayloadRefused as refusal:
        _check_refusal(refusal.reason, str(refusal))
        return refusal.reason
    again = decode(kind, payload.encode())
    if again != payload:
        raise Broken(f"a {kind.__name__} changes when it is passed on")
    return "read"


def _check_refusal(reason: str, message: str) -> None:
    if not reason.replace("_", "").isalpha() or len(reason) > 20:
        raise Broken(f"the reason {reason[:50]!r} is no fixed word")
    if SECRET in message or len(message) > LONGEST_MESSAGE:
        raise Broken("a refusal repeats what was sent")


class Fuzzer:
    """Runs cases of all targets in turn, and counts what became of them: (target, outcome) -> how often."""

    def __init__(self, seed: int, examples: dict[str, Sequence[dict[str, Any]]]) -> None:
        rng = random.Random(seed)
        jsons, topics = Jsons(rng, examples), Topics(rng)
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.done = 0
        self._targets: dict[str, Callable[[], str]] = {
            "chunks": Chunks(rng).case,
            "payloads": jsons.case,
            "topics": topics.case,
            "messages": Messages(rng, jsons, topics).case,
        }

    def run(self, cases: int) -> None:
        """Raises Broken at the first case that does not go as it must; `done` is its number."""
        names = list(self._targets)
        for _ in range(cases):
            name = names[self.done % len(names)]
            try:
                outcome = self._targets[name]()
            except Broken:
                raise
            except Exception as error:
                raise Broken(f"{name}: {type(error).__name__}: {error}") from error
            self.outcomes[name, outcome] += 1
            self.done += 1
