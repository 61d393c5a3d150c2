"""What a dashboard may ask, and what is answered to whom."""

import asyncio
import json
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hub import attendance
from hub.attendance import Rules
from hub.errors import InvalidImage
from hub.faces import PhotoAnalysis
from hub.identity import Gallery
from hub.metrics import Metrics
from hub.model import (
    Analysis,
    Box,
    Consent,
    Event,
    Face,
    FacePlace,
    FaceResult,
    Frame,
    Outcome,
    Person,
    Quality,
    Reason,
    Skip,
)
from hub.mqtt import Incoming
from hub.recognizer import Recognizer
from hub.rpc import MAX_RUNNING, Rpc
from hub.store.memory import MemoryStore
from hub.store.pictures import MemoryPictures
from hub.tracks import Tracks

FINE = Quality(120, 100.0, 120.0, 0.1, 0.9)
RULES = Rules(ZoneInfo("UTC"))
NOW = 1_790_000_000_000
REPLY = "presenza/v1/main/hub/reply/dashboard-1"


def vector(axis: int) -> np.ndarray:
    made = np.zeros(128, np.float32)
    made[axis] = 1
    return made


async def look(photo: bytes) -> PhotoAnalysis:
    what = photo.decode()
    if what == "garbage":
        raise InvalidImage("decode", "This is no picture.")
    if what.isdigit():
        return PhotoAnalysis(b"upright", 1, FINE, None, (vector(int(what)), vector(int(what))))
    if what == "blurred":
        return PhotoAnalysis(b"upright", 1, FINE, Reason.BLURRED, ())
    return PhotoAnalysis(b"upright", {"wall": 0, "crowd": 3}[what])


async def look_at_frame(jpeg: bytes, skip: Skip) -> Analysis:
    assert skip.people is None
    return Analysis(640, 480, (Face(Box(10, 50, 50, 10), FINE, None, vector(int(jpeg))),))


class Site:
    def __init__(self) -> None:
        self.store, self.pictures, self.metrics = MemoryStore(), MemoryPictures(), Metrics()
        for person_id in ("ada", "bob"):
            self.store.add_person(Person(person_id, person_id, "", "", Consent("yes", "test", 1, "1"), 1))
        self.sent = []
        self.rpc = Rpc(
            "main",
            store=self.store,
            pictures=self.pictures,
            recognizer=lambda: Recognizer("engine", Tracks(1.0), look_at_frame, look),
            gallery=self.gallery,
            publish=self.publish,
            metrics=self.metrics,
            gauges=lambda: {"frames_waiting": 0},
        )

    async def gallery(self) -> Gallery:
        return Gallery(self.store.templates("engine"))

    async def publish(self, message) -> bool:
        self.sent.append(message)
        return True

    async def ask(self, method: str, request: object, reply_to: str | None = REPLY) -> dict | None:
        payload = request if isinstance(request, bytes) else json.dumps(request).encode()
        self.rpc.receive(method, Incoming("hub/rpc", payload, False, reply_to, b"17"))
        while self.rpc._running:
            await asyncio.gather(*self.rpc._running)
        if not self.sent:
            return None
        message = self.sent.pop()
        assert (message.topic, message.correlation) == (REPLY, b"17")
        return json.loads(message.payload)

    async def enroll(self, person_id: str, *photos: str, **more: object) -> list[dict]:
        keys = [f"uploads/{n}" for n in range(len(photos))]
        for key, photo in zip(keys, photos, strict=True):
            self.pictures.put(key, photo.encode())
        answer = await self.ask("enroll", {"v": 1, "person_id": person_id, "photos": keys, **more})
        return answer["photos"]


@pytest.fixture
def site() -> Site:
    return Site()


async def test_a_good_photo_is_kept_with_its_templates(site):
    (verdict,) = await site.enroll("ada", "0")
    assert verdict["accepted"]
    (photo,) = site.store.photos("ada")
    assert site.pictures.get(photo.key) == b"upright"
    assert len(site.store.templates("engine")) == 2


