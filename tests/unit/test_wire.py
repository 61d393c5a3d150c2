import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import wire
from tests.chunks import chunks_of
from tests.strategies import headers, jpegs, names


@given(names, names, st.sampled_from(("status", "frame", "motion")))
def test_a_devices_topic_is_parsed_back(site: str, device: str, leaf: str) -> None:
    if device != wire.HUB:
        assert wire.parse_topic(wire.up(site, device, leaf)) == (site, device, "up", leaf)
        assert wire.parse_topic(wire.down(site, device, leaf)) == (site, device, "down", leaf)


@given(names)
def test_a_hub_topic_is_parsed_back(site: str) -> None:
    assert wire.parse_topic(wire.hub(site, "rpc/enroll")) == (site, "hub", "", "rpc/enroll")


@given(st.text(max_size=80))
def test_a_topic_of_somebody_else_is_refused_and_nothing_worse(topic: str) -> None:
    try:
        parsed = wire.parse_topic(wire.ROOT + "/" + topic)
    except wire.WireError:
        return
    assert wire.is_name(parsed.site)
    assert wire.is_name(parsed.device)


@given(headers)
def test_a_header_is_forty_bytes(header: wire.Header) -> None:
    assert len(wire.pack_header(header)) == wire.HEADER_SIZE


@given(jpegs, st.integers(wire.CHUNK_MIN, 3000), st.integers(0, 7))
def test_the_chunks_of_a_frame_make_the_frame(jpeg: bytes, chunk_size: int, flags: int) -> None:
    chunks = chunks_of(jpeg, chunk_size=chunk_size, flags=flags)
    read = [wire.unpack_header(chunk) for chunk in chunks]
    assert b"".join(chunk[wire.HEADER_SIZE :] for chunk in chunks) == jpeg
    assert [header.index for header in read] == list(range(read[0].count))
    assert {(header.total, header.flags) for header in read} == {(len(jpeg), flags)}


@given(headers, st.binary(max_size=100))
def test_a_header_that_is_taken_describes_its_data(header: wire.Header, data: bytes) -> None:
    try:
        read = wire.unpack_header(wire.pack_header(header) + data)
    except wire.WireError:
        return
    assert read == header
    assert read.chunk_size * (read.count - 1) + len(data) == read.total


@given(st.binary(max_size=100))
def test_any_bytes_are_a_header_or_refused(raw: bytes) -> None:
    try:
        header = wire.unpack_header(raw)
    except wire.WireError as error:
        assert str(error) == error.reason  # noqa: PT017
    else:
        assert wire.pack_header(header) == raw[: wire.HEADER_SIZE]


@given(jpegs, st.integers(wire.CHUNK_MIN, wire.CHUNK_MAX))
def test_each_frame_has_one_first_chunk(jpeg: bytes, chunk_size: int) -> None:
    header = wire.Header(0, 1, 2, 3, 0, 0, chunk_size, 0, 0, 0)
    firsts = [wire.is_first_chunk(head + bytes(data)) for head, data in wire.split(jpeg, header)]
    assert firsts == [index == 0 for index in range(len(firsts))]


def test_a_configuration_is_not_shared_with_the_defaults() -> None:
    config, _ = wire.check_config({})
    config["led"] = "off"
    assert wire.default_config()["led"] == "on"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400])
def test_numbers_that_json_lets_through_are_refused(value: float) -> None:
    _, errors = wire.check_config({"burst_fps": value})
    assert [error["field"] for error in errors] == ["burst_fps"]


def test_an_error_says_what_is_allowed() -> None:
    _, errors = wire.check_config({"led": "red", "jpeg_quality": 200, "telemetry_s": 1.5})
    assert {error["field"]: error["message"] for error in errors} == {
        "led": "must be one of on, off",
        "jpeg_quality": "must be from 10 to 95",
        "telemetry_s": "must be a whole number",
    }
