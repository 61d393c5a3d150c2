"""What the engine sees in a camera's frames: real models, real faces."""

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from hub import faces
from hub.faces import FaceEngine
from hub.model import Face, Reason, Vector
from tests.integration import portraits
from tests.integration.portraits import distance, encoded, person, scaled, scene

pytestmark = pytest.mark.engine


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
def door() -> Image.Image:
    """One person before a wall, VGA."""
    return scene(person("biden"))


def only_face(engine: FaceEngine, frame: Image.Image) -> Face:
    (face,) = engine.analyze(encoded(frame)).faces
    return face


def vector(face: Face) -> Vector:
    assert face.vector is not None
    return face.vector


def test_a_face_is_found_and_encoded(engine: FaceEngine, door: Image.Image) -> None:
    analysis = engine.analyze(encoded(door))
    assert (analysis.width, analysis.height) == (640, 480)
    (face,) = analysis.faces
    assert face.reason is None
    assert vector(face).shape == (256,)
    assert np.linalg.norm(vector(face)[:128]) == pytest.approx(1.42, abs=1e-5)
    assert np.linalg.norm(vector(face)[128:]) == pytest.approx(1, abs=1e-5)
    assert vector(face).dtype == np.float32
    assert set(analysis.ms) == {"decode", "detect", "encode"}


def test_the_box_is_around_the_face(engine: FaceEngine, door: Image.Image) -> None:
    box = only_face(engine, door).box
    assert (box.left + box.right) / 2 == pytest.approx(123, abs=8)
    assert (box.top + box.bottom) / 2 == pytest.approx(83, abs=8)
    assert 60 <= box.height <= 85


def test_both_engines_encode_the_same_box_alike(fast: Any, reference: Any) -> None:
    for name in ("astronaut", "biden", "obama"):
        rgb = np.asarray(scene(person(name)))
        found = reference.find_in_photo(rgb)
        assert found
        ours = fast.encode_dlib(rgb, fast.align(rgb, found))
        theirs = reference.encode_dlib(rgb, reference.align(rgb, found))
        for one, other in zip(ours, theirs, strict=True):
            assert np.abs(one - other).max() < 1e-3


def test_both_engines_box_a_face_so_alike_that_one_gallery_serves_both(
    fast: FaceEngine, reference: FaceEngine, door: Image.Image
) -> None:
    assert fast.engine_id == reference.engine_id
    assert distance(vector(only_face(fast, door)), vector(only_face(reference, door))) < 0.4


def test_photos_of_one_person_are_near_and_of_two_are_far(fast: FaceEngine) -> None:
    one, same, other = (
        vector(only_face(fast, scene(person(*who)))) for who in (("obama", 0), ("obama", 1), ("biden", 0))
    )
    assert distance(one, same) < 1.0
    assert distance(one, other) > 1.3


def test_all_faces_of_a_frame_are_seen_the_largest_first(fast: FaceEngine) -> None:
    frame = scene(scaled(person("astronaut"), 0.7), person("biden"), scaled(person("obama"), 0.8), size=(900, 600))
    found = fast.analyze(encoded(frame)).faces
    sizes = [face.quality.size_px for face in found]
    assert len(found) == 3
    assert sizes == sorted(sizes, reverse=True)
    alone = vector(only_face(fast, scene(person("biden"))))
    assert [distance(vector(face), alone) < 1.0 for face in found].count(True) == 1


def test_a_wall_has_no_faces(engine: FaceEngine) -> None:
    analysis = engine.analyze(encoded(scene()))
    assert analysis.faces == ()
    assert (analysis.width, analysis.height) == (640, 480)


@pytest.mark.parametrize("size", [(320, 240), (800, 600), (1600, 1200), (480, 640), (641, 479)])
def test_every_frame_size_of_the_contract_is_read(fast: FaceEngine, size: tuple[int, int]) -> None:
    face = only_face(fast, scene(scaled(person("obama"), min(size) / 480), size=size))
    assert distance(vector(face), vector(only_face(fast, scene(person("obama"))))) < 0.7


@pytest.mark.parametrize("size", [(1, 1), (31, 7), (4096, 1), (1, 4096)])
def test_odd_sizes_are_read(fast: FaceEngine, size: tuple[int, int]) -> None:
    analysis = fast.analyze(encoded(Image.new("RGB", size, portraits.GREY)))
    assert (analysis.width, analysis.height, analysis.faces) == (*size, ())


def test_a_small_face_is_found_in_a_large_frame(fast: FaceEngine) -> None:
    frame = scene(scaled(person("astronaut"), 0.75), size=(1600, 1200))
    assert 56 <= only_face(fast, frame).quality.size_px <= 90


def test_a_face_at_the_border_is_boxed_within_the_frame(engine: FaceEngine) -> None:
    portrait = person("biden")
    face = engine.analyze(encoded(scene(portrait.crop((90, 0, portrait.width, 480))))).faces
    assert all(0 <= f.box.left < f.box.right <= 640 and 0 <= f.box.top < f.box.bottom <= 480 for f in face)


def test_a_far_face_is_too_small(fast: FaceEngine) -> None:
    face = only_face(fast, scene(scaled(person("astronaut"), 0.5)))
    assert face.reason is Reason.TOO_SMALL
    assert face.vector is None


def test_the_least_size_is_an_option() -> None:
    strict = faces.load(portraits.options(min_face_px=300))
    assert only_face(strict, scene(person("astronaut"))).reason is Reason.TOO_SMALL


def test_a_face_out_of_focus_is_blurred(fast: FaceEngine) -> None:
    assert refused(fast, person("obama").filter(ImageFilter.GaussianBlur(5))) is Reason.BLURRED


@pytest.mark.parametrize("axis", [0, 1])
def test_a_shaken_face_is_blurred(fast: FaceEngine, axis: int) -> None:
    pixels = np.asarray(person("obama"), np.float32)
    shaken = np.mean([np.roll(pixels, step, axis) for step in range(-10, 11)], 0)
    assert refused(fast, Image.fromarray(shaken.astype(np.uint8))) is Reason.BLURRED


def test_a_face_in_the_dark_is_too_dark(fast: FaceEngine) -> None:
    assert refused(fast, person("obama").point(lambda value: value * 0.1)) is Reason.TOO_DARK


def test_a_face_in_the_glare_is_too_bright(fast: FaceEngine) -> None:
    assert refused(fast, person("obama").point(lambda value: value * 2)) is Reason.TOO_BRIGHT


def test_half_the_light_is_enough(fast: FaceEngine) -> None:
    dim = only_face(fast, scene(person("obama").point(lambda value: value * 0.5)))
    assert distance(vector(dim), vector(only_face(fast, scene(person("obama"))))) < 0.7


def refused(engine: FaceEngine, portrait: Image.Image) -> Reason | None:
    face = only_face(engine, portraits.noisy(portrait, 2))
    assert face.vector is None
    return face.reason


def test_a_bad_face_does_not_spoil_a_good_one(fast: FaceEngine) -> None:
    frame = scene(scaled(person("astronaut"), 0.45), person("biden"))
    good, bad = fast.analyze(encoded(frame)).faces
    assert (good.reason, bad.reason) == (None, Reason.TOO_SMALL)
    assert distance(vector(good), vector(only_face(fast, scene(person("biden"))))) < 0.7
