"""Faces cut from frames. The last ones are kept, because a feed shows them to many at once."""

import io
import threading
from collections import OrderedDict

from PIL import Image

from dashboard.people.uploads import square as square_of
from hub.errors import PresenzaError
from hub.model import Box, Event
from hub.store.pictures import PictureStore

SIDE = 160  # pixels of a cut face
MARGIN = 0.35  # of the face's size, on each side
KEPT = 256  # faces, about 6 KB each
MAX_PIXELS = 4096 * 4096

_kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
_lock = threading.Lock()


def face(pictures: PictureStore, event: Event, place: int) -> bytes | None:
    """A face as JPEG, SIDE pixels square; None when its picture is gone."""
    if event.picture is None or not pictures.exists(event.picture):
        return None
    key = (event.event_id, place)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    data = frame(pictures, event)
    cut = crop(data, event.faces[place].box) if data else None
    if cut is not None:
        _keep(key, cut)
    return cut


def small(pictures: PictureStore, key: str) -> bytes | None:
    """A whole picture as a small square; None when it is gone or can't be decoded."""
    with _lock:
        if (key, -1) in _kept:
            return _kept[key, -1]
    try:
        data = square_of(pictures.get(key), 2 * SIDE)
    except (PresenzaError, OSError, ValueError, SyntaxError):
        return None
    _keep((key, -1), data)
    return data


def _keep(key: tuple[str, int], data: bytes) -> None:
    with _lock:
        _kept[key] = data
        while len(_kept) > KEPT:
            _kept.popitem(last=False)


def forget() -> None:
    """Let go of every kept face: somebody was erased."""
    with _lock:
        _kept.clear()


def frame(pictures: PictureStore, event: Event) -> bytes | None:
    """An event's whole picture; None when it is gone."""
    try:
        return pictures.get(event.picture or "")
    except (PresenzaError, OSError):
        return None


def crop(jpeg: bytes, box: Box) -> bytes | None:
    """The square around a face as a small JPEG; None for what can't be decoded."""
    cut = _cut(jpeg, box, MARGIN)
    return None if cut is None else _jpeg(cut.resize((SIDE, SIDE), Image.Resampling.BILINEAR), 82)


def portrait(jpeg: bytes, box: Box) -> bytes | None:
    """The wider square around a face at its own size, for enrolment."""
    cut = _cut(jpeg, box, 2 * MARGIN)
    return None if cut is None else _jpeg(cut, 95)


def _cut(jpeg: bytes, box: Box, margin: float) -> Image.Image | None:
    try:
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            return image.convert("RGB").crop(square(box, image.width, image.height, margin))
    except (OSError, ValueError, SyntaxError):
        return None


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def square(box: Box, width: int, height: int, margin: float = MARGIN) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of a square around a face, with a margin, moved into the picture."""
    side = min(round(max(box.width, box.height) * (1 + 2 * margin)), width, height)
    left = min(max(0, (box.left + box.right - side) // 2), width - side)
    top = min(max(0, (box.top + box.bottom - side) // 2), height - side)
    return left, top, left + max(1, side), top + max(1, side)
