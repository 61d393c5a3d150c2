"""Bytes from outside → RGB pixels, or InvalidImage with a fixed reason and a sentence.

The size limit is held against the header, before anything of that size is allocated or decoded.
"""

import io
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import ExifTags, Image, ImageFile, ImageOps, UnidentifiedImageError

from hub.errors import InvalidImage

Pixels = npt.NDArray[np.uint8]

MAX_SIDE = 4096  # pixels
MAX_PHOTO_BYTES = 32 * 1024 * 1024
MAX_SCANS = 32  # of a progressive JPEG: each costs a pass over all pixels; usual are 10
UPRIGHT_QUALITY = 92

# What Pillow's parsers raise over damaged files.
_PILLOW_ERRORS = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    struct.error,
    zlib.error,
)
_START_OF_SCAN = b"\xff\xda"
# Padding before the end marker is what some camera sensors send; all pixels are there.
_PADDED = re.compile(r"\d+ extraneous bytes before marker 0xd9")
_TRUNCATED = re.compile(r"(?i)premature end|truncated")


def _check_size(width: int, height: int) -> None:
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise InvalidImage(
            "too_many_pixels", f"The picture has {width}x{height} pixels; at most {MAX_SIDE}x{MAX_SIDE} are looked at."
        )


def _check_jpeg(data: bytes) -> None:
    if not data:
        raise InvalidImage("empty", "The picture has no bytes.")
    if not _is_jpeg(data):
        raise InvalidImage("not_jpeg", "The picture is no JPEG.")
    if data.count(_START_OF_SCAN) > MAX_SCANS:
        raise InvalidImage("too_many_scans", f"The JPEG has more than {MAX_SCANS} scans.")


@dataclass(frozen=True, slots=True)
class JpegFrame:
    """A camera's JPEG whose header was read and is within the limits."""

    data: bytes
    width: int
    height: int

    @classmethod
    def read(cls, data: bytes) -> "JpegFrame":
        """Raises InvalidImage: `empty`, `not_jpeg`, `too_many_scans`, `corrupt`, `too_many_pixels`."""
        _check_jpeg(data)
        try:
            height, width, *_ = simplejpeg.decode_jpeg_header(data)
        except ValueError:
            raise InvalidImage("corrupt", "The JPEG's header can't be read.") from None
        _check_size(width, height)
        return cls(data, width, height)

    def pixels(self, least_width: int = 0, least_height: int = 0) -> Pixels:
        """RGB [height, width, 3], whole, or by a power of two smaller but not under the least size.

        Raises InvalidImage (`truncated`, `corrupt`) instead of giving a picture that is partly grey.
        """
        try:
            return self._decode(least_width, least_height, strict=True)
        except ValueError as error:
            if not _PADDED.search(str(error)):
                raise _invalid(error) from None
        try:
            return self._decode(least_width, least_height, strict=False)
        except ValueError as error:
            raise _invalid(error) from None

    def _decode(self, least_width: int, least_height: int, *, strict: bool) -> Pixels:
        pixels: Pixels = simplejpeg.decode_jpeg(
            self.data, "RGB", min_width=least_width, min_height=least_height, strict=strict
        )
        return pixels


def _invalid(error: Exception) -> InvalidImage:
    if _TRUNCATED.search(str(error)):
        return InvalidImage("truncated", "The picture ends too early.")
    return InvalidImage("corrupt", "The picture's data is damaged.")


def shrunk(rgb: Pixels, width: int, height: int) -> Pixels:
    """The pixels resized to a smaller size."""
    if rgb.shape[:2] == (height, width):
        return rgb
    return np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0))


def decode_photo(data: bytes) -> Pixels:
    """An enrolment photo (JPEG, PNG or WebP), turned upright as its EXIF says, as RGB [height, width, 3].

    Raises InvalidImage: `empty`, `too_many_bytes`, `not_a_photo`, `too_many_scans`, `too_many_pixels`,
    `truncated`, `corrupt`.
    """
    _check_photo(data)
    # face_recognition sets this when it is imported; half a face must not be enrolled.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    with _refusals(), Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as image:
        _check_size(*image.size)
        turned = image.getexif().get(ExifTags.Base.Orientation, 1)
        # Pillow takes a JPEG that ends too early with an end marker for whole, and paints the rest grey.
        rgb = Image.fromarray(JpegFrame.read(data).pixels()) if _is_jpeg(data) else _to_rgb(image)
        rgb.getexif()[ExifTags.Base.Orientation] = turned
        return np.ascontiguousarray(ImageOps.exif_transpose(rgb))


def _is_jpeg(data: bytes) -> bool:
    return data.startswith(b"\xff\xd8\xff")


def _check_photo(data: bytes) -> None:
    if not data:
        raise InvalidImage("empty", "The photo has no bytes.")
    if len(data) > MAX_PHOTO_BYTES:
        raise InvalidImage("too_many_bytes", f"The photo is over {MAX_PHOTO_BYTES >> 20} MiB.")
    is_webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    if is_webp:
        _check_size(*_webp_size(data))  # Pillow allocates a WebP's canvas as soon as it opens it
    elif not _is_jpeg(data) and not data.startswith(b"\x89PNG\r\n\x1a\n"):
        raise InvalidImage("not_a_photo", "The photo is no JPEG, PNG or WebP.")


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height of a WebP from the header of its first chunk (RFC 9649)."""
    kind, body = data[12:16], data[20:30]
    if len(body) < 10:
        raise InvalidImage("truncated", "The picture ends too early.")
    if kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    raise InvalidImage("corrupt", "The picture's data is damaged.")


@contextmanager
def _refusals() -> Iterator[None]:
    """What Pillow raises for bad files, as InvalidImage."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd EXIF and the like is no harm
            yield
    except UnidentifiedImageError:
        raise InvalidImage("corrupt", "The photo's header can't be read.") from None
    except Image.DecompressionBombError:
        raise InvalidImage("too_many_pixels", "The photo has too many pixels.") from None
    except _PILLOW_ERRORS as error:
        raise _invalid(error) from None


def _to_rgb(image: Image.Image) -> Image.Image:
    """RGB of whatever mode: 16-bit grey is scaled, transparency put on white."""
    if image.mode.startswith(("I", "F")):
        grey = np.clip(np.asarray(image, np.float32) / 257, 0, 255).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def encode_upright(rgb: Pixels) -> bytes:
    """A JPEG of the pixels, without any metadata."""
    jpeg: bytes = simplejpeg.encode_jpeg(rgb, UPRIGHT_QUALITY, "RGB", "420")
    return jpeg
