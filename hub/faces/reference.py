"""The reference engine: plain face_recognition calls find and encode; SFace stands beside it if wanted."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from hub.faces import EngineOptions
from hub.faces.align import Found, Judged
from hub.faces.engine import Engine, Pixels, Stopwatch
from hub.faces.pictures import JpegFrame
from hub.faces.sources import ENCODER, LANDMARKS
from hub.model import Box, Vector


class ReferenceEngine(Engine):
    """Loads face_recognition, with all of its models. Raises ModelMissing."""

    def __init__(self, options: EngineOptions) -> None:
        super().__init__(options)
        self._library = _import_library()

    def find(self, frame: JpegFrame, watch: Stopwatch) -> tuple[list[Found], Pixels | None]:
        with watch("decode"):
            rgb = frame.pixels()
        with watch("detect"):
            return self.find_in_photo(rgb), rgb

    def find_in_photo(self, rgb: Pixels) -> list[Found]:
        """The library gives no confidence with its boxes: 1 stands for all."""
        found = [Found(Box(*box), 1.0) for box in self._library.face_locations(rgb)]
        return sorted(found, key=lambda face: -face.box.height)

    def encode_dlib(self, rgb: Pixels, faces: Sequence[Judged]) -> Sequence[Vector]:
        boxes = [tuple(face.box.as_list()) for face in faces]
        return [np.asarray(vector, np.float32) for vector in self._library.face_encodings(rgb, boxes, model="small")]


def _import_library() -> Any:
    """face_recognition, once its models are known to be there: without them it ends the process."""
    ENCODER.check()
    LANDMARKS.check()
    import face_recognition
    from PIL import ImageFile

    ImageFile.LOAD_TRUNCATED_IMAGES = False  # it was switched on by the import
    return face_recognition
