import json
from typing import Any

import pytest
from pydantic import BaseModel

from hub import payloads, wire
from hub.errors import PayloadRefused

CAMERA = {"boot_id": 305419896}
EXAMPLES: dict[str, list[dict[str, Any]]] = {  # those of docs/wire.md
    "status": [
        {**CAMERA, "v": 1, "state": "online", "firmware": "1.0.0", "hardware": "ai-thinker",
         "reset_reason": "power-on", "since_ms": 1790000000000},
        {**CAMERA, "v": 1, "state": "offline"},
    ],
    "motion": [{**CAMERA, "v": 1, "motion_id": 7, "state": "start", "source": "pir", "at_ms": 1790000000000}],
    "telemetry": [
        {**CAMERA, "v": 1, "uptime_s": 60, "rssi_dbm": -61, "heap_free": 90000, "psram_free": 4000000,
         "temperature_c": 41.5, "frames_sent": 9, "frames_acked": 8, "frames_lost": 1, "frames_waiting": 0,
         "capture_failures": 0, "reconnects": 2},
        {**CAMERA, "v": 1},
    ],
    "ack": [
        {**CAMERA, "v": 1, "frame_id": 12, "motion_id": 7, "outcome": "recognized", "reason": None, "faces": 1,
         "hub_ms": 86, "retry_after_ms": 0},
        {**CAMERA, "v": 1, "frame_id": 12, "motion_id": 7, "outcome": "low_quality", "reason": "too_small"},
    ],
    "result": [
        {**CAMERA, "v": 1, "result_id": "01J", "site": "main", "device": "door-1", "frame_id": 12, "motion_id": 7,
         "captured_ms": 1790000000000, "received_ms": 1790000000120, "outcome": "recognized", "width": 640,
         "height": 480, "faces": [
             {"box": [120, 260, 240, 140], "outcome": "recognized", "reason": None, "person_id": "p-0007",
              "name": "Ada Example", "distance": 0.31, "margin": 0.22,
              "attendance": {"day": "2026-11-22", "status": "present", "first_seen_ms": 1790000000000,
                             "created": True}}],
         "picture": "results/2026-11-22/01J.jpg",
         "ms": {"assemble": 31, "wait": 2, "recognize": 70, "store": 3, "total": 106}},
    ],
    "config-wanted": [{"v": 1, "version": 4, "config": {"frame_size": "VGA"}}],
    "config-in-force": [
        {"v": 1, "version": 4, "state": "applied", "errors": [], "config": {}},
        {"v": 1, "version": 4, "state": "rejected", "config": {},
         "errors": [{"field": "jpeg_quality", "message": "must be from 10 to 95"}]},
    ],
    "cmd": [{"v": 1, "id": "c-81", "op": "snapshot", "args": {}, "not_after_ms": 1790000000000}],
    "cmd-answer": [{"v": 1, "id": "c-81", "ok": True, "error": None, "data": {}}],
    "hub-status": [{"v": 1, "state": "online", "hub_id": "h", "version": "0.1.0", "since_ms": 1790000000000}],
    "enroll-request": [{"v": 1, "person_id": "p-0007", "photos": ["enrol/p-0007/1.jpg"]}],
    "enroll-reply": [
        {"v": 1, "person_id": "p-0007", "photos": [
            {"photo": "enrol/p-0007/1.jpg", "accepted": False, "reason": "several_faces",
             "message": "There are two faces in it.", "quality": {"size_px": 90.0}, "duplicate_of": None}]},
    ],
    "advice-request": [{"v": 1, "person_id": "p-0007"}],
    "advice-reply": [
        {"v": 1, "person_id": "p-0007", "missing": [], "lacks": ["few_photos"], "alike": [
            {"first": "p-0007", "second": "p-0003", "distance": 0.6, "score": 0.002, "twice": False}]},
    ],
    "alike-reply": [
        {"v": 1, "people": 9, "total": 1, "pairs": [
            {"first": "p-0003", "second": "p-0007", "distance": 0.6, "score": 0.002, "twice": False}]},
    ],
    "not-this-person-request": [{"v": 1, "event_id": "01J", "face": 0, "by": "office", "undo": False}],
    "not-this-person-reply": [
        {"v": 1, "event_id": "01J", "face": 0, "person_id": "p-0007", "undone": False, "attendance": None},
    ],
    "stats-reply": [{"v": 1, "counts": {"chunks": 3}, "ms": {"store": {"p50": 2.5}}, "gauges": {"people": 2}}],
    "rpc-error": [{"v": 1, "error": "not_found", "message": "There is no such person."}],
    "guard": [{"v": 1, "device": "door-1", "reason": "flood"}],
    "claim-request": [{"v": 1, "code": "7F3K-M2QX", "reply": "0123456789abcdef" * 2}],
    "claim-reply": [
        {"v": 1, "ok": True, "error": None, "credentials": {"device": "door-1", "port": 8883}},
        {"v": 1, "ok": False, "error": "unknown_code"},
    ],
}  # fmt: skip
OPEN_OBJECTS = {"args", "data", "config", "counts", "credentials", "gauges"}  # whoever they are for judges them
KINDS = list(payloads.CONTRACT.items())


def refusal(kind: type[BaseModel], raw: bytes) -> PayloadRefused:
    with pytest.raises(PayloadRefused) as caught:
        payloads.decode(kind, raw)
    return caught.value


