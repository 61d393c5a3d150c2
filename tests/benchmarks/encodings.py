"""The encodings of a folder of labelled photos (`person/person_0001.jpg`), kept between runs."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub import faces
from hub.errors import NotFound
from hub.faces import EngineOptions
from hub.faces.encoding import BOTH, PART

if TYPE_CHECKING:
    from hub.faces.align import Found

Array = npt.NDArray[Any]
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
Show = Callable[[Sequence[Any]], Iterable[Any]]


@dataclass(frozen=True, eq=False)
class Encodings:
    """Row i is one photo in which a face was found; of several faces the one nearest to the photo's middle."""

    photos: Array  # paths below the folder
    vectors: Array  # float32 [n, d]
    mirrored: Array  # float32 [n, d], of the mirror image
    boxes: Array  # int [n, 4]
    quality: Array  # float [n, 6]: size_px, sharpness, brightness, turn, score, strength
    missed: Array  # the photos without a face

    @cached_property
    def people(self) -> Array:
        """Row i's person."""
        return np.array([Path(photo).parent.name for photo in self.photos])

    def of(self, encoder: str) -> "Encodings":
        """The part of one encoder alone."""
        if encoder == BOTH:
            return self
        part = slice(0, PART) if encoder == "dlib" else slice(PART, None)
        return replace(self, vectors=self.vectors[:, part], mirrored=self.mirrored[:, part])


def list_photos(folder: Path) -> list[Path]:
    """The folder's photos, in order. Raises NotFound."""
    photos = sorted(path for path in folder.glob("*/*") if path.suffix.lower() in SUFFIXES)
    if not photos:
        raise NotFound(f"{folder} holds no photos named person/person_0001.jpg.")
    return photos


def encode_folder(folder: Path, options: EngineOptions, show: Show) -> Encodings:
    """Encode every photo by both encoders, or read what an earlier run kept. The boxes are the engine's.

    dlib's encoder is always the converted one, for `reference` too: it gives what face_recognition's
    gives (tested to 1e-3), 25 times sooner.
    """
    photos, options = list_photos(folder), replace(options, encoder=BOTH)
    kept = _cache_file(folder, photos, options)
    if kept.is_file():
        with np.load(kept) as stored:
            return Encodings(**{field.name: stored[field.name] for field in fields(Encodings)})
    encodings = _encode(folder, photos, options, show)
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.savez(kept, **{field.name: getattr(encodings, field.name) for field in fields(Encodings)})
    return encodings


def _cache_file(folder: Path, photos: list[Path], options: EngineOptions) -> Path:
    listing = "\n".join(f"{photo.relative_to(folder)} {photo.stat().st_size}" for photo in photos)
    digest = hashlib.sha256(listing.encode()).hexdigest()[:16]
    return options.cache_dir / "accuracy" / f"{options.engine}-{faces.engine_id(options)}-{digest}.npz"


def _encode(folder: Path, photos: list[Path], options: EngineOptions, show: Show) -> Encodings:
    from hub.faces.pictures import decode_photo

    finder: Any = faces.load(options)
    encoder: Any = faces.load(replace(options, engine="fast"))
    rows, missed = [], []
    for photo in show(photos):
        rgb = decode_photo(photo.read_bytes())
        name = str(photo.relative_to(folder))
        found = finder.find_in_photo(rgb)
        if not found:
            missed.append(name)
            continue
        middle = middle_face(found, rgb.shape)
        face = encoder.align(rgb, [middle])[0]
        q, encoded = face.quality, encoder.encode(rgb, [face])[0]
        rows.append(
            (
                name,
                encoded.vector,
                encoder.encode_mirrored(rgb, middle).vector,
                middle.box.as_list(),
                (q.size_px, q.sharpness, q.brightness, q.turn, q.score, encoded.strength),
            )
        )
    return Encodings(*(np.array(column) for column in zip(*rows, strict=True)), np.array(missed))


def middle_face(found: "Sequence[Found]", shape: tuple[int, ...]) -> "Found":
    """Whom such a photo shows: the face nearest to its middle."""

    def off(face: "Found") -> int:
        box = face.box
        return abs(box.top + box.bottom - shape[0]) + abs(box.left + box.right - shape[1])

    return min(found, key=off)
