"""The converted models, kept in the cache folder under the SHA-256 of the file that they were made from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.cachefile import write_whole
from hub.faces import resnet, yunet
from hub.faces.sources import DETECTOR, ENCODER, Source

VERSION = 1  # of the conversions below: raise it when they change


@dataclass(frozen=True, slots=True)
class Converted:
    """A model that is made of a source file at set-up."""

    name: str
    source: Source
    convert: Callable[[bytes], bytes]

    def path(self, cache_dir: Path) -> Path:
        return cache_dir / "models" / f"{self.name}-{self.source.sha256[:16]}-v{VERSION}.onnx"

    def ensure(self, cache_dir: Path) -> Path:
        """The converted model's file, made now if it isn't there. Raises ModelMissing."""
        path = self.path(cache_dir)
        if not path.is_file():
            write_whole(path, self.convert(self.source.read()))
        return path


ENCODER_ONNX = Converted("dlib-face-resnet", ENCODER, resnet.to_onnx)
DETECTOR_ONNX = Converted("yunet", DETECTOR, yunet.to_onnx)


def open_session(converted: Converted, cache_dir: Path) -> Any:
    """An ONNX Runtime session of one thread; a damaged file in the cache is made anew."""
    import onnxruntime

    path = converted.ensure(cache_dir)
    try:
        return onnxruntime.InferenceSession(path, _options(onnxruntime), providers=["CPUExecutionProvider"])
    except (onnxruntime.capi.onnxruntime_pybind11_state.InvalidProtobuf, OSError):
        path.unlink(missing_ok=True)
    path = converted.ensure(cache_dir)
    return onnxruntime.InferenceSession(path, _options(onnxruntime), providers=["CPUExecutionProvider"])


def _options(onnxruntime: Any) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # two workers with two threads each do a third of the work on two cores
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options
