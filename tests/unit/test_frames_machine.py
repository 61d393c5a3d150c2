"""The assembler against a model: cameras that send, lose, repeat, lie, reboot and go silent."""

import random
from contextlib import suppress

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hub import wire
from hub.errors import ChunkRefused
from hub.frames import Assembler, Limits
from hub.model import Frame
from tests.chunks import chunks_of, jpeg_of

DEVICES = ("door-1", "door-2", "door-3")
LIMITS = Limits(open_bytes=16_000, delivered=1000)
devices = st.sampled_from(DEVICES)


class Cameras(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.assembler = Assembler(LIMITS)
        self.now_ms = 0.0
        self.boots = dict.fromkeys(DEVICES, 1)
        self.next_id = dict.fromkeys(DEVICES, 1)
        self.sent: dict[tuple[str, int, int], bytes] = {}
        self.in_flight: list[tuple[str, bytes]] = []
        self.delivered: set[tuple[str, int, int]] = set()

    def _new(self, device: str, size: int) -> tuple[int, int]:
        boot_id, frame_id = self.boots[device], self.next_id[device]
        self.next_id[device] += 1
        self.sent[device, boot_id, frame_id] = jpeg_of(size, seed=frame_id)
        return boot_id, frame_id

    def _add(self, device: str, chunk: bytes) -> Frame | None:
        frame = self.assembler.add(device, chunk, self.now_ms)
        if frame is not None:
            key = (frame.device, frame.boot_id, frame.frame_id)
            assert self.sent[key] == frame.jpeg
            assert frame.repeat == (key in self.delivered)
            assert frame.resent or not frame.repeat
            self.delivered.add(key)
        return frame

    @rule(device=devices, size=st.integers(4, 6000), resent=st.booleans())
    def send_a_whole_frame(self, device: str, size: int, resent: bool) -> None:
        boot_id, frame_id = self._new(device, size)
        jpeg = self.sent[device, boot_id, frame_id]
        chunks = chunks_of(jpeg, boot_id=boot_id, frame_id=frame_id, flags=wire.RESENT if resent else 0)
        frames = [self._add(device, chunk) for chunk in chunks]
        assert frames[-1] is not None

    @rule(device=devices, size=st.integers(4, 6000), flags=st.integers(0, 7))
    def put_a_frame_on_the_way(self, device: str, size: int, flags: int) -> None:
        boot_id, frame_id = self._new(device, size)
        jpeg = self.sent[device, boot_id, frame_id]
        chunks = chunks_of(jpeg, boot_id=boot_id, frame_id=frame_id, flags=flags)
        self.in_flight += [(device, chunk) for chunk in chunks]

    @rule(data=st.data())
    def send_a_frame_again(self, data: st.DataObject) -> None:
        if self.sent:
            device, boot_id, frame_id = key = data.draw(st.sampled_from(sorted(self.sent)))
            chunks = chunks_of(self.sent[key], boot_id=boot_id, frame_id=frame_id, flags=wire.RESENT)
            self.in_flight += [(device, chunk) for chunk in chunks]

    @rule(count=st.integers(1, 6), rng=st.randoms(use_true_random=False), keep=st.booleans())
    def some_chunks_arrive(self, count: int, rng: random.Random, keep: bool) -> None:
        for _ in range(min(count, len(self.in_flight))):
            place = rng.randrange(min(4, len(self.in_flight)))
            device, chunk = self.in_flight[place]
            if not keep:  # else it will arrive a second time
                del self.in_flight[place]
            with suppress(ChunkRefused):
                self._add(device, chunk)

    @rule()
    def all_chunks_on_the_way_are_lost(self) -> None:
        self.in_flight.clear()

    @rule(place=st.integers(0, 50), where=st.integers(0, 2000), bit=st.integers(0, 7))
    def a_damaged_chunk_arrives(self, place: int, where: int, bit: int) -> None:
        if self.in_flight:
            device, chunk = self.in_flight[place % len(self.in_flight)]
            data = bytearray(chunk)
            # The ids and flags are not covered by the CRC: a change there is another frame's chunk.
            data[wire.HEADER_SIZE + where % (len(chunk) - wire.HEADER_SIZE)] ^= 1 << bit
            with suppress(ChunkRefused):
                self._add(device, bytes(data))

    @rule(device=devices)
    def reboot(self, device: str) -> None:
        self.boots[device] += 1
        self.next_id[device] = 1

    @rule(ms=st.sampled_from((1.0, 100.0, 4999.0, 6000.0, -20.0)))
    def time_passes(self, ms: float) -> None:
        self.now_ms += ms

    @rule()
    def expire(self) -> None:
        self.assembler.expire(self.now_ms)

    @invariant()
    def memory_is_bounded(self) -> None:
        assert 0 <= self.assembler.open_bytes <= LIMITS.open_bytes
        assert self.assembler.open_frames <= len(DEVICES) * LIMITS.open_per_camera

    @invariant()
    def only_damage_is_refused(self) -> None:
        dropped = {"expired", "superseded", "crowded", "memory", "restarted"}
        assert set(self.assembler.counts) <= {"crc", "mismatch", "duplicate", "late"} | dropped

    def teardown(self) -> None:
        self.assembler.expire(self.now_ms + 10_000)
        assert (self.assembler.open_frames, self.assembler.open_bytes) == (0, 0)


Cameras.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestCameras = Cameras.TestCase
