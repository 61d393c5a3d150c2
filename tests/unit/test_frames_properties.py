"""Whatever arrives: what is delivered was sent, once, and memory stays bounded."""

import random
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from hub import wire
from hub.errors import ChunkRefused
from hub.frames import Assembler, Limits
from hub.model import Frame
from tests.strategies import Sent, headers, jpegs, on_a_bad_network, sent_frames

SMALL = Limits(open_bytes=12_000, cameras=2, delivered=64)


def receive(assembler: Assembler, arriving: list[tuple[str, bytes]], step_ms: float = 1.0) -> list[Frame]:
    frames = []
    for number, (device, chunk) in enumerate(arriving):
        with suppress(ChunkRefused):
            frames.append(assembler.add(device, chunk, number * step_ms))
        assert assembler.open_bytes <= SMALL.open_bytes
        assert assembler.open_frames <= SMALL.cameras * SMALL.open_per_camera
    return [frame for frame in frames if frame is not None]


@given(on_a_bad_network(), st.sampled_from((0.0, 1.0, 700.0)))
def test_what_is_delivered_is_byte_equal_to_what_was_sent(
    network: tuple[list[Sent], list[tuple[str, bytes]]], step_ms: float
) -> None:
    frames, arriving = network
    sent = {(frame.device, frame.boot_id, frame.frame_id, frame.jpeg) for frame in frames}
    for frame in receive(Assembler(SMALL), arriving, step_ms):
        assert (frame.device, frame.boot_id, frame.frame_id, frame.jpeg) in sent


@given(on_a_bad_network())
def test_each_frame_is_new_only_once(network: tuple[list[Sent], list[tuple[str, bytes]]]) -> None:
    _, arriving = network
    delivered = receive(Assembler(SMALL), arriving * 2)
    new = [frame.key for frame in delivered if not frame.repeat]
    assert len(new) == len(set(new))
    assert all(frame.resent for frame in delivered if frame.repeat)


@given(sent_frames(), st.randoms(use_true_random=False))
def test_without_losses_a_frame_is_delivered_in_any_order(frame: Sent, rng: random.Random) -> None:
    chunks = list(frame.chunks) * 2
    rng.shuffle(chunks)
    delivered = receive(Assembler(), [(frame.device, chunk) for chunk in chunks])
    assert [got.jpeg for got in delivered[:1]] == [frame.jpeg]


@given(on_a_bad_network(), st.randoms(use_true_random=False))
def test_flipped_bytes_never_reach_a_picture(
    network: tuple[list[Sent], list[tuple[str, bytes]]], rng: random.Random
) -> None:
    frames, arriving = network
    damaged = []
    for device, chunk in arriving:
        data = bytearray(chunk)
        if rng.random() < 0.3:
            data[rng.choice((rng.randrange(len(data)), rng.randrange(40)))] ^= 1 << rng.randrange(8)
        damaged.append((device, bytes(data)))
    sent = {frame.jpeg for frame in frames}
    assert all(frame.jpeg in sent for frame in receive(Assembler(SMALL), damaged))


@given(headers, st.binary(max_size=2000), st.booleans())
def test_any_header_is_either_taken_or_refused_by_a_known_reason(
    header: wire.Header, data: bytes, right_length: bool
) -> None:
    if right_length:
        header = header._replace(total=max(1, len(data)), chunk_size=2048, count=1, index=0)
    assembler = Assembler()
    with suppress(ChunkRefused):
        assembler.add("door-1", wire.pack_header(header) + data, 0.0)
    assert set(assembler.counts) <= {"total", "chunk_size", "count", "index", "length", "crc", "not_jpeg"}


@given(st.binary(max_size=200))
def test_garbage_is_refused(raw: bytes) -> None:
    assembler = Assembler()
    with suppress(ChunkRefused):
        assert assembler.add("door-1", raw, 0.0) is None
    assert assembler.counts.total() == 1
    assert assembler.open_bytes == 0


@given(jpegs)
def test_memory_is_free_again_when_everything_has_expired(jpeg: bytes) -> None:
    assembler = Assembler()
    first = wire.Header(0, 1, 1, 0, 0, 0, 1024, 0, 0, 0)
    for header, data in list(wire.split(jpeg, first))[:-1]:
        assembler.add("door-1", header + bytes(data), 0.0)
    assembler.expire(6000.0)
    assert (assembler.open_frames, assembler.open_bytes) == (0, 0)