@pytest.mark.parametrize(
    ("photo", "reason"),
    [("wall", "no_face"), ("crowd", "several_faces"), ("blurred", "blurred"), ("garbage", "decode")],
)
async def test_a_bad_photo_is_refused_with_its_reason_and_a_sentence(site, photo, reason):
    (verdict,) = await site.enroll("ada", photo)
    assert (verdict["accepted"], verdict["reason"]) == (False, reason)
    assert verdict["message"].endswith(".")
    assert site.store.photos("ada") == []


async def test_a_photo_of_somebody_else_who_is_enrolled_names_them(site):
    await site.enroll("ada", "0")
    (verdict,) = await site.enroll("bob", "0")
    assert (verdict["accepted"], verdict["reason"], verdict["duplicate_of"]) == (False, "duplicate", "ada")


async def test_judging_alone_keeps_nothing(site):
    (verdict,) = await site.enroll("ada", "0", accept=False)
    assert verdict["accepted"]
    assert site.store.photos("ada") == []


async def test_a_photo_that_is_not_there_is_said_so(site):
    answer = await site.ask("enroll", {"v": 1, "person_id": "ada", "photos": ["uploads/none", "../../etc/passwd"]})
    assert [verdict["reason"] for verdict in answer["photos"]] == ["missing", "missing"]


@pytest.mark.parametrize(
    ("method", "request_", "error"),
    [
        ("enroll", b"{", "json"),
        ("enroll", {"v": 1, "photos": []}, "fields"),
        ("enroll", {"v": 1, "person_id": "nobody", "photos": ["a"]}, "notfound"),
        ("enroll", b"[" * 100_000, "too_long"),
        ("explode", {"v": 1}, "method"),
    ],
)
async def test_a_bad_request_gets_an_error_with_a_sentence(site, method, request_, error):
    answer = await site.ask(method, request_)
    assert answer["error"] == error
    assert answer["message"]


@pytest.mark.parametrize(
    "reply_to",
    [None, "", "presenza/v1/main/door-1/down/ack", "presenza/v1/other/hub/reply/x", REPLY + "/x", REPLY[:-11], "#"],
)
async def test_the_hub_answers_on_no_other_topic(site, reply_to):
    assert await site.ask("stats", {"v": 1}, reply_to) is None
    assert site.metrics.counted("rpc_refused", "response_topic") == 1


async def test_too_many_requests_at_once_are_told_busy(site):
    for _ in range(MAX_RUNNING + 1):
        site.rpc.receive("stats", Incoming("hub/rpc", b"{}", False, REPLY, b"17"))
    await asyncio.gather(*site.rpc._running)
    errors = [json.loads(message.payload).get("error") for message in site.sent]
    assert (errors.count(None), errors.count("busy")) == (MAX_RUNNING, 1)


async def test_a_flood_of_requests_is_dropped_and_counted(site):
    for _ in range(3 * MAX_RUNNING):
        site.rpc.receive("stats", Incoming("hub/rpc", b"{}", False, REPLY, b"17"))
    assert len(site.rpc._running) == 2 * MAX_RUNNING
    assert site.metrics.counted("rpc_refused", "flood") == MAX_RUNNING
    await asyncio.gather(*site.rpc._running)


async def test_stats_show_counts_and_gauges(site):
    site.metrics.count("chunks", by=3)
    answer = await site.ask("stats", {"v": 1})
    assert (answer["counts"], answer["gauges"]) == ({"chunks": 3}, {"frames_waiting": 0})


async def test_unknown_faces_are_put_together_by_likeness() -> None:
    site = Site()
    for name, axis in (("a", 1), ("b", 2), ("c", 1)):
        site.pictures.put(f"results/{name}.jpg", str(axis).encode())
    faces = [{"picture": f"results/{name}.jpg", "box": [10, 50, 50, 10]} for name in ("a", "b", "c", "gone")]
    assert (await site.ask("likeness", {"v": 1, "faces": faces}))["groups"] == [[0, 2], [1], [3]]


async def test_a_twin_is_enrolled_when_somebody_made_sure(site):
    await site.enroll("ada", "0")
    (verdict,) = await site.enroll("bob", "0", allow_duplicate=True)
    assert (verdict["accepted"], verdict["looks_like"]) == (True, "ada")


