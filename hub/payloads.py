"""The JSON payloads of the wire contract: typed, validated, and the source of docs/schemas/.

Everything that arrives over MQTT as JSON is read by `decode`, which refuses what breaks the contract
and ignores fields that it doesn't know.
"""

from itertools import takewhile
from math import isfinite
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from hub import wire
from hub.errors import PayloadRefused
from hub.model import Outcome, Reason, Status

U32 = Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
Millis = Annotated[int, Field(ge=0, lt=1 << 53)]  # 2^53: what every JSON reader can hold exactly
Text = Annotated[str, Field(max_length=200)]


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity; a reader that takes them must not pass them on."""
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("must hold finite numbers only")
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            _finite(each)
    return value


Open = Annotated[dict[str, Any], AfterValidator(_finite)]  # whoever it is for judges its fields
DeviceState = Literal["online", "sleeping", "offline"]


class Payload(BaseModel):
    """Every payload: version 1, strict types, unknown fields ignored, frozen."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)

    v: Literal[1] = 1

    def encode(self) -> bytes:
        return self.model_dump_json().encode()


class DeviceStatus(Payload):
    state: DeviceState
    boot_id: U32
    firmware: Text | None = None
    hardware: Text | None = None
    reset_reason: Text | None = None
    since_ms: Millis | None = None


class Motion(Payload):
    motion_id: U32
    boot_id: U32
    state: Literal["start", "end"]
    source: Literal["pir", "frame", "button", "command"]
    at_ms: Millis


class Telemetry(Payload):
    boot_id: U32
    uptime_s: Millis | None = None
    rssi_dbm: Annotated[int, Field(ge=-200, le=100)] | None = None
    heap_free: Millis | None = None
    psram_free: Millis | None = None
    temperature_c: Annotated[float, Field(ge=-100, le=200)] | None = None
    frames_sent: Millis | None = None
    frames_acked: Millis | None = None
    frames_lost: Millis | None = None
    frames_waiting: Millis | None = None
    capture_failures: Millis | None = None
    reconnects: Millis | None = None
    clock_ms: Millis | None = None


class Ack(Payload):
    boot_id: U32
    frame_id: U32
    motion_id: U32
    outcome: Annotated[Outcome, Field(strict=False)]
    reason: Annotated[Reason | None, Field(strict=False)] = None
    faces: U32 = 0
    hub_ms: Millis = 0
    retry_after_ms: Millis = 0


