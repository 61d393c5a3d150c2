"""Which models are to be converted at set-up."""

from hub.faces.models import DETECTOR_ONNX, ENCODER_ONNX, Converted
from hub.faces.sface import CONVERTED


def needed(encoder: str) -> tuple[Converted, ...]:
    """The models that engines with this encoder load from the cache folder."""
    encoders = {"dlib": (ENCODER_ONNX,), "sface": (CONVERTED,)}
    return (DETECTOR_ONNX, *(model for name in encoder.split("+") for model in encoders[name]))
