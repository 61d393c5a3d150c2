"""Hypothesis strategies that several tests share. Append only."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from hub import wire
from hub.attendance import Rules
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


# -- attendance: zones whose clocks do something, and the times at which they do it --------------------

# Forward and back by an hour; by half an hour; at midnight; a skipped day; a zone that never changes.
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "America/Havana",
    "Africa/Cairo",
    "Asia/Beirut",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "UTC",
)
FIRST_MS = 1_262_304_000_000  # 2010-01-01
LAST_MS = 2_524_608_000_000  # 2050-01-01
HOUR_MS = 3_600_000


@lru_cache
def clock_changes(zone: str) -> tuple[int, ...]:
    """The instants, in Unix ms, at which a zone's clocks are set between FIRST_MS and LAST_MS."""

    def offset(at_ms: int) -> timedelta | None:
        return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).utcoffset()

    found = []
    for day in range(FIRST_MS, LAST_MS, 24 * HOUR_MS):
        before, after = day, day + 24 * HOUR_MS
        if offset(before) == offset(after):
            continue
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if offset(middle) == offset(before) else (before, middle)
        found.append(after)
    return tuple(found)


@st.composite
def instants(draw: st.DrawFn, zone: str) -> int:
    """An instant in Unix ms: anywhere, or near one at which the zone's clocks are set."""
    changes = clock_changes(zone)
    if not changes or draw(st.booleans()):
        return draw(st.integers(FIRST_MS, LAST_MS))
    return draw(st.sampled_from(changes)) + draw(st.integers(-26 * HOUR_MS, 26 * HOUR_MS))


EARLY = (time(0), time(0, 30), time(1, 30), time(2), time(2, 15), time(2, 30), time(3), time(4))
times_of_day = st.one_of(
    st.sampled_from(EARLY), st.times().map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))
)


@st.composite
def site_rules(draw: st.DrawFn) -> Rules:
    """The day rules of any site."""
    return Rules(ZoneInfo(draw(st.sampled_from(ZONES))), draw(times_of_day), draw(times_of_day))
