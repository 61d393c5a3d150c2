"""Pictures for the tests of the face engine: the sample people in scenes of a camera's size."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from hub import samples, settings
from hub.faces import EngineOptions
from hub.faces.encoding import BOTH

GREY = (118, 122, 128)


def cache_dir() -> Path:
    """Where the set-up put the models and the sample photos."""
    return settings.load().cache_dir


def options(engine: str = "fast", encoder: str = BOTH, *, min_face_px: int = 56) -> EngineOptions:
    return EngineOptions(engine, cache_dir(), min_face_px, encoder)


def person(name: str, number: int = -1) -> Image.Image:
    """One of a sample person's photos, by default the last, 480 pixels high."""
    photo = ImageOps.exif_transpose(Image.open(samples.people(cache_dir())[name][number])).convert("RGB")
    return photo.resize((round(photo.width * 480 / photo.height), 480), Image.Resampling.LANCZOS)


def scene(*portraits: Image.Image, size: tuple[int, int] = (640, 480)) -> Image.Image:
    """The portraits side by side before a grey wall, with a sensor's noise."""
    wall = Image.new("RGB", size, GREY)
    left = 0
    for portrait in portraits:
        wall.paste(portrait, (left, max(0, (size[1] - portrait.height) // 2)))
        left += portrait.width
    return noisy(wall)


def noisy(image: Image.Image, sigma: float = 3.0) -> Image.Image:
    noise = np.random.default_rng(0).normal(0, sigma, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def scaled(image: Image.Image, factor: float) -> Image.Image:
    return image.resize((max(1, round(image.width * factor)), max(1, round(image.height * factor))))


def encoded(image: Image.Image, kind: str = "JPEG", **how: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **({"quality": 85} | how if kind in ("JPEG", "WEBP") else how))
    return file.getvalue()


def with_claimed_size(jpeg: bytes, width: int, height: int) -> bytes:
    """A JPEG whose header claims another size than its data has."""
    at = next(i for i in range(len(jpeg)) if jpeg[i : i + 2] in (b"\xff\xc0", b"\xff\xc2"))
    return jpeg[: at + 5] + height.to_bytes(2) + width.to_bytes(2) + jpeg[at + 9 :]


def distance(one: Sequence[float] | Any, other: Sequence[float] | Any) -> float:
    """Of two encodings by both encoders; two people are seldom nearer than 1.1."""
    return float(np.linalg.norm(np.asarray(one) - np.asarray(other)))
