"""Both encoders together, either alone, and the frames for which the second one is spared."""

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from hub import faces
from hub.faces.encoding import ENCODERS, PART
from hub.model import Box, Reason, Settled, Skip
from tests.integration import portraits
from tests.integration.portraits import distance, encoded, person, scene

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def engines() -> dict[str, Any]:
    return {encoder: faces.load(portraits.options(encoder=encoder)) for encoder in ENCODERS}


@pytest.fixture(scope="module")
def both(engines: dict[str, Any]) -> Any:
    return engines["dlib+sface"]


@pytest.fixture(scope="module")
def door() -> bytes:
    return encoded(scene(person("biden")))


def only_vector(engine: Any, jpeg: bytes) -> Any:
    (face,) = engine.analyze(jpeg).faces
    return face.vector


def test_the_vector_of_both_is_that_of_each_one_behind_the_other(engines: dict[str, Any], door: bytes) -> None:
    one, dlib, sface = (only_vector(engines[name], door) for name in ENCODERS)
    assert np.allclose(one, np.concatenate((dlib, sface)), atol=1e-6)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_each_encoder_tells_two_people_apart(engines: dict[str, Any], encoder: str) -> None:
    one, same, other = (
        only_vector(engines[encoder], encoded(scene(person(*who)))) for who in (("obama", 0), ("obama", 1), ("biden",))
    )
    assert distance(one, same) < 0.75 * distance(one, other)


def test_a_photo_and_its_mirror_image_are_encoded_whole(both: Any) -> None:
    photo, mirrored = both.analyze_photo(encoded(person("biden"))).vectors
    assert photo.shape == mirrored.shape == (2 * PART,)
    assert 0.01 < distance(photo[PART:], mirrored[PART:]) < 0.6


def test_only_the_second_encoder_tells_the_strength(engines: dict[str, Any], door: bytes) -> None:
    known = {name: engine.analyze(door).faces[0].quality.strength for name, engine in engines.items()}
    assert known["dlib"] is None
    assert 10 < known["sface"] == pytest.approx(known["dlib+sface"], rel=1e-5)


def test_without_the_detectors_points_sface_aligns_by_dlibs(both: Any) -> None:
    reference = faces.load(portraits.options("reference", "sface"))
    jpeg = encoded(scene(person("obama")))
    assert distance(only_vector(reference, jpeg), only_vector(both, jpeg)[PART:]) < 0.4


def with_sunglasses(portrait: Image.Image, box: Box) -> Image.Image:
    covered = portrait.copy()
    glasses = (box.left, box.top + box.height * 0.12, box.right, box.top + box.height * 0.4)
    ImageDraw.Draw(covered).rectangle(glasses, fill=(15, 15, 15))
    return covered


def test_a_covered_face_is_encoded_for_recognition_but_has_a_reason_and_is_not_enrolled(both: Any) -> None:
    portrait = person("biden")
    box = both.analyze(encoded(portrait)).faces[0].box
    cover = encoded(with_sunglasses(portrait, box))
    (face,) = both.analyze(cover).faces
    assert face.reason is Reason.COVERED
    assert face.vector is not None
    photo = both.analyze_photo(cover)
    assert (photo.reason, photo.vectors) == (Reason.COVERED, ())


def test_a_settled_face_is_not_encoded_whole_again(both: Any, door: bytes) -> None:
    (before,) = both.analyze(door).faces
    (again,) = both.analyze(encoded(scene(person("biden"))), Skip((Settled(before.box, before.vector),))).faces
    assert (again.vector, again.reason, again.settled) == (None, None, 0)
    assert distance(again.part, before.vector[:PART]) < 0.2


def test_who_takes_a_settled_persons_place_is_encoded(both: Any, door: bytes) -> None:
    (other,) = both.analyze(encoded(scene(person("obama")))).faces
    (face,) = both.analyze(door, Skip((Settled(both.analyze(door).faces[0].box, other.vector),))).faces
    assert face.vector is not None
    assert face.settled is None


def test_a_face_far_from_everybody_is_not_encoded_whole(both: Any, door: bytes) -> None:
    obama = only_vector(both, encoded(scene(person("obama"))))[None, :PART]
    (face,) = both.analyze(door, Skip(people=obama, far=0.58)).faces
    assert face.vector is None
    assert face.part is not None
    (known,) = both.analyze(encoded(scene(person("obama", 1))), Skip(people=obama, far=0.65)).faces
    assert known.vector is not None


@pytest.mark.parametrize("encoder", ["dlib", "sface"])
def test_one_encoder_alone_spares_nobody(engines: dict[str, Any], encoder: str, door: bytes) -> None:
    skip = Skip(people=np.zeros((1, PART), np.float32), far=0.1)
    assert engines[encoder].analyze(door, skip).faces[0].vector.shape == (PART,)
