"""Frames that are no usable JPEG: each is refused with its reason, and nothing is half decoded."""

import random
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub import faces
from hub.errors import InvalidImage
from hub.faces import FaceEngine
from hub.model import Analysis
from tests.integration import portraits
from tests.integration.portraits import distance, encoded, noisy, person, scene, with_claimed_size

pytestmark = pytest.mark.engine

REASONS = ("truncated", "corrupt", "too_many_pixels", "too_many_scans", "not_jpeg")


@pytest.fixture(scope="module")
def fast() -> FaceEngine:
    return faces.load(portraits.options())


@pytest.fixture(scope="module")
def reference() -> FaceEngine:
    return faces.load(portraits.options("reference"))


@pytest.fixture(params=["fast", "reference"])
def engine(request: pytest.FixtureRequest) -> FaceEngine:
    found: FaceEngine = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def frame() -> bytes:
    return encoded(scene(person("biden")))


def refusal(engine: FaceEngine, jpeg: bytes) -> InvalidImage:
    with pytest.raises(InvalidImage) as caught:
        engine.analyze(jpeg)
    assert str(caught.value).endswith(".")
    return caught.value


def the_vector(analysis: Analysis) -> object:
    (face,) = analysis.faces
    assert face.vector is not None
    return face.vector


def test_no_bytes_are_refused(engine: FaceEngine) -> None:
    assert refusal(engine, b"").reason == "empty"


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "BMP"])
def test_other_formats_are_refused(engine: FaceEngine, kind: str) -> None:
    assert refusal(engine, encoded(person("biden"), kind)).reason == "not_jpeg"


def test_a_gif_behind_a_jpegs_first_bytes_is_refused(engine: FaceEngine) -> None:
    assert refusal(engine, b"\xff\xd8\xff" + encoded(person("biden"), "GIF") + b"\xff\xd9").reason == "corrupt"


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_truncated_frame_is_refused_even_with_an_end_marker(
    engine: FaceEngine, share: float, progressive: bool
) -> None:
    jpeg = encoded(scene(person("biden")), progressive=progressive)
    cut = jpeg[: int(len(jpeg) * share)]
    assert refusal(engine, cut + b"\xff\xd9").reason in ("truncated", "corrupt")
    assert refusal(engine, cut).reason in ("truncated", "corrupt")


def test_a_truncated_wall_is_refused_too(engine: FaceEngine) -> None:
    jpeg = encoded(scene())
    assert refusal(engine, jpeg[: len(jpeg) // 2] + b"\xff\xd9").reason == "truncated"


@pytest.mark.parametrize(("width", "height"), [(4097, 480), (640, 4097), (65000, 65000)])
def test_too_many_pixels_are_refused_before_they_are_allocated(
    engine: FaceEngine, frame: bytes, width: int, height: int
) -> None:
    huge = with_claimed_size(frame, width, height)
    tracemalloc.start()
    start = time.perf_counter()
    reason = refusal(engine, huge).reason
    took = time.perf_counter() - start
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reason == "too_many_pixels"
    assert peak < 1 << 20
    assert took < 1


def test_the_largest_size_is_read(fast: FaceEngine) -> None:
    analysis = fast.analyze(encoded(scene(size=(4096, 4096))))
    assert (analysis.width, analysis.height, analysis.faces) == (4096, 4096, ())


def test_pixels_of_no_size_are_refused(engine: FaceEngine, frame: bytes) -> None:
    assert refusal(engine, with_claimed_size(frame, 0, 0)).reason in ("corrupt", "too_many_pixels")


def test_a_jpeg_of_endless_scans_is_refused(engine: FaceEngine) -> None:
    jpeg = encoded(noisy(scene()), progressive=True)
    first = jpeg.index(b"\xff\xda")
    scan = jpeg[first : jpeg.index(b"\xff\xda", first + 2)]
    assert refusal(engine, jpeg[:-2] + scan * 40 + b"\xff\xd9").reason == "too_many_scans"


def test_padding_before_the_end_marker_is_no_damage(engine: FaceEngine, frame: bytes) -> None:
    padded = frame[:-2] + bytes(64) + b"\xff\xd9"
    assert distance(the_vector(engine.analyze(padded)), the_vector(engine.analyze(frame))) < 1e-6


@pytest.mark.parametrize("how", [{"progressive": True}, {"subsampling": 0}, {"restart_marker_blocks": 8}])
def test_unusual_jpegs_are_read(engine: FaceEngine, frame: bytes, how: dict[str, object]) -> None:
    unusual = encoded(scene(person("biden")), **how)
    assert distance(the_vector(engine.analyze(unusual)), the_vector(engine.analyze(frame))) < 0.4


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_other_colours_are_read(engine: FaceEngine, frame: bytes, mode: str) -> None:
    other = encoded(scene(person("biden")).convert(mode))
    assert distance(the_vector(engine.analyze(other)), the_vector(engine.analyze(frame))) < 0.8


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_damage_anywhere_is_refused_or_read_but_never_worse(
    fast: FaceEngine, frame: bytes, data: st.DataObject
) -> None:
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    damaged = bytearray(frame)
    for _ in range(data.draw(st.integers(1, 40))):
        damaged[rng.randrange(2, len(damaged))] = rng.randrange(256)
    try:
        outcome: object = fast.analyze(bytes(damaged))
    except InvalidImage as refused:
        outcome = refused.reason
    assert isinstance(outcome, Analysis) or outcome in REASONS
