"""What has been seen lately: the rows of the feed and the state of hub and cameras. Pure: no clock, no I/O.

A row is one visit: what one motion of one camera showed of one person. Later frames of the same visit
change its row instead of adding another.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from hub.model import RANK, Event, FrameKey, Outcome
from hub.payloads import CommandAnswer, ConfigInForce, DeviceStatus, HubStatus, Motion, Result, Telemetry

ROWS = 200
SHOWN = frozenset(Outcome) - {Outcome.NO_FACE, Outcome.BUSY, Outcome.INVALID, Outcome.ERROR}
STRANGERS = frozenset({Outcome.UNKNOWN, Outcome.SPOOF})
UNKNOWN_NOW_MS = 3 * 60 * 1000  # "unknown now" on the tiles: within so much time


@dataclass(frozen=True, slots=True)
class Row:
    """One visit. `face` is the place of the best face in the event; `times` how many frames showed it."""

    row_id: str
    event_id: str
    face: int
    device: str
    at_ms: int
    captured_ms: int
    outcome: Outcome
    reason: str | None = None
    person_id: str | None = None
    distance: float | None = None
    score: float | None = None
    hub_ms: float | None = None
    late: bool = False
    picture: bool = False
    times: int = 1


@dataclass(frozen=True, slots=True)
class Camera:
    """What a camera last said, and what it last sent."""

    device: str
    seen_ms: int = 0
    status: DeviceStatus | None = None
    telemetry: Telemetry | None = None
    config: ConfigInForce | None = None
    motion: Motion | None = None
    frame_ms: int = 0
    outcome: Outcome | None = None
    outcomes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changes:
    """What is new since the last `take`: the rows' and cameras' ids."""

    rows: tuple[str, ...]
    cameras: tuple[str, ...]
    attendance: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """The feed at one moment, to be rendered in a thread: rows newest first."""

    rows: tuple[Row, ...]
    cameras: Mapping[str, Camera]
    strangers: int


class Feed:
    """Takes in what the relay receives and what the store holds."""

    def __init__(self) -> None:
        self.rows: OrderedDict[str, Row] = OrderedDict()  # oldest first
        self.cameras: dict[str, Camera] = {}
        self.hub: HubStatus | None = None
        self.counts: Counter[str] = Counter()
        self._seen: OrderedDict[str, None] = OrderedDict()  # ids of results that are in
        self._rows: dict[str, None] = {}
        self._cameras: dict[str, None] = {}
        self._attendance = True

    # -- what comes in ------------------------------------------------------
    def result(self, result: Result) -> None:
        """A result of the hub; one that was in before changes nothing."""
        if not self._new(result.result_id):
            return
        self.counts[f"outcome.{result.outcome}"] += 1
        camera = self._camera(result.device, result.received_ms)
        outcomes = Counter(camera.outcomes)
        outcomes[result.outcome] += 1
        self._put_camera(replace(camera, frame_ms=result.received_ms, outcome=result.outcome, outcomes=outcomes))
        for row in _rows_of_result(result):
            self._put_row(row)

    def event(self, event: Event) -> None:
        """An event of the store: fills what was missed while the line was down, and what was corrected since."""
        if self._new(event.event_id):
            for row in _rows_of_event(event):
                self._put_row(row)
        else:
            self.renamed(event)

    def status(self, device: str, status: DeviceStatus, now: int) -> None:
        self._put_camera(replace(self._camera(device, now), status=status))

    def telemetry(self, device: str, telemetry: Telemetry, now: int) -> None:
        self._put_camera(replace(self._camera(device, now), telemetry=telemetry))

    def config(self, device: str, config: ConfigInForce, now: int) -> None:
        self._put_camera(replace(self._camera(device, now), config=config))

    def motion(self, device: str, motion: Motion, now: int) -> None:
        self._put_camera(replace(self._camera(device, now), motion=motion))

    def answer(self, device: str, answer: CommandAnswer, now: int) -> None:
        self._put_camera(self._camera(device, now))

    def seen(self, device: str, at_ms: int) -> None:
        """When the store last heard of a camera, for cameras that have been silent since this process began."""
        camera = self.cameras.get(device)
        if camera is None or camera.seen_ms < at_ms:
            self._put_camera(self._camera(device, at_ms))

    def forget_camera(self, device: str) -> None:
        if self.cameras.pop(device, None):
            self._cameras[device] = None

    def attendance_changed(self) -> None:
        """Somebody's day was corrected, or people changed."""
        self._attendance = True

    def renamed(self, event: Event) -> None:
        """Somebody said who a face isn't, or is, or took that back: its row follows."""
        for row in [row for row in self.rows.values() if row.event_id == event.event_id]:
            face = event.faces[row.face] if row.face < len(event.faces) else None
            if face is None or face.person_id == row.person_id or face.outcome in STRANGERS:
                continue  # a stranger whom somebody named by hand was a stranger then
            outcome = Outcome.UNKNOWN if face.person_id is None else face.outcome
            self.rows[row.row_id] = replace(row, person_id=face.person_id, outcome=outcome)
            self._rows[row.row_id] = None

    def people(self) -> set[str]:
        """The ids of everybody who is shown."""
        return {row.person_id for row in self.rows.values() if row.person_id is not None}

    def forget_person(self, person_id: str) -> None:
        for row_id in [row_id for row_id, row in self.rows.items() if row.person_id == person_id]:
            del self.rows[row_id]

    # -- what goes out ------------------------------------------------------
    @property
    def changed(self) -> bool:
        return bool(self._rows or self._cameras or self._attendance)

    def take(self) -> Changes:
        """What changed since the last time."""
        changes = Changes(tuple(self._rows), tuple(self._cameras), self._attendance)
        self._rows, self._cameras, self._attendance = {}, {}, False
        return changes

    def moment(self, now: int) -> Moment:
        """A copy of what is shown; `strangers`: how many visits of unknown people there were just now."""
        rows = tuple(reversed(self.rows.values()))
        strangers = sum(1 for row in rows if row.outcome in STRANGERS and row.at_ms > now - UNKNOWN_NOW_MS)
        return Moment(rows, dict(self.cameras), strangers)

    # -- inside -------------------------------------------------------------
    def _new(self, result_id: str) -> bool:
        if result_id in self._seen:
            return False
        self._seen[result_id] = None
        while len(self._seen) > 10 * ROWS:
            self._seen.popitem(last=False)
        return True

    def _camera(self, device: str, now: int) -> Camera:
        known = self.cameras.get(device) or Camera(device)
        return replace(known, seen_ms=max(known.seen_ms, now))

    def _put_camera(self, camera: Camera) -> None:
        self.cameras[camera.device] = camera
        self._cameras[camera.device] = None

    def _put_row(self, row: Row) -> None:
        before = self.rows.pop(row.row_id, None)
        self.rows[row.row_id] = merge(before, row) if before else row
        self._rows[row.row_id] = None
        self._attendance |= row.outcome is Outcome.RECOGNIZED
        while len(self.rows) > ROWS:
            self.rows.popitem(last=False)


