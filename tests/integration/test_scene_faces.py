"""What simulated cameras show, as the real face engine sees it."""

import shutil
from pathlib import Path

import pytest

from hub import faces, samples
from hub.errors import InvalidImage
from hub.faces import FaceEngine
from hub.simulator.link import Faults, Link
from hub.simulator.portraits import SAMPLES, Portrait, load_people, locate
from hub.simulator.scene import Optics, Room
from hub.simulator.visits import Visit
from tests.integration.portraits import cache_dir, options

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def engine() -> FaceEngine:
    return faces.load(options(min_face_px=40))


@pytest.fixture(scope="module")
def people() -> list[list[Portrait]]:
    return load_people(samples.people(cache_dir()), cache_dir())


def visits_of(room: Room, count: int) -> list[Visit]:
    moments = (room._visits.at(ms) for ms in range(0, 600_000, 500))
    return list(dict.fromkeys(visit for visit in moments if visit))[:count]


def test_a_face_is_as_large_as_the_walk_says(engine: FaceEngine, people: list[list[Portrait]]) -> None:
    room = Room(people, seed=1)
    for visit in visits_of(room, 3):
        for since_ms in (1000, 2500, 4500):
            ((_, place),) = visit.places(visit.start_ms + since_ms)
            (face,) = engine.analyze(room.picture(visit.start_ms + since_ms, Optics())).faces
            assert face.box.width == pytest.approx(place.face_px, rel=0.15)
            assert (face.box.left + face.box.right) / 2 == pytest.approx(place.x * 640, abs=25)


def test_two_people_at_once_are_two_faces(engine: FaceEngine, people: list[list[Portrait]]) -> None:
    room = Room(people, seed=1, pairs=1.0)
    for visit in visits_of(room, 3):
        assert len(engine.analyze(room.picture(visit.start_ms + 5000, Optics())).faces) == 2


def test_a_wall_has_no_face(engine: FaceEngine) -> None:
    for seed in range(5):
        assert engine.analyze(Room(seed=seed).picture(5000, Optics())).faces == ()


def test_a_truncated_frame_is_no_picture(engine: FaceEngine, people: list[list[Portrait]]) -> None:
    jpeg = Room(people, seed=1).picture(4000, Optics())
    for seed in range(20):
        with pytest.raises(InvalidImage):
            engine.analyze(Link(Faults(truncate=1.0), seed).damaged(jpeg))


def test_faces_of_unknown_photos_are_found_by_the_engine(tmp_path: Path) -> None:
    copies = {}
    for number, path in enumerate(path for own in samples.people(cache_dir()).values() for path in own):
        copies[tmp_path / f"{number}{path.suffix}"] = SAMPLES[path.stem]
        shutil.copy(path, tmp_path / f"{number}{path.suffix}")
    found = locate(list(copies), cache_dir())
    for copy, box in copies.items():
        assert found[copy].width == pytest.approx(box.width, rel=0.1)
        assert found[copy].left == pytest.approx(box.left, abs=0.1 * box.width)


def test_a_photo_without_a_face_is_left_to_a_guess(tmp_path: Path) -> None:
    picture = tmp_path / "wall.jpg"
    picture.write_bytes(Room(seed=3).picture(0, Optics()))
    assert locate([picture], cache_dir()) == {}


def test_without_an_engine_every_face_is_left_to_a_guess(tmp_path: Path) -> None:
    no_folder = tmp_path / "file"
    no_folder.write_text("")
    photo = samples.people(cache_dir())["biden"][0]
    assert locate([photo], no_folder) == {}
