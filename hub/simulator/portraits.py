"""Photos → people that can be put before a simulated camera, cut out around their faces."""

import io
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageOps, UnidentifiedImageError

from hub.errors import InputError, InvalidImage, NotFound, PresenzaError
from hub.faces import EngineOptions, worker
from hub.model import Box

FACE_PX = 200  # width of the face in a cut-out
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
# Where the faces of the sample photos are, so that the demo needn't look for them.
SAMPLES = {
    "astronaut_0001": Box(73, 270, 173, 170),
    "biden_0001": Box(221, 725, 554, 392),
    "obama_0001": Box(280, 490, 607, 163),
    "obama_0002": Box(307, 916, 607, 616),
    "obama_0003": Box(137, 212, 385, 0),
    "obama_0004": Box(137, 551, 392, 328),
    "obama_0005": Box(127, 619, 404, 342),
}


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A person cut out of a photo: RGBA, the face `FACE_PX` wide, its middle at `face` (x, y)."""

    figure: Image.Image
    face: tuple[int, int]


def find_photos(folder: Path) -> dict[str, list[Path]]:
    """The photos of each person: `folder/person/*.jpg`, or `folder/person.jpg`. Raises NotFound when there are none."""
    people: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*")) + sorted(folder.glob("*/*")):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            name = path.stem if path.parent == folder else path.parent.name
            people.setdefault(name, []).append(path)
    if not people:
        raise NotFound(f"There are no photos (.jpg, .png, .webp) in {folder} or its folders.")
    return people


def load_people(photos: Mapping[str, Sequence[Path]], cache_dir: Path) -> list[list[Portrait]]:
    """The portraits of each person, in the order of `photos`. Raises InputError for a photo that can't be read."""
    paths = [path for own in photos.values() for path in own]
    boxes = {path: SAMPLES[path.stem] for path in paths if path.stem in SAMPLES}
    boxes |= locate([path for path in paths if path not in boxes], cache_dir)
    return [[cut_out(image, box) for image, box in _usable(own, boxes)] for own in photos.values()]


def _usable(paths: Sequence[Path], boxes: Mapping[Path, Box]) -> list[tuple[Image.Image, Box]]:
    """A person's photos; those that cut the face off only where there is no other."""
    read = [_read(path) for path in paths]
    located = [(image, boxes.get(path) or likely_face(*image.size)) for path, image in zip(paths, read, strict=True)]
    whole = [(image, box) for image, box in located if box.left > 0 and box.right < image.width and box.top > 0]
    return whole or located


def _read(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError) as error:
        raise InputError("photo", f"{path} is no photo that can be read: {type(error).__name__}.") from None


def locate(paths: Sequence[Path], cache_dir: Path) -> dict[Path, Box]:
    """Where the largest face of each photo is, as far as the face engine is installed and finds one.

    The engine runs in a process of its own, which ends with this call.
    """
    if not paths:
        return {}
    options = EngineOptions("fast", cache_dir, min_face_px=16)
    try:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            # Not as the pool's initializer: when one fails while a photo is on its way to the process,
            # Pythons before 3.11.5 wait for ever (python/cpython#94777).
            pool.submit(worker.start, options).result()
            found = list(pool.map(face_of, [path.read_bytes() for path in paths]))
    except (BrokenProcessPool, PresenzaError, ImportError):
        return {}
    return {path: box for path, box in zip(paths, found, strict=True) if box is not None}


def face_of(photo: bytes) -> Box | None:
    """The place of a photo's largest face. Runs in the engine's process."""
    try:
        upright = worker.analyze_photo(photo).upright
        with Image.open(io.BytesIO(photo)) as image:
            width = ImageOps.exif_transpose(image).width
        analysis = worker.analyze(upright)
    except (InvalidImage, OSError):
        return None
    if not analysis.faces:
        return None
    box, scale = analysis.faces[0].box, width / analysis.width
    return Box(*(round(edge * scale) for edge in box.as_list()))


def likely_face(width: int, height: int) -> Box:
    """Where a portrait most likely has its face: the middle of a square one, high up in a tall one."""
    side = 0.42 * width
    middle = 0.53 * height if height < 1.3 * width else 0.25 * height
    return Box(round(middle - side / 2), round((width + side) / 2), round(middle + side / 2), round((width - side) / 2))


def cut_out(photo: Image.Image, box: Box) -> Portrait:
    """The person, softly cut out: head and shoulders of the photo, on a body where the photo ends too early."""
    scale = FACE_PX / box.width
    face = (round(1.9 * FACE_PX), round(1.0 * FACE_PX))
    size = (2 * face[0], round(4.2 * FACE_PX))
    scaled = photo.resize((round(photo.width * scale), round(photo.height * scale)), Image.Resampling.LANCZOS)
    middle = (round((box.left + box.right) / 2 * scale), round((box.top + box.bottom) / 2 * scale))
    figure = Image.new("RGB", size, _clothes(scaled, middle))
    figure.paste(scaled, (face[0] - middle[0], face[1] - middle[1]))
    figure.putalpha(_outline(size, face))
    return Portrait(figure, face)


def _clothes(photo: Image.Image, face: tuple[int, int]) -> tuple[int, int, int]:
    """The mean colour below the chin."""
    left, right = max(0, face[0] - FACE_PX // 2), min(photo.width, face[0] + FACE_PX // 2)
    top = min(photo.height - 2, face[1] + FACE_PX)
    strip = photo.crop((left, top, max(left + 1, right), photo.height)).resize((1, 1), Image.Resampling.BOX)
    red, green, blue = (int(value) for value in strip.tobytes()[:3])
    return red, green, blue


def _outline(size: tuple[int, int], face: tuple[int, int]) -> Image.Image:
    """The alpha mask: an oval for the head, shoulders and body below, soft edges."""
    x, y = face
    unit = FACE_PX
    mask = Image.new("L", size, 0)
    draw = ImageDraw.Draw(mask)
    draw.ellipse((x - 0.78 * unit, y - 0.95 * unit, x + 0.78 * unit, y + 0.85 * unit), fill=255)
    draw.rounded_rectangle((x - 1.6 * unit, y + 0.8 * unit, x + 1.6 * unit, y + 6 * unit), 0.6 * unit, fill=255)
    draw.rectangle((x - 0.42 * unit, y + 0.3 * unit, x + 0.42 * unit, y + 1.0 * unit), fill=255)
    return mask.filter(ImageFilter.GaussianBlur(0.06 * unit))
