"""Enrolment photos: what people's phones and scanners make, and what they upload by mistake."""

import io
import random
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from hub import faces
from hub.errors import InvalidImage
from hub.faces import FaceEngine, PhotoAnalysis, pictures
from hub.model import Reason
from tests.integration import portraits
from tests.integration.portraits import distance, encoded, person, scaled, scene, with_claimed_size

pytestmark = pytest.mark.engine

REASONS = (
    "empty",
    "too_many_bytes",
    "not_a_photo",
    "not_jpeg",
    "too_many_scans",
    "too_many_pixels",
    "truncated",
    "corrupt",
)

# EXIF orientation → what the camera's turn did to the picture: its inverse makes the photo that needs it.
TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.fixture(scope="module")
def fast() -> FaceEngine:
    return faces.load(portraits.options())


@pytest.fixture(scope="module")
def portrait() -> Image.Image:
    return person("biden")


@pytest.fixture(scope="module")
def plain(fast: FaceEngine, portrait: Image.Image) -> PhotoAnalysis:
    return fast.analyze_photo(encoded(portrait))


def refusal(engine: FaceEngine, photo: bytes) -> InvalidImage:
    with pytest.raises(InvalidImage) as caught:
        engine.analyze_photo(photo)
    assert str(caught.value).endswith(".")
    return caught.value


def test_a_good_photo_gives_an_encoding_of_itself_and_of_its_mirror_image(plain: PhotoAnalysis) -> None:
    assert (plain.faces, plain.reason) == (1, None)
    assert plain.quality is not None
    photo, mirrored = plain.vectors
    assert photo.dtype == mirrored.dtype == np.float32
    assert 0.01 < distance(photo, mirrored) < 0.8


def test_both_engines_take_a_photo_alike(fast: FaceEngine) -> None:
    reference = faces.load(portraits.options("reference"))
    photo = encoded(person("biden"))
    one, other = fast.analyze_photo(photo), reference.analyze_photo(photo)
    assert len(one.vectors) == len(other.vectors) == 2
    assert all(distance(a, b) < 0.4 for a, b in zip(one.vectors, other.vectors, strict=True))


@pytest.mark.parametrize("orientation", TURNED)
def test_a_turned_photo_is_set_upright(
    fast: FaceEngine, portrait: Image.Image, plain: PhotoAnalysis, orientation: int
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    analysis = fast.analyze_photo(encoded(portrait.transpose(TURNED[orientation]), exif=exif))
    assert Image.open(io.BytesIO(analysis.upright)).size == portrait.size
    assert distance(analysis.vectors[0], plain.vectors[0]) < 0.4


def test_what_is_kept_has_no_metadata(fast: FaceEngine, portrait: Image.Image) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "SecretMaker"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    photo = encoded(portrait, exif=exif, comment=b"SecretComment")
    assert b"Secret" in photo
    upright = fast.analyze_photo(photo).upright
    assert b"Secret" not in upright
    assert not Image.open(io.BytesIO(upright)).getexif()


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("PNG", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"subsampling": 0, "optimize": True}),
    ],
)
def test_each_format_gives_the_same_face(
    fast: FaceEngine, portrait: Image.Image, plain: PhotoAnalysis, kind: str, how: dict[str, object]
) -> None:
    assert distance(fast.analyze_photo(encoded(portrait, kind, **how)).vectors[0], plain.vectors[0]) < 0.4


@pytest.mark.parametrize(("mode", "kind"), [("RGBA", "PNG"), ("RGBA", "WEBP"), ("P", "PNG"), ("CMYK", "JPEG")])
def test_other_colours_are_read(
    fast: FaceEngine, portrait: Image.Image, plain: PhotoAnalysis, mode: str, kind: str
) -> None:
    photo = encoded(portrait.convert(mode), kind)
    assert distance(fast.analyze_photo(photo).vectors[0], plain.vectors[0]) < 0.7


def test_transparency_is_put_on_white() -> None:
    clear = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    assert pictures.decode_photo(encoded(clear, "PNG")).min() == 255


def test_sixteen_bit_grey_is_scaled() -> None:
    grey = Image.fromarray(np.full((64, 64), 257 * 120, np.uint16))
    assert (pictures.decode_photo(encoded(grey, "PNG")) == 120).all()


def test_a_close_up_and_a_far_face_are_both_found(fast: FaceEngine) -> None:
    near = person("astronaut").crop((140, 20, 300, 200)).resize((1600, 1800))
    far = scene(scaled(person("astronaut"), 1.0), size=(1600, 1200))
    assert fast.analyze_photo(encoded(near)).faces == 1
    assert fast.analyze_photo(encoded(far)).faces == 1


def test_a_photo_without_a_face_gives_no_encoding(fast: FaceEngine) -> None:
    analysis = fast.analyze_photo(encoded(scene()))
    assert (analysis.faces, analysis.vectors, analysis.quality) == (0, (), None)


