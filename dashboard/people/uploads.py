"""Photos that people upload: judged by their bytes, turned upright, stripped of everything but pixels."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageOps
from ulid import ULID

from dashboard.runtime import Runtime
from hub.errors import InvalidImage

MAX_BYTES = 10 * 1024 * 1024
MAX_SIDE = 4096
SIDE = 1600  # a face is found as well in a smaller picture, and a phone's photo has 12 megapixels
FORMATS = ("JPEG", "PNG", "WEBP")
_BROKEN = (OSError, SyntaxError, ValueError, LookupError, TypeError, ArithmeticError, EOFError)


def clean(data: bytes) -> bytes:
    """An uploaded picture as an upright JPEG without metadata.

    Raises InvalidImage with the reason `too_large`, `format`, `pixels` or `decode`.
    """
    if len(data) > MAX_BYTES:
        raise InvalidImage("too_large")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if max(image.size) > MAX_SIDE:
                raise InvalidImage("pixels")
            return _encode(image)
    except Image.DecompressionBombError:
        raise InvalidImage("pixels") from None
    except Image.UnidentifiedImageError:
        raise InvalidImage("format") from None
    except _BROKEN:
        raise InvalidImage("decode") from None


def _encode(image: Image.Image) -> bytes:
    image.draft("RGB", (SIDE, SIDE))  # a JPEG is decoded at a fraction of its size at once
    upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    upright.save(out, "JPEG", quality=92)  # a new image: none of the old one's metadata is in it
    return out.getvalue()


def square(data: bytes, side: int) -> bytes:
    """A small square JPEG of a portrait: the upper part of a tall picture, the middle of a wide one."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        image.draft("RGB", (side, side))
        small = ImageOps.fit(image.convert("RGB"), (side, side), centering=(0.5, 0.08))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=82)
    return out.getvalue()


@contextmanager
def waiting(runtime: Runtime, photos: list[bytes]) -> Iterator[list[str]]:
    """Put photos where the hub can read them, as long as it judges them; their keys."""
    day = runtime.today().isoformat()
    keys = [f"uploads/{day}/{ULID()}.jpg" for _ in photos]
    try:
        for key, photo in zip(keys, photos, strict=True):
            runtime.pictures.put(key, photo)
        yield keys
    finally:
        for key in keys:
            runtime.pictures.delete(key)
