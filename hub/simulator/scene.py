"""What a simulated camera sees: pictures of a wall before which people come and go, made from photos.

Deterministic: the same photos, seed and time give the same JPEG.
"""

import io
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from hub import wire
from hub.simulator.portraits import FACE_PX, Portrait, find_photos, load_people
from hub.simulator.visits import Place, Visits

NOISE_SIGMA = 4.0  # of 255; about what a small sensor shows indoors
TILE = 96  # the noise is a larger sheet, laid elsewhere for each picture


@dataclass(frozen=True, slots=True)
class Optics:
    """What of a camera's configuration its pictures depend on."""

    width: int = 640
    height: int = 480
    quality: int = 80
    rotate: int = 0

    @classmethod
    def of(cls, config: dict[str, Any]) -> "Optics":
        width, height = wire.FRAME_SIZES[config["frame_size"]]
        return cls(width, height, config["jpeg_quality"], config["rotate"])


class Scene(Protocol):
    """Something to look at. `at_ms` counts from when the camera was switched on."""

    def motion(self, at_ms: float) -> bool:
        """Whether a motion sensor would fire."""

    def picture(self, at_ms: float, optics: Optics) -> bytes:
        """The camera's picture as JPEG."""


class Still:
    """Given JPEGs in turn, with something always moving from `begins_ms` on: costs nothing to make."""

    def __init__(self, jpegs: Sequence[bytes], begins_ms: float = 0.0) -> None:
        self._next = itertools.cycle(jpegs)
        self._begins_ms = begins_ms

    def motion(self, at_ms: float) -> bool:
        return at_ms >= self._begins_ms

    def picture(self, at_ms: float, optics: Optics) -> bytes:
        return next(self._next)


class Room:
    """A wall with a door; people walk up to the camera and away. Without people only the light moves."""

    def __init__(self, people: Sequence[Sequence[Portrait]] = (), *, seed: int = 0, pairs: float = 0.0) -> None:
        """`people` gives each person's portraits; `pairs` is the share of visits by two at once."""
        self._people = people
        self._visits = Visits(len(people), seed=seed, pairs=pairs)
        self._seed = seed
        self._walls: dict[tuple[int, int], tuple[Image.Image, npt.NDArray[np.int16]]] = {}

    @classmethod
    def of_photos(cls, folder: Path, cache_dir: Path, *, seed: int = 0, pairs: float = 0.0) -> "Room":
        """A room that the people of a folder of photos visit. Raises NotFound, InputError."""
        return cls(load_people(find_photos(folder), cache_dir), seed=seed, pairs=pairs)

    def motion(self, at_ms: float) -> bool:
        return self._visits.at(at_ms) is not None

    def picture(self, at_ms: float, optics: Optics) -> bytes:
        wall, noise = self._wall(optics.width, optics.height)
        picture = wall.copy()
        visit = self._visits.at(at_ms)
        for walker, place in visit.places(at_ms) if visit else ():
            portraits = self._people[walker.person]
            # Another photo for each visit: how a person looks changes from day to day.
            _put(picture, portraits[int(visit.start_ms if visit else 0) % len(portraits)], place)
        lit = _light(picture, noise, light(at_ms), np.random.default_rng((self._seed, int(at_ms))))
        return _encode(lit, optics)

    def _wall(self, width: int, height: int) -> tuple[Image.Image, npt.NDArray[np.int16]]:
        if (width, height) not in self._walls:
            rng = np.random.default_rng(self._seed)
            self._walls[width, height] = _paint_wall(width, height, rng), _noise_sheet(width, height, rng)
        return self._walls[width, height]


def light(at_ms: float) -> float:
    """The brightness of the room: it drifts, and a cloud goes by now and then."""
    drift = 0.07 * math.sin(at_ms / 9_000) + 0.03 * math.sin(at_ms / 1_700)
    cloud = 0.15 if math.sin(at_ms / 23_000) > 0.8 else 0.0
    return 1.0 + drift - cloud


def _paint_wall(width: int, height: int, rng: np.random.Generator) -> Image.Image:
    """A plain wall, lit from one side, with a door and the floor's edge."""
    base = rng.integers((150, 145, 135), (215, 210, 205))
    across = np.linspace(1.06, 0.9, width)[None, :, None]
    down = np.linspace(1.03, 0.94, height)[:, None, None]
    grain = np.asarray(
        Image.fromarray(rng.integers(0, 255, (height // 8, width // 8), dtype=np.uint8)).resize((width, height))
    )
    shade = base * across * down + (grain.astype(np.float32)[:, :, None] - 127) * 0.04
    wall = Image.fromarray(np.clip(shade, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(wall)
    door = rng.uniform(0.05, 0.7) * width
    draw.rectangle((door, 0.12 * height, door + 0.24 * width, height), fill=(118, 92, 70))
    draw.rectangle((door, 0.12 * height, door + 0.24 * width, height), outline=(86, 66, 50), width=max(1, width // 160))
    draw.rectangle((0, 0.93 * height, width, height), fill=(92, 90, 88))
    return wall.filter(ImageFilter.GaussianBlur(width / 640))


def _noise_sheet(width: int, height: int, rng: np.random.Generator) -> npt.NDArray[np.int16]:
    return rng.normal(0, NOISE_SIGMA, (height + TILE, width + TILE, 3)).astype(np.int16)


def _put(picture: Image.Image, portrait: Portrait, place: Place) -> None:
    """Lay a person over the picture, so large that the face is `place.face_px` wide on VGA."""
    scale = place.face_px * picture.width / 640 / FACE_PX
    size = (max(1, round(portrait.figure.width * scale)), max(1, round(portrait.figure.height * scale)))
    figure = portrait.figure.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    left = round(place.x * picture.width - portrait.face[0] * scale)
    top = round(place.y * picture.height - portrait.face[1] * scale)
    picture.paste(figure, (left, top), figure)


def _light(
    picture: Image.Image, noise: npt.NDArray[np.int16], brightness: float, rng: np.random.Generator
) -> Image.Image:
    # Brightness by a table and noise in 16-bit integers: a picture costs milliseconds, not tens of them.
    table = [min(255, round(level * brightness)) for level in range(256)] * 3
    pixels = np.asarray(picture.point(table), dtype=np.int16)
    top, left = rng.integers(0, TILE, 2)
    height, width, _ = pixels.shape
    noisy = pixels + noise[top : top + height, left : left + width]
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


_TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}


def _encode(picture: Image.Image, optics: Optics) -> bytes:
    if optics.rotate:
        picture = picture.transpose(_TURNS[optics.rotate])
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=optics.quality)
    return buffer.getvalue()
