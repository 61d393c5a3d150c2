"""Square boxes → aligned faces, by dlib's 5-point predictor and its way to cut a face out.

Imports dlib, so only worker processes may import this.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import dlib
import numpy as np
import numpy.typing as npt

from hub.faces.resnet import CHIP
from hub.faces.sources import LANDMARKS
from hub.model import Box, Quality, Reason

Pixels = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]

PADDING = 0.25  # around the face, of its size: what the encoder was trained with


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """A face turned upright and scaled: `chip` uint8 [150, 150, 3], `points` [5, 2] in the picture."""

    chip: Pixels
    points: Points


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A face that the detector found: its square box (it may reach over the border) and confidence 0…1.

    `points` [5, 2] are YuNet's eyes, nose and corners of the mouth in the picture, the left ones in the
    picture first; None from a detector that gives none.
    """

    box: Box
    score: float
    points: Points | None = None

    def mirrored(self, width: int) -> "Found":
        """The same face in the picture's mirror image."""
        box = Box(self.box.top, width - self.box.left, self.box.bottom, width - self.box.right)
        if self.points is None:
            return Found(box, self.score)
        points = self.points[[1, 0, 2, 4, 3]] * np.array([-1, 1], np.float32)
        return Found(box, self.score, points + np.array([width - 1, 0], np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A found face, aligned, measured and held against the limits."""

    found: Found
    aligned: Aligned
    quality: Quality
    reason: Reason | None

    @property
    def box(self) -> Box:
        return self.found.box


class Aligner:
    """Holds the 5-point model. Raises ModelMissing."""

    def __init__(self) -> None:
        self._predictor = dlib.shape_predictor(str(LANDMARKS.check()))

    def align(self, rgb: Pixels, boxes: Sequence[Box]) -> list[Aligned]:
        """Each box's face, in the same order. A box may reach over the picture's border."""
        if not boxes:
            return []
        shapes = dlib.full_object_detections()
        for box in boxes:
            shapes.append(self._predictor(rgb, dlib.rectangle(box.left, box.top, box.right, box.bottom)))
        chips = dlib.get_face_chips(rgb, shapes, size=CHIP, padding=PADDING)
        return [
            Aligned(chip, np.array([(point.x, point.y) for point in shape.parts()], np.float32))
            for chip, shape in zip(chips, shapes, strict=True)
        ]
