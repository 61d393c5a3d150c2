"""docs/wire.md says what hub/wire.py and hub/payloads.py do."""

import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hub import payloads, wire

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "wire.md").read_text(encoding="utf-8")

# The examples of the text, in their order.
EXAMPLES = [
    "status",
    "status",
    "motion",
    "telemetry",
    "ack",
    "result",
    "config-wanted",
    "config-in-force",
    "cmd",
    "cmd-answer",
    "hub-status",
    "guard",
    "claim-request",
    "claim-reply",
    "enroll-request",
    "enroll-reply",
    "advice-request",
    "advice-reply",
    "alike-reply",
    "not-this-person-request",
    "not-this-person-reply",
    "stats-reply",
    "rpc-error",
]
_EXAMPLE = re.compile(r'```json\n(.*?)```|`(\{"v":1.*?\})`', re.DOTALL)
_CHOICE = re.compile(r'("[^"]*"|true)(?:\|("[^"]*"|false|…))+')


def examples() -> list[tuple[str, str]]:
    found = [block or span for block, span in _EXAMPLE.findall(TEXT)]
    assert len(found) == len(EXAMPLES), "an example was added or taken away: name it in EXAMPLES"
    return list(zip(EXAMPLES, found, strict=True))


def variants(text: str) -> Iterator[Any]:
    """The JSON that an example stands for: once for each choice `"a"|"b"`; `…` is anything."""
    text = re.sub(r":…(?=[,}])", ":1", text).replace("{…}", "{}")
    choice = _CHOICE.search(text)
    if choice is None:
        yield json.loads(text)
        return
    for option in choice.group().split("|"):
        if option != "…":
            yield from variants(text[: choice.start()] + option + text[choice.end() :])


def rows(heading: str) -> list[list[str]]:
    """The cells of the table that begins with `heading`."""
    lines = TEXT.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(heading))
    table = lines[start + 2 :]
    end = next((number for number, line in enumerate(table) if not line.startswith("|")), len(table))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[:end]]


def schema_of(name: str) -> dict[str, Any]:
    return json.loads((DOCS / "schemas" / f"{name}.json").read_text(encoding="utf-8"))


def test_every_topic_is_in_the_table_and_no_other():
    up = [wire.STATUS, wire.MOTION, wire.FRAME, wire.TELEMETRY, wire.CONFIG, wire.CMD]
    expected = {wire.up("{site}", "{device}", leaf) for leaf in up}
    expected |= {wire.down("{site}", "{device}", leaf) for leaf in (wire.ACK, wire.CONFIG, wire.CMD)}
    hub = [wire.STATUS, wire.RESULTS, f"{wire.RPC}/{{method}}", f"{wire.REPLY}/{{client_id}}"]
    expected |= {wire.hub("{site}", leaf) for leaf in hub}
    expected |= {wire.hub("{site}", wire.GUARD), wire.claim("{site}", wire.REQUEST)}
    expected.add(wire.claim("{site}", f"{wire.REPLY}/{{nonce}}"))
    assert {f"{wire.ROOT}/{{site}}/{row[0].strip('`')}" for row in rows("| topic below")} == expected


def test_the_header_table_is_the_struct_format():
    codes = {"2 bytes": "2s", "u8": "B", "u16": "H", "u32": "I", "u64": "Q"}
    table = rows("| offset | field")
    layout = "!" + "".join(codes[kind] for _, _, kind, _ in table)
    assert layout == wire.HEADER_FORMAT
    assert f'"{wire.HEADER_FORMAT}"' in TEXT
    assert struct.calcsize(layout) == wire.HEADER_SIZE
    for number, (offset, *_) in enumerate(table):
        before = "".join(codes[kind] for _, _, kind, _ in table[:number])
        assert int(offset) == struct.calcsize("!" + before)
    names = [name for _, name, _, _ in table if name not in ("magic", "version", "reserved")]
    assert tuple(names) == wire.Header._fields


def test_the_limits_of_the_text_are_those_of_the_code():
    assert f"Default chunk_size {wire.CHUNK_DEFAULT}" in TEXT
    assert f"may choose {wire.CHUNK_MIN} to {wire.CHUNK_MAX}" in TEXT
    assert f"total over {wire.MAX_FRAME // 1024} KiB" in TEXT
    assert f"No payload is over {wire.MAX_PAYLOAD // 1024} KB" in TEXT
    assert f"expires after {wire.ACK_EXPIRY_S} s" in TEXT
    assert f"expires after {wire.CMD_EXPIRY_S} s" in TEXT


@pytest.mark.parametrize("row", rows("| field | type, range"), ids=lambda row: row[0])
def test_each_field_of_the_cameras_configuration(row: list[str]):
    name, allowed, default = row
    kind, limits, value = wire.CONFIG_FIELDS[name]
    assert default.strip("`") == str(value)
    if kind == "choice":
        assert re.findall(r"\w+", allowed) == [str(each) for each in limits]
    else:
        assert allowed.startswith(f"{limits[0]}…{limits[1]}")


def test_the_cameras_configuration_has_no_other_fields():
    assert [row[0] for row in rows("| field | type, range")] == list(wire.CONFIG_FIELDS)


def test_the_outcomes_are_in_the_order_of_their_rank():
    (line,) = [line for line in TEXT.splitlines() if line.startswith("`outcome`, in falling order")]
    following = TEXT[TEXT.index(line) : TEXT.index("An ack names nobody")]
    words = [word for word in re.findall(r"`(\w+)`", following) if word in wire.OUTCOMES]
    assert tuple(dict.fromkeys(words)) == wire.OUTCOMES
    assert all(f"`{reason}`" in following for reason in wire.REASONS)


@pytest.mark.parametrize("name", payloads.CONTRACT)
def test_each_payload_has_an_example_with_all_of_its_fields(name: str):
    shown = {field for kind, text in examples() if kind == name for each in variants(text) for field in each}
    assert shown == set(payloads.CONTRACT[name].model_fields)


@pytest.mark.parametrize("name", payloads.CONTRACT)
def test_each_field_of_what_a_payload_holds_is_in_its_example(name: str):
    parts = schema_of(name).get("$defs", {}).values()
    fields = {field for part in parts for field in part.get("properties", {})}
    assert all(any(f'"{field}":' in text for kind, text in examples() if kind == name) for field in fields)


@pytest.mark.parametrize(("name", "text"), examples())
def test_each_example_is_valid_by_its_schema_and_for_the_code(name: str, text: str):
    validator = Draft202012Validator(schema_of(name))
    for example in variants(text):
        validator.validate(example)
        payloads.decode(payloads.CONTRACT[name], json.dumps(example).encode())


@pytest.mark.parametrize("name", payloads.CONTRACT)
def test_every_value_that_a_schema_lists_is_in_the_text(name: str):
    for value in re.findall(r'"enum": (\[[^\]]*\])', json.dumps(schema_of(name))):
        assert all(str(each) in TEXT for each in json.loads(value))
