"""The golden vectors, as CPython reads them. `tests/vectors/check.py` runs under MicroPython too."""

from pathlib import Path
from types import SimpleNamespace

from hub import wire
from tests.vectors import check, generate

VECTORS = Path(check.__file__).parent


def test_the_wire_format_agrees_with_every_vector() -> None:
    assert check.differences(wire, str(VECTORS)) == []


def test_a_wire_format_that_differs_is_noticed() -> None:
    other = SimpleNamespace(**vars(wire))
    other.unpack_header = lambda raw: wire.unpack_header(raw)._replace(index=0)
    other.is_name = bool
    other.check_config = lambda wanted: (wire.default_config(), [])
    assert {found.split(":")[0] for found in check.differences(other, str(VECTORS))} == {"chunks", "topics", "config"}


def test_the_vectors_are_what_the_generator_writes() -> None:
    for name, text in generate.rendered().items():
        assert (VECTORS / name).read_text(encoding="utf-8") == text


def test_the_vectors_cover_every_configuration_field_and_every_refusal() -> None:
    assert set(generate.WRONG) == set(wire.CONFIG_FIELDS) == set(generate.DEFAULTS)
    reasons = {case["reason"] for case in generate.chunks()["refused"]}
    documented = wire.unpack_header.__doc__ or ""
    assert reasons == {word for word in documented.replace("\n", " ").split("`")[1::2] if word != "raw"}
