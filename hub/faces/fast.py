"""The fast engine: YuNet on a small decode, a full decode only if there is a face, the encoders in ONNX Runtime.

dlib's encodings are those of face_recognition (within 1e-3 for the same box), about 20 times sooner.
"""

from collections.abc import Sequence

import numpy as np

from hub.faces import EngineOptions
from hub.faces.align import Found, Judged
from hub.faces.engine import Engine, Pixels, Stopwatch
from hub.faces.models import DETECTOR_ONNX, ENCODER_ONNX, open_session
from hub.faces.pictures import JpegFrame, shrunk
from hub.faces.yunet import Detection, Detector
from hub.model import Box, Vector

DETECT_PX = 320  # longer side of the picture that the detector looks at: VGA at half size
DETECT_MAX_PX = 640
SMALLEST_PX = 24  # the smallest face that the detector finds surely, in pixels of that picture
BATCH = 16  # faces to the encoder at once


class FastEngine(Engine):
    """Loads its models at once. Raises ModelMissing."""

    def __init__(self, options: EngineOptions) -> None:
        super().__init__(options)
        self._detector = Detector(open_session(DETECTOR_ONNX, options.cache_dir))
        self._dlib = None if options.encoder == "sface" else open_session(ENCODER_ONNX, options.cache_dir)
        self._warm_up()

    def find(self, frame: JpegFrame, watch: Stopwatch) -> tuple[list[Found], Pixels | None]:
        width, height = self._detect_size(frame.width, frame.height)
        with watch("decode"):
            small = shrunk(frame.pixels(width, height), width, height)
        with watch("detect"):
            found = self._find(small, frame.width / width)
        if not found or (width, height) == (frame.width, frame.height):
            return found, small
        with watch("decode"):
            return found, frame.pixels()

    def find_in_photo(self, rgb: Pixels) -> list[Found]:
        """A face that fills the picture is found in the small size only, a far one in the larger only."""
        height, width = rgb.shape[:2]
        for longer in (DETECT_PX, DETECT_MAX_PX):
            scale = max(1.0, max(width, height) / longer)
            small = shrunk(rgb, max(1, round(width / scale)), max(1, round(height / scale)))
            if found := self._find(small, scale):
                return found
        return []

    def encode_dlib(self, rgb: Pixels, faces: Sequence[Judged]) -> Sequence[Vector]:
        assert self._dlib is not None
        chips = [face.aligned.chip for face in faces]
        vectors: list[Vector] = []
        for start in range(0, len(chips), BATCH):
            vectors.extend(self._dlib.run(["encodings"], {"chips": np.stack(chips[start : start + BATCH])})[0])
        return vectors

    def _detect_size(self, width: int, height: int) -> tuple[int, int]:
        """The size to look at: 320 on the longer side, or more where the smallest face would get lost."""
        longer = max(width, height)
        wanted = min(DETECT_MAX_PX, max(DETECT_PX, longer * SMALLEST_PX // self._limits.min_face_px))
        if longer <= wanted:
            return width, height
        return max(1, round(width * wanted / longer)), max(1, round(height * wanted / longer))

    def _find(self, small: Pixels, scale: float) -> list[Found]:
        found = [
            Found(square_box(detection, scale), detection.score, detection.points * np.float32(scale))
            for detection in self._detector.find(small)
        ]
        return sorted(found, key=lambda face: -face.box.height)

    def _warm_up(self) -> None:
        """The first call of each model allocates and plans: better now than with the first frame."""
        grey = np.full((240, 320, 3), 128, np.uint8)
        self._detector.find(grey)
        self.encode(grey, self.align(grey, [Found(Box(60, 220, 180, 100), 1.0)]))


def square_box(detection: Detection, scale: float) -> Box:
    """The box that dlib's own detector would give, which the 5-point model was trained on.

    The shift and the size were fitted on faces that both detectors found.
    """
    side = float(np.sqrt(detection.width * detection.height)) * scale
    x = (detection.left + detection.width / 2) * scale - 0.035 * side
    y = (detection.top + detection.height / 2) * scale + 0.037 * side
    left, top, size = round(x - 0.492 * side), round(y - 0.492 * side), max(1, round(0.984 * side))
    return Box(top, left + size, top + size, left)
