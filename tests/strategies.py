"""Hypothesis strategies that several tests share. Append only."""

from dataclasses import dataclass

from hypothesis import strategies as st

from hub import wire
from tests.chunks import chunks_of, jpeg_of

U16 = st.integers(0, 0xFFFF)
U32 = st.integers(0, 0xFFFFFFFF)
U64 = st.integers(0, 0xFFFFFFFFFFFFFFFF)

names = st.from_regex(r"\A[a-z0-9][a-z0-9-]{0,31}\Z", alphabet="abcdefghijklmnopqrstuvwxyz0123456789-")
jpegs = st.builds(jpeg_of, st.integers(4, 6000), st.integers(0, 1000))
headers = st.builds(
    wire.Header,
    flags=st.integers(0, 7), boot_id=U32, frame_id=U32, motion_id=U32, index=U16, count=U16,
    chunk_size=U16, total=U32, crc32=U32, captured_ms=U64,
)  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """A frame as a camera put it on the wire."""

    device: str
    boot_id: int
    frame_id: int
    jpeg: bytes
    chunks: tuple[bytes, ...]


@st.composite
def sent_frames(draw: st.DrawFn, devices: tuple[str, ...] = ("door-1", "door-2")) -> Sent:
    """A small frame of one of two cameras, in one of two boots."""
    device = draw(st.sampled_from(devices))
    boot_id, frame_id = draw(st.integers(1, 2)), draw(st.integers(1, 6))
    jpeg = jpeg_of(draw(st.integers(4, 5000)), seed=draw(st.integers(0, 3)))
    flags = draw(st.sampled_from((0, wire.RESENT, wire.CLOCK_SET, wire.LAST)))
    size = draw(st.sampled_from((1024, 1500, 8192)))
    chunks = chunks_of(jpeg, boot_id=boot_id, frame_id=frame_id, chunk_size=size, flags=flags)
    return Sent(device, boot_id, frame_id, jpeg, tuple(chunks))


@st.composite
def on_a_bad_network(draw: st.DrawFn) -> tuple[list[Sent], list[tuple[str, bytes]]]:
    """Frames of several cameras and their chunks as they arrive: lost, duplicated, out of order, interleaved."""
    frames = draw(st.lists(sent_frames(), min_size=1, max_size=8))
    sent = [(frame.device, chunk) for frame in frames for chunk in frame.chunks]
    copies = draw(st.lists(st.sampled_from((1, 1, 1, 1, 0, 2)), min_size=len(sent), max_size=len(sent)))
    arriving = [chunk for chunk, count in zip(sent, copies, strict=True) for _ in range(count)]
    reach = draw(st.sampled_from((0, 3, len(arriving))))
    late = draw(st.lists(st.integers(0, reach), min_size=len(arriving), max_size=len(arriving)))
    order = sorted(range(len(arriving)), key=lambda place: place + late[place])
    return frames, [arriving[place] for place in order]
