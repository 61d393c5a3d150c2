"""Chunks → frames. Pure: no socket, no clock; the time is an argument.

A frame is delivered when it is whole and its length, CRC and JPEG markers are right. Everything else
is refused or dropped, counted by its reason, and memory stays bounded whatever the cameras send.
"""

from binascii import crc32
from collections import Counter
from dataclasses import dataclass, field

from hub import wire
from hub.errors import ChunkRefused
from hub.model import Frame, FrameKey


@dataclass(frozen=True, slots=True)
class Limits:
    """What the assembler may hold. `delivered` is how many frame ids are remembered for each camera."""

    open_per_camera: int = 2
    open_bytes: int = 64 * 1024 * 1024
    open_ms: int = 5000
    cameras: int = 4096
    delivered: int = 256


DEFAULT_LIMITS = Limits()


class NotJpeg(ChunkRefused):
    """A frame that arrived whole and with the right CRC, but isn't a JPEG: to be answered `invalid`."""

    def __init__(self, key: FrameKey, motion_id: int) -> None:
        super().__init__("not_jpeg", "the frame does not begin with FF D8 and end with FF D9")
        self.key = key
        self.motion_id = motion_id


@dataclass(slots=True, eq=False)
class _Open:
    """A frame some chunks of which have come. `chunks` are whole messages, header included, by index."""

    camera: "_Camera"
    ident: int
    header: wire.Header
    first_ms: float
    chunks: list[bytes] = field(default_factory=list)
    missing: int = 0


@dataclass(slots=True, eq=False)
class _Camera:
    name: str
    open: dict[int, _Open] = field(default_factory=dict)  # frame ident -> frame, oldest first
    delivered: dict[int, None] = field(default_factory=dict)  # an ordered set of frame idents


