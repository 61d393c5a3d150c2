"""YuNet, the face detector: its conversion for ONNX Runtime, and its use.

The file of the OpenCV Zoo holds weights as int8 blocks and is fixed to 640x640; ONNX Runtime would
undo the blocks anew for every picture. The converted model has plain float weights, and reads uint8
RGB [1, height, width, 3] of any size whose sides are multiples of 32.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

STRIDES = (8, 16, 32)
MIN_SCORE = 0.75
MAX_OVERLAP = 0.3  # intersection over union of two boxes of the same face
MAX_CANDIDATES = 500  # before overlaps are removed, which costs their number squared


@dataclass(frozen=True, slots=True)
class Detection:
    """A face in pixels of the picture that was looked at; `points` [5, 2] are eyes, nose and mouth corners."""

    left: float
    top: float
    width: float
    height: float
    score: float
    points: Floats


def to_onnx(data: bytes) -> bytes:
    """The detector with plain float weights, uint8 RGB input and free size."""
    import onnx

    model = onnx.load_model_from_string(data)
    graph = model.graph
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes = [node for node in graph.node if not _is_folded(onnx, node, constants)]
    _read_rgb(onnx, nodes, constants)
    used = {name for node in nodes for name in node.input}
    outputs = [
        onnx.helper.make_tensor_value_info(output.name, onnx.TensorProto.FLOAT, [1, None, None])
        for output in graph.output
    ]
    pixels = onnx.helper.make_tensor_value_info("pixels", onnx.TensorProto.UINT8, [1, "height", "width", 3])
    initializers = [onnx.numpy_helper.from_array(constants[name], name) for name in constants if name in used]
    converted = onnx.helper.make_model(
        onnx.helper.make_graph(nodes, "yunet", [pixels], outputs, initializers),
        opset_imports=[onnx.helper.make_opsetid("", 17)],
        ir_version=8,
    )
    onnx.checker.check_model(converted)
    serialized: bytes = converted.SerializeToString()
    return serialized


def _is_folded(onnx: Any, node: Any, constants: dict[str, npt.NDArray[Any]]) -> bool:
    """Compute a node whose inputs are all constant, and keep its result among them."""
    if not all(name in constants for name in node.input):
        return False
    values = [constants[name] for name in node.input]
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    if node.op_type == "DequantizeLinear":
        result = _dequantize(values, attributes.get("axis", 1), attributes.get("block_size", 0))
    elif node.op_type == "Reshape":
        result = values[0].reshape(values[1])
    else:
        raise ValueError(f"unexpected constant {node.op_type}")
    constants[node.output[0]] = result
    return True


def _dequantize(inputs: list[npt.NDArray[Any]], axis: int, block: int) -> Floats:
    """(value - zero) * scale, where one scale serves `block` values along `axis`."""
    values, scales, zeros = inputs
    if block:
        scales, zeros = (np.repeat(part, block, axis) for part in (scales, zeros))
    elif scales.ndim == 1:
        shape = [-1 if place == axis else 1 for place in range(values.ndim)]
        scales, zeros = scales.reshape(shape), zeros.reshape(shape)
    plain: Floats = ((values.astype(np.float32) - zeros.astype(np.float32)) * scales).astype(np.float32)
    return plain


def _read_rgb(onnx: Any, nodes: list[Any], constants: dict[str, npt.NDArray[Any]]) -> None:
    """Put the conversion from uint8 in front; the first layer's BGR weights are turned round to RGB."""
    first = next(node for node in nodes if "input" in node.input)
    weight = constants[first.input[1]]
    constants[first.input[1]] = weight[:, ::-1].copy()
    make = onnx.helper.make_node
    nodes.insert(0, make("Cast", ["planes"], ["input"], to=onnx.TensorProto.FLOAT))
    nodes.insert(0, make("Transpose", ["pixels"], ["planes"], perm=[0, 3, 1, 2]))


class Detector:
    """Finds faces in RGB pixels through an ONNX Runtime session."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._names = [f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in STRIDES]

    def find(self, rgb: Pixels) -> list[Detection]:
        """The faces in uint8 RGB [height, width, 3], best score first."""
        outputs = self._session.run(self._names, {"pixels": _padded(rgb)[None]})
        columns = -(-rgb.shape[1] // 32) * 32
        parts = [
            _decode([output[0] for output in outputs[level :: len(STRIDES)]], stride, columns // stride)
            for level, stride in enumerate(STRIDES)
        ]
        scores, boxes, points = (np.concatenate(part) for part in zip(*parts, strict=True))
        best = np.argsort(-scores)[:MAX_CANDIDATES]
        return [_detection(boxes[i], scores[i], points[i]) for i in best[_without_overlaps(boxes[best])]]


def _padded(rgb: Pixels) -> Pixels:
    height, width = rgb.shape[:2]
    padded = np.zeros((-(-height // 32) * 32, -(-width // 32) * 32, 3), np.uint8)
    padded[:height, :width] = rgb
    return padded


def _detection(box: Floats, score: Floats, points: Floats) -> Detection:
    left, top, width, height = (float(value) for value in box)
    return Detection(left, top, width, height, float(score), points)


def _decode(outputs: list[Floats], stride: int, columns: int) -> tuple[Floats, Floats, Floats]:
    """Scores [n], boxes [n, left top width height] and points [n, 5, 2] of one level (OpenCV's FaceDetectorYN)."""
    cls, obj, bbox, kps = outputs
    scores = np.sqrt(np.clip(cls[:, 0], 0, 1) * np.clip(obj[:, 0], 0, 1))
    hit = np.flatnonzero(scores >= MIN_SCORE)
    cell = np.stack((hit % columns, hit // columns), 1).astype(np.float32)
    size = np.exp(bbox[hit, 2:]) * stride
    corner = (cell + bbox[hit, :2]) * stride - size / 2
    points = (kps[hit].reshape(-1, 5, 2) + cell[:, None]) * stride
    return scores[hit], np.concatenate((corner, size), 1), points


def _without_overlaps(boxes: Floats) -> list[int]:
    """Indices of the boxes that don't overlap a better one; `boxes` come best first."""
    left, top = boxes[:, 0], boxes[:, 1]
    right, bottom = left + boxes[:, 2], top + boxes[:, 3]
    area = boxes[:, 2] * boxes[:, 3]
    kept: list[int] = []
    open_ = np.ones(len(boxes), bool)
    for i in range(len(boxes)):
        if not open_[i]:
            continue
        kept.append(i)
        width = np.minimum(right, right[i]) - np.maximum(left, left[i])
        height = np.minimum(bottom, bottom[i]) - np.maximum(top, top[i])
        shared = np.clip(width, 0, None) * np.clip(height, 0, None)
        open_ &= shared <= MAX_OVERLAP * (area + area[i] - shared)
    return kept
