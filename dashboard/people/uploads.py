"""Photos that people upload: judged by their bytes, turned upright, stripped of everything but pixels."""

import io
from collections.abc import Sequence
from contextlib import suppress

from django.core import signing
from PIL import Image, ImageOps
from ulid import ULID

from dashboard.runtime import Runtime
from hub.errors import InvalidImage

MAX_BYTES = 10 * 1024 * 1024
MAX_SIDE = 4096
SIDE = 1600  # a face is found as well in a smaller picture, and a phone's photo has 12 megapixels
FOLDER = "uploads"
WAIT_S = 24 * 3600
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


def put(runtime: Runtime, person_id: str, photos: Sequence[bytes]) -> list[str]:
    """Put photos where the hub can read them; their keys. They go with the person, and else after a day.

    hub.erase and hub.retention see to that.
    """
    day = runtime.today().isoformat()
    keys = [f"{FOLDER}/{day}/{person_id}/{ULID()}.jpg" for _ in photos]
    try:
        for key, photo in zip(keys, photos, strict=True):
            runtime.pictures.put(key, photo)
    except BaseException:
        drop(runtime, keys)
        raise
    return keys


def drop(runtime: Runtime, keys: Sequence[str]) -> None:
    """Delete photos that wait. Keys of anything else are passed over."""
    for key in keys:
        if key.startswith(f"{FOLDER}/"):
            runtime.pictures.delete(key)


def ticket(person_id: str, key: str) -> str:
    """Names a waiting photo to a browser, so that it can be asked for by nobody else and for nobody else."""
    return signing.dumps([person_id, key], salt=FOLDER)


def redeem(person_id: str, tickets: Sequence[str]) -> list[str]:
    """The keys of a person's tickets, those that are too old or of somebody else left out."""
    keys = []
    for each in tickets:
        with suppress(signing.BadSignature, ValueError):
            owner, key = signing.loads(each, salt=FOLDER, max_age=WAIT_S)
            if owner == person_id:
                keys.append(str(key))
    return list(dict.fromkeys(keys))
