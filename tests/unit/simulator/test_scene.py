import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hub import wire
from hub.errors import InputError, NotFound
from hub.model import Box
from hub.simulator.portraits import FACE_PX, Portrait, cut_out, find_photos, likely_face, load_people
from hub.simulator.scene import Optics, Room, Scene, Still, light

GREEN = (20, 200, 40)  # a colour that no wall has


def portrait(colour: tuple[int, int, int] = GREEN) -> Portrait:
    photo = Image.new("RGB", (300, 400), colour)
    return cut_out(photo, Box(100, 200, 200, 100))


def pixels(jpeg: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB")).astype(int)


def green_share(jpeg: bytes) -> float:
    picture = pixels(jpeg)
    return float(np.mean((picture[:, :, 1] - picture[:, :, 0] > 80) & (picture[:, :, 1] - picture[:, :, 2] > 80)))


def when(room: Room, *, moves: bool, seconds: int = 60) -> int:
    return next(ms for ms in range(1000, seconds * 1000, 100) if room.motion(ms) is moves)


def test_the_same_seed_and_time_give_the_same_picture() -> None:
    one, same, other = (Room([[portrait()]], seed=seed) for seed in (3, 3, 4))
    assert one.picture(4000, Optics()) == same.picture(4000, Optics()) != other.picture(4000, Optics())


def test_the_noise_is_never_the_same_twice() -> None:
    room = Room(seed=1)
    still = when(room, moves=False)
    assert room.picture(still, Optics()) != room.picture(still + 1, Optics())


@pytest.mark.parametrize("name", wire.FRAME_SIZES)
def test_a_picture_has_the_configured_size(name: str) -> None:
    width, height = wire.FRAME_SIZES[name]
    config = wire.default_config() | {"frame_size": name}
    picture = Image.open(io.BytesIO(Room(seed=1).picture(0, Optics.of(config))))
    assert (picture.format, picture.size) == ("JPEG", (width, height))


def test_a_turned_camera_gives_turned_pictures() -> None:
    room = Room([[portrait()]], seed=1)
    upright = pixels(room.picture(4000, Optics()))
    assert np.mean(np.abs(np.rot90(pixels(room.picture(4000, Optics(rotate=90))), 1) - upright)) < 2
    assert np.mean(np.abs(np.rot90(pixels(room.picture(4000, Optics(rotate=180))), 2) - upright)) < 2


def test_a_lower_quality_gives_a_smaller_jpeg() -> None:
    room = Room(seed=1)
    assert len(room.picture(0, Optics(quality=20))) < len(room.picture(0, Optics(quality=90))) / 2


def test_somebody_who_walks_up_covers_more_and_more_of_the_picture() -> None:
    room = Room([[portrait()]], seed=1)
    begins = when(room, moves=True)
    shares = [green_share(room.picture(begins + ms, Optics())) for ms in (100, 1500, 3000, 4000)]
    assert shares == sorted(shares)
    assert shares[-1] > 2 * shares[0] > 0


def test_between_visits_nobody_is_seen() -> None:
    room = Room([[portrait()]], seed=1)
    assert green_share(room.picture(when(room, moves=False), Optics())) < 0.001


def test_a_wall_moves_but_shows_nobody() -> None:
    room = Room(seed=1)
    assert green_share(room.picture(when(room, moves=True), Optics())) < 0.001


def test_the_light_changes_but_not_wildly() -> None:
    levels = [light(ms) for ms in range(0, 600_000, 500)]
    assert 0.7 < min(levels) < 0.95
    assert 1.05 < max(levels) < 1.3


def test_stills_come_in_turn_and_begin_when_told() -> None:
    scene: Scene = Still([b"a", b"b"], begins_ms=500)
    assert [scene.picture(0, Optics()) for _ in range(3)] == [b"a", b"b", b"a"]
    assert (scene.motion(499), scene.motion(500)) == (False, True)


def test_a_cut_out_has_the_face_at_its_place_and_nothing_around_it() -> None:
    figure = portrait().figure
    x, y = portrait().face
    assert figure.getpixel((x, y)) == (*GREEN, 255)
    assert figure.getpixel((2, 2))[3] == 0
    assert figure.width == 2 * x > 2 * FACE_PX


def test_a_likely_face_lies_within_the_photo() -> None:
    for width, height in ((250, 250), (600, 800), (970, 2204), (1200, 800)):
        box = likely_face(width, height)
        assert 0 <= box.left < box.right <= width
        assert 0 <= box.top < box.bottom <= height


def test_photos_are_found_by_person(tmp_path: Path) -> None:
    (tmp_path / "ada").mkdir()
    for name in ("ada/1.jpg", "ada/2.PNG", "bob.jpeg", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert {name: len(paths) for name, paths in find_photos(tmp_path).items()} == {"ada": 2, "bob": 1}


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no photos"):
        find_photos(tmp_path)


def test_a_photo_that_is_none_is_refused(tmp_path: Path) -> None:
    photo = tmp_path / "biden_0001.jpg"  # the place of its face is known: no engine is asked
    photo.write_bytes(b"GIF89a")
    with pytest.raises(InputError, match="no photo that can be read"):
        load_people({"biden": [photo]}, tmp_path)