class FieldError(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    field: Text
    message: Text


class WantedConfig(Payload):
    """What an admin wants; the camera itself judges the fields (`wire.check_config`)."""

    version: U32
    config: Open


class ConfigInForce(Payload):
    version: U32
    state: Literal["applied", "rejected"]
    errors: Annotated[list[FieldError], Field(max_length=50)] = []
    config: Open


class Command(Payload):
    id: Text
    op: Literal["snapshot", "identify", "reboot", "forget_frames"]
    args: Open = {}
    not_after_ms: Millis | None = None


class CommandAnswer(Payload):
    id: Text
    ok: bool
    error: Text | None = None
    data: Open = {}


class HubStatus(Payload):
    state: Literal["online", "offline"]
    hub_id: Text
    version: Text | None = None
    since_ms: Millis | None = None


class ResultAttendance(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    day: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
    status: Annotated[Status, Field(strict=False)]
    first_seen_ms: Millis
    created: bool


class ResultFace(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    box: Annotated[list[int], Field(min_length=4, max_length=4)]
    outcome: Annotated[Outcome, Field(strict=False)]
    reason: Annotated[Reason | None, Field(strict=False)] = None
    person_id: str | None = None
    name: str | None = None
    distance: float | None = None
    margin: float | None = None
    score: float | None = None
    attendance: ResultAttendance | None = None


class Result(Payload):
    result_id: Text
    site: Text
    device: Text
    boot_id: U32
    frame_id: U32
    motion_id: U32
    captured_ms: Millis
    received_ms: Millis
    outcome: Annotated[Outcome, Field(strict=False)]
    reason: Annotated[Reason | None, Field(strict=False)] = None
    width: U32 = 0
    height: U32 = 0
    faces: list[ResultFace] = []
    picture: str | None = None
    ms: dict[str, float] = {}


class EnrollRequest(Payload):
    """Judge photos of the picture store and, with `accept`, add the good ones to the person's templates.

    `allow_duplicate`: somebody made sure that this is another person who looks like one who is enrolled.
    """

    person_id: Text
    photos: Annotated[list[Text], Field(min_length=1, max_length=50)]
    accept: bool = True
    allow_duplicate: bool = False


class PhotoVerdict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    photo: Text
    accepted: bool
    reason: str | None = None
    message: str | None = None
    quality: dict[str, float] | None = None
    duplicate_of: str | None = None
    looks_like: str | None = None


class EnrollReply(Payload):
    """`missing`: what would make recognition surer, a sentence each; `lacks`: the same in words for programs."""

    person_id: Text
    photos: list[PhotoVerdict] = []
    missing: list[str] = []
    lacks: list[str] = []


class AlikePair(BaseModel):
    """Two people; `score` is the share of strangers who are as near; `twice`: probably one, enrolled twice."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    first: Text
    second: Text
    distance: float
    score: float
    twice: bool = False


class AlikeReply(Payload):
    """Who of all people looks alike, the nearest first; `total` counts the pairs where not all are told."""

    people: int
    total: int
    pairs: list[AlikePair] = []


class AdviceRequest(Payload):
    """What would make one person be recognized more surely?"""

    person_id: Text


class AdviceReply(Payload):
    """As in an answer to `enroll`; `alike`: whom the person may be taken for (they are `first`)."""

    person_id: Text
    missing: list[str] = []
    lacks: list[str] = []
    alike: list[AlikePair] = []


class DenyRequest(Payload):
    """“That was not Ada”: a face of an event, by its place in `faces`, isn't whom it was taken for; or `undo` that.

    `by`: who says so.
    """

    event_id: Text
    face: Annotated[int, Field(ge=0, lt=1000)] = 0
    by: Annotated[str, Field(min_length=1, max_length=200)]
    undo: bool = False


class DenyReply(Payload):
    """Whose name the face had. `attendance`: the day on which the person's attendance rests on this event, if any."""

    event_id: Text
    face: int
    person_id: Text
    undone: bool = False
    attendance: str | None = None


class Stats(Payload):
    """The hub's counters, timings by stage (ms), and gauges: what waits, how many people, since when.

    `in_force` are the site's settings as the hub has them now, as text.
    """

    counts: Open
    ms: dict[str, dict[str, float]]
    gauges: Open
    in_force: dict[str, str] = {}


class LikenessFace(BaseModel):
    """A face in a picture of the picture store: `box` as in a result."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    picture: Text
    box: Annotated[list[int], Field(min_length=4, max_length=4)]


class LikenessRequest(Payload):
    """Put faces together that look alike."""

    faces: Annotated[list[LikenessFace], Field(max_length=200)]


class LikenessReply(Payload):
    """The places of the request's faces, group by group, the largest group first."""

    groups: list[list[int]]


class Guard(Payload):
    """`hub/guard`: what the hub has against a camera; the broker cuts it off until it is enabled by hand."""

    device: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    reason: Literal["flood"]


class ClaimRequest(Payload):
    """`claim/request`: a camera without an identity shows its code; the answer goes to `claim/reply/{reply}`."""

    code: Annotated[str, Field(min_length=8, max_length=16)]
    reply: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class ClaimReply(Payload):
    """`claim/reply/{reply}`: `credentials` are those of `presenza device add --json`, null without `ok`."""

    ok: bool
    error: Literal["unknown_code", "too_many", "failed"] | None = None
    credentials: Open | None = None


class RpcError(Payload):
    """The answer to a request that the hub refused."""

    error: str
    message: str


# The payloads of the contract by topic leaf: what docs/schemas/ holds.
CONTRACT: dict[str, type[Payload]] = {
    "status": DeviceStatus,
    "motion": Motion,
    "telemetry": Telemetry,
    "ack": Ack,
    "result": Result,
    "config-wanted": WantedConfig,
    "config-in-force": ConfigInForce,
    "cmd": Command,
    "cmd-answer": CommandAnswer,
    "hub-status": HubStatus,
    "enroll-request": EnrollRequest,
    "enroll-reply": EnrollReply,
    "alike-reply": AlikeReply,
    "advice-request": AdviceRequest,
    "advice-reply": AdviceReply,
    "not-this-person-request": DenyRequest,
    "not-this-person-reply": DenyReply,
    "stats-reply": Stats,
    "rpc-error": RpcError,
    "guard": Guard,
    "claim-request": ClaimRequest,
    "claim-reply": ClaimReply,
}

_MODELS = [each for each in list(vars().values()) if isinstance(each, type) and issubclass(each, BaseModel)]
_FIELD_NAMES = {name for each in _MODELS for name in each.model_fields}

P = TypeVar("P", bound=BaseModel)


def decode(kind: type[P], raw: bytes) -> P:
    """Read a payload that came from outside.

    Raises PayloadRefused with the reason `too_long`, `json` (not JSON, too deep) or `fields`; the
    message names the first field and never repeats its value.
    """
    if len(raw) > wire.MAX_PAYLOAD:
        raise PayloadRefused("too_long", f"{len(raw)} bytes are over {wire.MAX_PAYLOAD}")
    try:
        return kind.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        # Not the keys that the sender chose: they would go into our log.
        where = ".".join(str(part) for part in takewhile(_is_ours, first["loc"]))
        reason = "json" if first["type"] == "json_invalid" else "fields"
        raise PayloadRefused(reason, f"{where}: {first['msg']}" if where else first["msg"]) from None


def _is_ours(part: int | str) -> bool:
    return isinstance(part, int) or part in _FIELD_NAMES
