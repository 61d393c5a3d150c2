"""Each message reaches whom it concerns; what breaks the contract is counted and dropped."""

import json

import pytest

from hub.devices import DeviceBook
from hub.flood import FRAMES
from hub.intake import Intake, subscriptions
from hub.metrics import Metrics
from hub.mqtt import Incoming
from hub.store.memory import MemoryStore

UP = "presenza/v1/main/door-1/up/"


class Recorder:
    """Stands for the pipeline and for rpc: what it was handed."""

    def __init__(self) -> None:
        self.received: list[tuple[str, object]] = []

    def receive(self, who: str, what: object) -> None:
        self.received.append((who, what))


@pytest.fixture
def parts():
    pipeline, rpc, metrics = Recorder(), Recorder(), Metrics()
    book = DeviceBook(MemoryStore())
    return Intake(pipeline, book, rpc, metrics), pipeline, rpc, book, metrics


def test_frames_go_to_the_pipeline(parts):
    intake, pipeline, *_ = parts
    intake.receive(Incoming(UP + "frame", b"chunk"))
    assert pipeline.received == [("door-1", b"chunk")]


def test_a_retained_frame_is_stale_and_dropped(parts):
    intake, pipeline, *_ = parts
    intake.receive(Incoming(UP + "frame", b"chunk", retained=True))
    assert pipeline.received == []


def test_requests_go_to_rpc_by_their_method(parts):
    intake, _, rpc, *_ = parts
    message = Incoming("presenza/v1/main/hub/rpc/enroll", b"{}")
    intake.receive(message)
    assert rpc.received == [("enroll", message)]


def test_a_status_is_kept(parts):
    intake, *_, book, _ = parts
    intake.receive(Incoming(UP + "status", b'{"v":1,"state":"online","boot_id":7}', retained=True))
    assert book.online() == 1


@pytest.mark.parametrize("leaf", ["status", "motion", "telemetry", "config", "cmd"])
@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\xff\xfe", "json"),
        (b"[]", "fields"),
        (b"[" * 5000, "json"),
        (b"1" * 70_000, "too_long"),
        (b'{"v":2}', "fields"),
    ],
)
def test_a_payload_that_breaks_the_contract_is_counted(parts, leaf, payload, reason):
    intake, *_, metrics = parts
    intake.receive(Incoming(UP + leaf, payload))
    assert metrics.counted(f"{leaf}_refused", reason) == 1


def test_an_empty_payload_only_takes_a_retained_one_back(parts):
    intake, *_, metrics = parts
    intake.receive(Incoming(UP + "status", b""))
    assert metrics.snapshot()["counts"] == {}


@pytest.mark.parametrize(
    "topic", ["", "$SYS/x", "presenza/v2/main/a/up/frame", "presenza/v1/main/A/up/frame", UP + "a/b"]
)
def test_a_topic_that_is_not_ours_is_counted(parts, topic):
    intake, *_, metrics = parts
    intake.receive(Incoming(topic, b""))
    assert metrics.counted("messages_refused", "topic") == 1


def test_telemetry_is_kept_without_what_the_contract_does_not_know(parts):
    intake, *_, book, _ = parts
    intake.receive(Incoming(UP + "telemetry", json.dumps({"v": 1, "boot_id": 7, "rssi_dbm": -61, "x": 1}).encode()))
    kept = dict(book._states["door-1"].telemetry)
    assert kept.pop("received_ms") > 0
    assert kept == {"v": 1, "boot_id": 7, "rssi_dbm": -61}


def test_the_hub_subscribes_to_its_own_site_alone():
    assert all(topic.startswith("presenza/v1/main/") for topic, _ in subscriptions("main"))


def test_a_camera_that_floods_is_told_of_once(parts):
    _, pipeline, rpc, book, metrics = parts
    told: list[str] = []
    intake = Intake(pipeline, book, rpc, metrics, on_flood=told.append)
    for _ in range(20_000):
        intake.receive(Incoming(UP + "frame", b"chunk"))
    assert told == ["door-1"]
    assert metrics.counted("floods") == 1


def test_what_is_over_the_limits_is_not_looked_at_and_others_are(parts):
    intake, pipeline, _, _, metrics = parts
    first = bytes(16) + b"\x00\x00" + bytes(22)
    for _ in range(FRAMES.at_once + 50):
        intake.receive(Incoming(UP + "frame", first))
    intake.receive(Incoming(UP.replace("door-1", "door-2") + "frame", first))
    taken = [device for device, _ in pipeline.received]
    refused = metrics.counted("messages_refused", "flood")
    assert 30 <= refused <= 50
    assert taken.count("door-1") + refused == FRAMES.at_once + 50
    assert taken.count("door-2") == 1


def test_what_was_dropped_for_want_of_room_counts_as_a_part_of_a_flood(parts):
    _, pipeline, rpc, book, metrics = parts
    told: list[str] = []
    intake = Intake(pipeline, book, rpc, metrics, on_flood=told.append)
    for _ in range(20_000):
        intake.dropped(UP + "frame", 1000)
    intake.dropped("no topic of ours", 1000)
    assert told == ["door-1"]
