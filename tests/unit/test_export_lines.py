"""The lines of an export: whatever a line holds, it is understood or refused with its number."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.store import lines
from hub.store.documents import SHAPES, Document, Kind
from hub.store.lines import Head, LineRefused, Picture, Tail, parse

names = st.sampled_from(
    ["format", "version", "counts", "kind", "key", "fields", "data", "lines", "sha256", "vector", "templates", "x"]
)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from([*Kind, "pictures"])
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6), max_leaves=20
)


def understood(line: bytes) -> None:
    said: object = None
    try:
        said = parse(line, 17)
    except LineRefused as refusal:
        said = str(refusal)
    assert isinstance(said, Document | Picture | Head | Tail) or str(said).startswith("Line 17: ")


@given(st.binary(max_size=200))
def test_any_bytes_are_understood_or_refused(raw: bytes):
    understood(raw + b"\n")


@given(anything)
def test_any_json_is_understood_or_refused(value: Any):
    understood(json.dumps(value).encode() + b"\n")


@given(kind=st.sampled_from(list(Kind)), data=st.data())
def test_any_fields_are_understood_or_refused(kind: Kind, data: st.DataObject):
    shape = SHAPES[kind]
    fields = data.draw(st.fixed_dictionaries(dict.fromkeys([*shape.columns, *shape.parts], anything)))
    understood(json.dumps({"kind": kind, "key": "k", "fields": fields}).encode() + b"\n")


@given(st.binary(max_size=100) | st.none())
def test_a_picture_is_read_as_written(data: bytes | None):
    assert parse(lines.picture("people/p-1/f-1.jpg", data), 1) == Picture("people/p-1/f-1.jpg", data)


@given(st.dictionaries(st.sampled_from([kind.value for kind in Kind]), st.integers(0, 10**9)))
def test_head_and_tail_are_read_as_written(counts: dict[str, int]):
    assert parse(lines.head(counts), 1) == Head(counts)
    assert parse(lines.tail(5, "ab"), 1) == Tail(5, "ab")


def test_a_line_without_its_end_is_one_that_was_cut_short():
    with pytest.raises(LineRefused, match="Line 3: The file ends here"):
        parse(lines.tail(5, "ab")[:-1], 3)


def test_deeply_nested_json_is_refused():
    with pytest.raises(LineRefused, match="Line 3: It is no line of an export"):
        parse(b"[" * 100_000 + b"\n", 3)
