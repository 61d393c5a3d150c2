"""What cameras saw and the hub said, for tests of the dashboard."""

import io
import json
import zipfile
from collections.abc import Callable

from PIL import Image

from dashboard.runtime import Runtime
from hub.model import Attendance, Box, Event, FaceResult, FrameKey, Outcome, Status
from hub.payloads import EnrollReply, PhotoVerdict, Result, ResultFace

EIGHT_MS = 1_790_575_200_000  # 2026-09-28 08:00 in Berlin, a Monday
DAY = "2026-09-28"
BOX = Box(100, 300, 250, 150)


def jpeg(width: int = 640, height: int = 480, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (90, 120, 150)).save(out, "JPEG", **options)
    return out.getvalue()


def attended(person_id: str, day: str = DAY, status: Status = Status.PRESENT, at_ms: int = EIGHT_MS) -> Attendance:
    return Attendance(person_id, day, status, at_ms, at_ms + 3_600_000, "door-1", f"e-{person_id}-{day}", distance=0.31)


def see(
    site: Runtime,
    frame_id: int,
    person_id: str | None = None,
    outcome: Outcome = Outcome.UNKNOWN,
    *,
    marks: tuple[Attendance, ...] = (),
    device: str = "door-1",
) -> Event:
    """Keep an event of one face, with its picture."""
    face = FaceResult(BOX, outcome, None, person_id, 0.31 if person_id else None)
    event_id = f"01E{frame_id:05d}"
    picture = f"results/{DAY}/{event_id}.jpg"
    site.pictures.put(picture, jpeg())
    at_ms = EIGHT_MS + frame_id
    event = Event(
        event_id, FrameKey(device, 7, frame_id), frame_id, at_ms, at_ms, outcome, None, (face,), 640, 480, picture
    )
    return site.store.record(event, marks).event


def result(
    frame_id: int,
    person_id: str | None = None,
    outcome: str = "unknown",
    *,
    motion_id: int | None = None,
    **more: object,
) -> Result:
    """What the hub publishes of a frame with one face, or with none."""
    face = ResultFace(box=BOX.as_list(), outcome=Outcome(outcome), person_id=person_id, name="ignored")
    fields = {
        "result_id": f"01R{frame_id:05d}",
        "site": "main",
        "device": "door-1",
        "boot_id": 7,
        "frame_id": frame_id,
        "motion_id": frame_id if motion_id is None else motion_id,
        "captured_ms": EIGHT_MS,
        "received_ms": EIGHT_MS + 100,
        "outcome": Outcome(outcome),
        "faces": [] if outcome == "no_face" else [face],
        "ms": {"total": 80.0},
    }
    return Result(**{**fields, **more})


def judge(*verdicts: dict, lacks: tuple[str, ...] = ()) -> Callable[[bytes], bytes]:
    """A hub that answers so, photo by photo."""

    def answer(payload: bytes) -> bytes:
        keys = json.loads(payload)["photos"]
        told = [PhotoVerdict(photo=key, **each) for key, each in zip(keys, verdicts, strict=True)]
        return EnrollReply(person_id="p-ada", photos=told, lacks=list(lacks)).encode()

    return answer


def zipped(entries: dict[str, bytes], **info: int) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = info.get("external_attr", 0o644 << 16)
            file.writestr(entry, data)
    return out