def test_a_photo_of_several_gives_no_encoding(fast: FaceEngine) -> None:
    analysis = fast.analyze_photo(encoded(scene(person("biden"), person("obama"))))
    assert (analysis.faces, analysis.vectors, analysis.quality) == (2, (), None)


def test_an_unfit_face_gives_its_reason_and_no_encoding(fast: FaceEngine) -> None:
    analysis = fast.analyze_photo(encoded(scaled(person("astronaut"), 0.5)))
    assert (analysis.faces, analysis.reason, analysis.vectors) == (1, Reason.TOO_SMALL, ())
    assert analysis.quality is not None


def test_no_bytes_are_refused(fast: FaceEngine) -> None:
    assert refusal(fast, b"").reason == "empty"


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_other_formats_are_refused(fast: FaceEngine, portrait: Image.Image, kind: str) -> None:
    assert refusal(fast, encoded(portrait, kind)).reason == "not_a_photo"


@pytest.mark.parametrize("disguise", [b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP"])
def test_a_gif_in_disguise_is_refused(fast: FaceEngine, portrait: Image.Image, disguise: bytes) -> None:
    assert refusal(fast, disguise + encoded(portrait, "GIF")).reason in ("corrupt", "truncated")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.001, 0.05, 0.5, 0.95])
def test_truncated_photos_are_refused(fast: FaceEngine, portrait: Image.Image, kind: str, share: float) -> None:
    photo = encoded(portrait, kind)
    cut = photo[: max(12, int(len(photo) * share))]
    assert refusal(fast, cut).reason in ("truncated", "corrupt")


def test_a_truncated_photo_is_refused_also_after_face_recognition_was_imported(
    fast: FaceEngine, portrait: Image.Image
) -> None:
    faces.load(portraits.options("reference"))
    photo = encoded(portrait)
    assert refusal(fast, photo[: len(photo) // 2]).reason == "truncated"
    assert refusal(fast, photo[: len(photo) // 2] + b"\xff\xd9").reason == "truncated"


def huge_png() -> bytes:
    png = encoded(Image.new("L", (8, 8)), "PNG")
    at = png.index(b"IHDR") + 4
    return png[:at] + (60000).to_bytes(4) * 2 + png[at + 8 :]


def huge_webp(kind: bytes) -> bytes:
    bodies = {
        b"VP8X": bytes(4) + (16000).to_bytes(3, "little") * 2,
        b"VP8L": b"\x2f" + (16000 | 16000 << 14).to_bytes(4, "little") + bytes(5),
        b"VP8 ": b"\x10\0\0\x9d\x01\x2a" + (16000).to_bytes(2, "little") * 2,
    }
    return b"RIFF\x40\0\0\0WEBP" + kind + b"\x0a\0\0\0" + bodies[kind] + bytes(32)


@pytest.mark.parametrize(
    "photo",
    [
        with_claimed_size(encoded(Image.new("RGB", (64, 64))), 5000, 5000),
        encoded(Image.new("L", (4097, 8)), "JPEG"),
        huge_webp(b"VP8X"),
        huge_webp(b"VP8L"),
        huge_webp(b"VP8 "),
    ],
    ids=["jpeg", "wide jpeg", "webp", "lossless webp", "plain webp"],
)
def test_too_many_pixels_are_refused_before_they_are_allocated(fast: FaceEngine, photo: bytes) -> None:
    tracemalloc.start()
    reason = refusal(fast, photo).reason
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reason == "too_many_pixels"
    assert peak < 1 << 20


def test_a_png_that_claims_too_many_pixels_is_refused(fast: FaceEngine) -> None:
    assert refusal(fast, huge_png()).reason in ("too_many_pixels", "corrupt")


def test_too_many_bytes_are_refused(fast: FaceEngine, portrait: Image.Image) -> None:
    assert refusal(fast, encoded(portrait) + bytes(pictures.MAX_PHOTO_BYTES)).reason == "too_many_bytes"


def test_a_jpeg_of_endless_scans_is_refused(fast: FaceEngine, portrait: Image.Image) -> None:
    jpeg = encoded(portrait, progressive=True)
    first = jpeg.index(b"\xff\xda")
    scan = jpeg[first : jpeg.index(b"\xff\xda", first + 2)]
    assert refusal(fast, jpeg[:-2] + scan * 40 + b"\xff\xd9").reason == "too_many_scans"


@given(kind=st.sampled_from(["JPEG", "PNG", "WEBP"]), seed=st.integers(0, 2**32), count=st.integers(1, 30))
@settings(max_examples=80, deadline=None)
def test_damage_anywhere_is_refused_or_read_but_never_worse(kind: str, seed: int, count: int) -> None:
    rng = random.Random(seed)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    damaged = bytearray(encoded(Image.linear_gradient("L").convert("RGB"), kind, exif=exif))
    for _ in range(count):
        damaged[rng.randrange(min(len(damaged), 600))] = rng.randrange(256)
    try:
        outcome: object = pictures.decode_photo(bytes(damaged))
    except InvalidImage as refused:
        outcome = refused.reason
    assert isinstance(outcome, np.ndarray) or outcome in REASONS
