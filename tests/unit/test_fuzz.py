"""A small, seeded share of what `presenza bench fuzz` runs by the million."""

import random

import pytest

from hub.errors import PayloadRefused
from hub.frames import Assembler
from hub.payloads import CONTRACT
from tests import fuzzing
from tests.fuzzing import Broken, Fuzzer
from tests.unit.test_payloads import EXAMPLES


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_hostile_input_is_refused_by_a_fixed_word_and_nothing_worse(seed: int) -> None:
    Fuzzer(seed, EXAMPLES).run(8_000)


def test_the_cases_reach_both_what_is_taken_and_every_kind_of_refusal() -> None:
    fuzzer = Fuzzer(1, EXAMPLES)
    fuzzer.run(20_000)
    reached = {outcome for target, outcome in fuzzer.outcomes if target == "chunks"}
    refused = {"short", "magic", "version", "flags", "reserved", "total", "chunk_size", "count", "index", "length"}
    assert refused | {"frame", "kept", "crc", "mismatch"} <= reached
    assert {("payloads", "read"), ("payloads", "fields"), ("payloads", "json")} <= set(fuzzer.outcomes)
    assert {("topics", "topic"), ("topics", "device"), ("topics", "hub")} <= set(fuzzer.outcomes)


def test_the_same_seed_gives_the_same_cases() -> None:
    first, same, other = Fuzzer(5, EXAMPLES), Fuzzer(5, EXAMPLES), Fuzzer(6, EXAMPLES)
    for fuzzer in (first, same, other):
        fuzzer.run(2_000)
    assert first.outcomes == same.outcomes != other.outcomes


def test_an_error_of_another_kind_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise IndexError("off by one")

    monkeypatch.setattr(Assembler, "add", fail)
    with pytest.raises(Broken, match="chunks: IndexError: off by one"):
        Fuzzer(1, EXAMPLES).run(10)


def test_a_refusal_that_repeats_a_secret_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def leak(_kind: object, raw: bytes) -> None:
        raise PayloadRefused("fields", raw.decode("utf-8", "replace"))

    monkeypatch.setattr(fuzzing, "decode", leak)
    with pytest.raises(Broken, match="repeats"):
        Fuzzer(1, EXAMPLES).run(2_000)


def test_mangling_changes_what_it_is_given() -> None:
    rng = random.Random(1)
    raw = bytes(range(100))
    assert sum(fuzzing.mangled(rng, raw) != raw for _ in range(100)) > 95


def test_every_kind_of_payload_is_fuzzed() -> None:
    assert set(EXAMPLES) == set(CONTRACT)