async def test_enrolment_tells_what_is_missing(site):
    site.pictures.put("uploads/a", b"0")
    answer = await site.ask("enroll", {"v": 1, "person_id": "ada", "photos": ["uploads/a"]})
    assert answer["missing"] == ["3 photos are advised and there are 1; the second helps most."]
    assert answer["lacks"] == ["few_photos"]


# -- who looks alike -------------------------------------------------------------------
async def test_people_who_look_alike_are_told_and_who_is_there_twice(site):
    await site.enroll("ada", "0")
    await site.enroll("bob", "0", allow_duplicate=True)
    answer = await site.ask("alike", {"v": 1})
    (pair,) = answer["pairs"]
    assert (answer["people"], answer["total"]) == (2, 1)
    assert (pair["first"], pair["second"], pair["distance"], pair["twice"]) == ("ada", "bob", 0.0, True)


async def test_advice_on_one_person_says_what_is_missing_and_whom_they_look_like(site):
    await site.enroll("ada", "0")
    await site.enroll("bob", "0", allow_duplicate=True)
    answer = await site.ask("advice", {"v": 1, "person_id": "bob"})
    assert answer["lacks"] == ["few_photos"]
    assert [(pair["first"], pair["second"]) for pair in answer["alike"]] == [("bob", "ada")]


async def test_nobody_is_alone_and_unlike_everybody(site):
    assert (await site.ask("alike", b"anything"))["pairs"] == []
    answer = await site.ask("advice", {"v": 1, "person_id": "ada"})
    assert (answer["lacks"], answer["alike"]) == (["few_photos"], [])
    assert (await site.ask("advice", {"v": 1, "person_id": "nobody"}))["error"] == "notfound"


# -- not this person -----------------------------------------------------------------
@pytest.fixture
def seen(site: Site) -> Event:
    """An event in which the face of axis 3 was taken for Ada."""
    face = FaceResult(Box(10, 50, 50, 10), Outcome.RECOGNIZED, None, "ada", 0.4, 0.3)
    frame = Frame("door-1", 7, 1, 3, NOW, NOW, b"", clock_set=True)
    event = Event("event-1", frame.key, 3, NOW, NOW, Outcome.NO_FACE, picture="results/1.jpg").with_faces((face,))
    site.pictures.put("results/1.jpg", b"3")
    return site.store.record(event, [attendance.mark(face, frame, "event-1", RULES)]).event


async def test_that_was_not_ada_is_kept_as_an_example_and_undone_as_easily(site, seen):
    request = {"v": 1, "event_id": "event-1", "face": 0, "by": "office"}
    answer = await site.ask("not_this_person", request)
    assert (answer["person_id"], answer["attendance"]) == ("ada", attendance.site_day(NOW, RULES))
    (kept,) = site.store.negatives("engine")
    assert (kept.person_id, kept.by) == ("ada", "office")
    assert kept.vector == pytest.approx(vector(3))
    assert site.store.event("event-1").faces[0].person_id is None
    assert (await site.ask("not_this_person", {**request, "undo": True}))["undone"]
    assert site.store.negatives("engine") == []
    assert site.store.event("event-1") == seen


@pytest.mark.parametrize(
    ("change", "error"),
    [({"face": 1}, "notfound"), ({"event_id": "no"}, "notfound"), ({"by": ""}, "fields"), ({"undo": True}, "notfound")],
)
async def test_a_correction_of_what_is_not_there_is_refused(site, seen, change, error):
    answer = await site.ask("not_this_person", {"v": 1, "event_id": seen.event_id, "face": 0, "by": "office", **change})
    assert answer["error"] == error


async def test_a_face_that_was_taken_for_nobody_can_not_be_denied(site, seen):
    site.store.name_faces([FacePlace(seen.event_id, 0)], None)
    answer = await site.ask("not_this_person", {"v": 1, "event_id": seen.event_id, "by": "office"})
    assert answer["error"] == "nobody"


async def test_without_the_picture_nothing_can_be_learned(site, seen):
    site.store.purge_pictures(NOW + 1)
    answer = await site.ask("not_this_person", {"v": 1, "event_id": seen.event_id, "by": "office"})
    assert (answer["error"], site.store.negatives("engine")) == ("notfound", [])