def holds(read: Any, example: Any) -> bool:
    """Whether everything in the example came through; fields that it leaves out have their defaults."""
    if isinstance(example, dict):
        return all(key in read and holds(read[key], value) for key, value in example.items())
    if isinstance(example, list):
        return len(read) == len(example) and all(map(holds, read, example))
    return bool(read == example)


def test_every_payload_of_the_contract_has_an_example() -> None:
    assert set(EXAMPLES) == set(payloads.CONTRACT)


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_the_examples_of_the_contract_are_read(name: str, kind: type[payloads.Payload]) -> None:
    for example in EXAMPLES[name]:
        read = json.loads(payloads.decode(kind, json.dumps(example).encode()).encode())
        assert holds(read, example)


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_fields_of_a_later_version_are_ignored(name: str, kind: type[payloads.Payload]) -> None:
    later = {**EXAMPLES[name][0], "new_field": {"deep": [1, 2]}}
    assert "new_field" not in payloads.decode(kind, json.dumps(later).encode()).model_dump()


@pytest.mark.parametrize(("name", "kind"), KINDS)
@pytest.mark.parametrize("wrong", ["[[1]]", '{"a":[]}', "1e999"])
def test_a_wrong_type_in_any_field_is_refused(name: str, kind: type[payloads.Payload], wrong: str) -> None:
    for field in EXAMPLES[name][0]:
        if wrong.startswith("{") and field in OPEN_OBJECTS:
            continue
        raw = json.dumps({**EXAMPLES[name][0], field: "?"}).replace('"?"', wrong).encode()
        problem = refusal(kind, raw)
        assert problem.reason == "fields"
        assert str(problem).startswith(field)


@pytest.mark.parametrize(
    ("name", "field", "wrong"),
    [
        ("status", "v", 2), ("status", "boot_id", -1), ("status", "boot_id", 2**32),
        ("status", "boot_id", "1"), ("status", "boot_id", 1.5), ("status", "since_ms", 2**53),
        ("status", "state", "Online"), ("status", "firmware", "x" * 201), ("motion", "source", "radar"),
        ("telemetry", "rssi_dbm", 200), ("telemetry", "uptime_s", -1), ("ack", "outcome", "maybe"),
        ("ack", "faces", -1), ("ack", "faces", 2**70), ("ack", "reason", "ugly"), ("result", "width", -1),
        ("result", "height", 2**70), ("config-wanted", "version", -1), ("config-wanted", "version", 2**70),
        ("config-in-force", "version", 2**70), ("config-in-force", "errors", [{"field": "a", "message": "b"}] * 51),
        ("cmd", "op", "format"), ("cmd", "id", None), ("cmd-answer", "ok", 1), ("hub-status", "state", "sleeping"),
        ("enroll-request", "photos", []), ("enroll-request", "photos", ["a"] * 51),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_refused(name: str, field: str, wrong: object) -> None:
    raw = json.dumps({**EXAMPLES[name][0], field: wrong}).encode()
    assert refusal(payloads.CONTRACT[name], raw).reason == "fields"


@pytest.mark.parametrize("kind", payloads.CONTRACT.values())
@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"not json", b"\xff\xfe\x00", b'{"v":1', b"[" * 50_000, b'{"a":' * 12_000, b'"\\ud800"', b"\x00" * 10],
)
def test_what_is_no_json_is_refused(kind: type[BaseModel], raw: bytes) -> None:
    assert refusal(kind, raw).reason == "json"


@pytest.mark.parametrize("raw", [b"null", b"[]", b"1", b'"text"', b"true", b"NaN", b"{}", b'{"v":2}', b'{"v":true}'])
def test_json_of_another_shape_is_refused(raw: bytes) -> None:
    assert refusal(payloads.Motion, raw).reason in {"fields", "json"}


def test_nesting_in_an_open_field_is_limited() -> None:
    deep = b'{"id":"c","op":"identify","args":{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}}"
    assert refusal(payloads.Command, deep).reason == "json"


@pytest.mark.parametrize("number", [b"NaN", b"1e999", b'[1,{"b":-Infinity}]'])
def test_numbers_that_json_does_not_have_are_refused_in_open_fields_too(number: bytes) -> None:
    raw = b'{"id":"c","ok":true,"data":{"a":' + number + b"}}"
    assert refusal(payloads.CommandAnswer, raw).reason == "fields"


def test_a_refusal_does_not_name_keys_of_the_sender() -> None:
    raw = b'{"counts":{},"gauges":{},"ms":{"Ada Example":{"p50":"x"}}}'
    assert str(refusal(payloads.Stats, raw)).startswith("ms: ")


def test_a_megabyte_is_refused_unread() -> None:
    raw = b'{"v":1,"id":"c","ok":true,"data":{"a":"' + b"x" * 1_000_000 + b'"}}'
    assert refusal(payloads.CommandAnswer, raw).reason == "too_long"


def test_a_refusal_does_not_repeat_what_was_sent() -> None:
    raw = json.dumps({**EXAMPLES["status"][0], "state": "Ada Example"}).encode()
    assert "Ada" not in str(refusal(payloads.DeviceStatus, raw))


def test_a_refusal_of_broken_json_does_not_repeat_what_was_sent() -> None:
    assert "Ada" not in str(refusal(payloads.DeviceStatus, b'{"state": Ada Example}'))


def test_no_payload_of_ours_is_over_the_limit_with_twenty_faces() -> None:
    example = {**EXAMPLES["result"][0], "faces": EXAMPLES["result"][0]["faces"] * 20}
    assert len(payloads.decode(payloads.Result, json.dumps(example).encode()).encode()) < wire.MAX_PAYLOAD
