"""The one reader of lists of people, whoever asks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.rolls import NoRoll, Row, rows


def read(data: bytes | str, most: int = 100) -> list[Row]:
    return list(rows(data.encode() if isinstance(data, str) else data, most=most))


def test_columns_may_come_in_any_order_and_be_left_out():
    (row,) = read("Photos;NAME\na.jpg | b.jpg;Ada\n")
    assert (row.line, row.values, row.width) == (2, {"photos": "a.jpg | b.jpg", "name": "Ada"}, 2)
    assert row.photos == ("a.jpg", "b.jpg")


def test_a_short_line_is_filled_and_a_long_one_keeps_its_width():
    short, long = read("name,number\nAda\nBob,7,x,y\n")
    assert (short.values, short.width) == ({"name": "Ada", "number": ""}, 1)
    assert (long.values, long.width) == ({"name": "Bob", "number": "7"}, 4)


def test_a_line_break_in_quotes_counts_as_a_line():
    assert [row.line for row in read('name,group\n"Ada\nExample",5a\nBob,5a\n')] == [3, 4]


@pytest.mark.parametrize(
    ("data", "what", "line", "column"),
    [
        (b"name\nAda\nZo\xeb\n", "encoding", 3, 0),
        (b'name\n"Ada\n', "csv", 2, 0),
        (b"name,age\nAda,7\n", "unknown", 1, 2),
        (b"name,number,name\nAda,7,x\n", "twice", 1, 3),
        (b"number\n7\n", "missing", 1, 0),
        (b"", "missing", 1, 0),
        (b"name\n" + b"Ada\n" * 200, "too_many", 101, 0),
    ],
)
def test_what_is_wrong_has_a_word_and_a_place(data: bytes, what: str, line: int, column: int):
    with pytest.raises(NoRoll) as refusal:
        read(data)
    problem = refusal.value.problem
    assert (problem.what, problem.line, problem.column) == (what, line, column)


@given(st.binary(max_size=300))
def test_anything_is_read_or_refused(data: bytes):
    try:
        found = read(data)
    except NoRoll:
        return
    assert all("name" in row.values for row in found)