def merge(before: Row, row: Row) -> Row:
    """Two sightings of one visit: the better outcome stays, the newer time counts."""
    best = before if RANK[before.outcome] < RANK[row.outcome] else row
    return replace(best, at_ms=max(before.at_ms, row.at_ms), times=before.times + 1)


def _rows_of_result(result: Result) -> Iterable[Row]:
    key = FrameKey(result.device, result.boot_id, result.frame_id)
    for place, face in enumerate(result.faces):
        if face.outcome in SHOWN:
            yield Row(
                _visit(key, result.motion_id, face.person_id, face.outcome, place),
                result.result_id,
                place,
                result.device,
                result.received_ms,
                result.captured_ms,
                face.outcome,
                face.reason,
                face.person_id,
                face.distance,
                face.score,
                result.ms.get("total"),
                bool(face.attendance and face.attendance.created and face.attendance.status == "late"),
                bool(result.picture),
            )


def _rows_of_event(event: Event) -> Iterable[Row]:
    for place, face in enumerate(event.faces):
        if face.outcome in SHOWN:
            yield Row(
                _visit(event.key, event.motion_id, face.person_id, face.outcome, place),
                event.event_id,
                place,
                event.key.device,
                event.received_ms,
                event.captured_ms,
                face.outcome,
                face.reason,
                face.person_id,
                face.distance,
                face.score,
                picture=bool(event.picture),
            )


def _visit(key: FrameKey, motion_id: int, person_id: str | None, outcome: Outcome, place: int) -> str:
    """The id of the visit that a face belongs to; without a motion each frame is a visit."""
    who = person_id if outcome in (Outcome.RECOGNIZED, Outcome.ALREADY_MARKED) and person_id else f"{outcome}-{place}"
    moment = f"m{motion_id}" if motion_id else f"f{key.frame_id}"
    return f"{key.device}-{key.boot_id:x}-{moment}-{who}"