class Assembler:
    """Puts the chunks of all cameras together.

    `counts` holds how often each of these happened. Refused, with ChunkRefused: the reasons of
    `wire.unpack_header`, `mismatch` (header differs from the frame's first chunk), `crc`, `not_jpeg`.
    Ignored: `duplicate` (chunk that is here already), `late` (live chunk of a frame that was delivered).
    Dropped frames: `expired`, `superseded` (a newer live frame was complete first), `crowded` (too many
    open frames of the camera), `memory` (of all cameras), `restarted` (sent again from the start),
    `forgotten` (more cameras than the limit).
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self.counts: Counter[str] = Counter()
        self.open_bytes = 0  # claimed by open frames: never less than what they hold
        self._limits = limits
        self._cameras: dict[str, _Camera] = {}  # by their last whole frame, oldest first
        self._open: dict[_Open, None] = {}  # an ordered set, oldest first

    @property
    def open_frames(self) -> int:
        return len(self._open)

    def add(self, device: str, raw: bytes, now_ms: float) -> Frame | None:
        """Take one chunk in; return the frame that it completes, if any.

        `now_ms` is Unix time. Raises ChunkRefused, or NotJpeg for a whole frame that is no picture.
        """
        try:
            header = wire.unpack_header(raw)
        except wire.WireError as error:
            raise self._refused(error.reason) from None
        camera = self._cameras.get(device) or self._admit(device)
        ident = header.boot_id << 32 | header.frame_id
        if ident in camera.delivered and not header.flags & wire.RESENT:
            self.counts["late"] += 1
            return None
        frame = camera.open.get(ident)
        if frame is not None:
            frame = self._continued(frame, header, now_ms)
        if frame is None and header.count == 1:
            whole = _Open(camera, ident, header, now_ms)
            return self._deliver(whole, memoryview(raw)[wire.HEADER_SIZE :], now_ms)
        return self._keep(frame or self._start(camera, ident, header, now_ms), header.index, raw, now_ms)

    def expire(self, now_ms: float) -> int:
        """Drop the frames that have waited too long for the rest of them; return how many."""
        stale = [frame for frame in self._open if self._is_stale(frame, now_ms)]
        for frame in stale:
            self._drop(frame, "expired")
        return len(stale)

    def _refused(self, reason: str) -> ChunkRefused:
        self.counts[reason] += 1
        return ChunkRefused(reason)

    def _admit(self, device: str) -> _Camera:
        if len(self._cameras) >= self._limits.cameras:
            silent = next(iter(self._cameras.values()))
            for frame in list(silent.open.values()):
                self._drop(frame, "forgotten")
            del self._cameras[silent.name]
        camera = self._cameras[device] = _Camera(device)
        return camera

    def _continued(self, frame: _Open, header: wire.Header, now_ms: float) -> _Open | None:
        """The open frame that this chunk goes on with; None when it has to begin anew."""
        first = frame.header
        if self._is_stale(frame, now_ms):
            self._drop(frame, "expired")
            return None
        if header.flags & wire.RESENT and not first.flags & wire.RESENT:
            self._drop(frame, "restarted")  # the camera gave the live attempt up
            return None
        if header[:4] != first[:4] or header[5:] != first[5:]:  # all but the index
            raise self._refused("mismatch")
        return frame

    def _start(self, camera: _Camera, ident: int, header: wire.Header, now_ms: float) -> _Open:
        while len(camera.open) >= self._limits.open_per_camera:
            self._drop(next(iter(camera.open.values())), "crowded")
        while self.open_bytes + header.total > self._limits.open_bytes and self._open:
            self._drop(next(iter(self._open)), "memory")
        frame = _Open(camera, ident, header, now_ms, [b""] * header.count, header.count)
        camera.open[ident] = frame
        self._open[frame] = None
        self.open_bytes += header.total
        return frame

    def _keep(self, frame: _Open, index: int, raw: bytes, now_ms: float) -> Frame | None:
        if frame.chunks[index]:
            self.counts["duplicate"] += 1
            return None
        frame.chunks[index] = raw
        frame.missing -= 1
        if frame.missing:
            return None
        data = b"".join([memoryview(chunk)[wire.HEADER_SIZE :] for chunk in frame.chunks])
        self._close(frame)
        return self._deliver(frame, data, now_ms)

    def _deliver(self, frame: _Open, data: bytes | memoryview, now_ms: float) -> Frame:
        camera, header = frame.camera, frame.header
        if crc32(data) != header.crc32:
            raise self._refused("crc")
        repeat = frame.ident in camera.delivered
        self._remember(camera, frame.ident)
        if data[:2] != b"\xff\xd8" or data[-2:] != b"\xff\xd9":
            self.counts["not_jpeg"] += 1
            raise NotJpeg(FrameKey(camera.name, header.boot_id, header.frame_id), header.motion_id)
        if not header.flags & wire.RESENT and camera.open:
            self._supersede(camera, header, frame.first_ms)
        # A time that JSON can't carry (2^53) is none; the year 287396 is no camera's.
        clock_set = bool(header.flags & wire.CLOCK_SET) and header.captured_ms < 1 << 53
        return Frame(
            device=camera.name,
            boot_id=header.boot_id,
            frame_id=header.frame_id,
            motion_id=header.motion_id,
            captured_ms=header.captured_ms if clock_set else 0,
            received_ms=int(now_ms),
            jpeg=bytes(data),  # copies only a memoryview
            resent=bool(header.flags & wire.RESENT),
            clock_set=clock_set,
            last=bool(header.flags & wire.LAST),
            repeat=repeat,
            assemble_ms=max(0.0, now_ms - frame.first_ms),
        )

    def _remember(self, camera: _Camera, ident: int) -> None:
        camera.delivered[ident] = None
        if len(camera.delivered) > self._limits.delivered:
            del camera.delivered[next(iter(camera.delivered))]
        self._cameras[camera.name] = self._cameras.pop(camera.name)  # to the end

    def _supersede(self, camera: _Camera, newer: wire.Header, first_ms: float) -> None:
        """Drop the live frames that are older than a complete one. Those of another boot are by their first chunk."""
        for frame in list(camera.open.values()):
            header = frame.header
            if header.flags & wire.RESENT:
                continue
            same_boot = header.boot_id == newer.boot_id
            if header.frame_id < newer.frame_id if same_boot else frame.first_ms <= first_ms:
                self._drop(frame, "superseded")

    def _is_stale(self, frame: _Open, now_ms: float) -> bool:
        # abs: after a clock was set back, a frame must not stay open for hours.
        return abs(now_ms - frame.first_ms) > self._limits.open_ms

    def _drop(self, frame: _Open, reason: str) -> None:
        self.counts[reason] += 1
        self._close(frame)

    def _close(self, frame: _Open) -> None:
        del frame.camera.open[frame.ident]
        del self._open[frame]
        self.open_bytes -= frame.header.total
