"""SFace, the second encoder: its conversion for ONNX Runtime, the alignment it wants, and its use.

Weights: SFace (MobileFaceNet-like, 1.14 GFLOP a face) of the OpenCV Zoo, Apache-2.0, as int8 blocks.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from hub.faces import onnx_rewrite
from hub.faces.models import Converted, open_session
from hub.faces.onnx_rewrite import Graph, Layer
from hub.faces.sources import SFACE

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SIDE = 112  # pixels, the side of the aligned face that the network reads
SIZE = 128  # components of an encoding

# Where a face's points lie in the aligned face. First YuNet's eyes, nose and corners of the mouth, image left
# first, as OpenCV's FaceRecognizerSF and ArcFace have them; then dlib's five (corners of the eye at image right,
# outer first, of the other eye, and below the nose) where they fall on average when the first five are aligned.
# Each predictor errs in its own way: with all ten, a quarter fewer people are missed than with either five.
TEMPLATE = np.array(
    [
        *([38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]),
        *([79.75, 52.86], [65.76, 53.31], [29.98, 53.35], [44.09, 53.55], [55.05, 80.72]),
    ]
)
DLIB_PLACES = slice(5, 10)


def to_onnx(data: bytes) -> bytes:
    """The network as ONNX: input `faces` uint8 [n, 112, 112, 3] RGB, output `encodings` float32 [n, 128]."""
    import onnx  # only needed at set-up

    source = onnx.load_model_from_string(data).graph
    layers, last = _read(onnx, source)
    onnx_rewrite.flatten_steep_slopes(layers)
    graph = Graph(onnx)
    x = graph.add("Transpose", graph.add("Cast", "faces", to=onnx.TensorProto.FLOAT), perm=[0, 3, 1, 2])
    # Not folded into the first layer's bias: its padding is zero after the subtraction.
    x = graph.add("Sub", x, graph.constant(np.array(127.5)))
    layers[0].weight = layers[0].weight / 128
    for layer in layers:
        x = graph.layer(x, layer)
    matrix, bias = last
    graph.add("Gemm", graph.add("Flatten", x), graph.constant(matrix), graph.constant(bias), name="encodings", transB=1)
    info = onnx.helper.make_tensor_value_info
    faces = info("faces", onnx.TensorProto.UINT8, ["n", SIDE, SIDE, 3])
    return graph.model("sface", [faces], [info("encodings", onnx.TensorProto.FLOAT, ["n", SIZE])])


def _read(onnx: Any, graph: Any) -> tuple[list[Layer], tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """The layers in order, and the last layer's matrix [128, in] and bias with its neighbours folded in."""
    known = onnx_rewrite.constants_of(onnx, graph)
    nodes = [node for node in graph.node if node.op_type in ("Conv", "BatchNormalization", "PRelu", "Gemm")]
    kinds = [node.op_type for node in nodes]
    chain = len(nodes) - 3
    if kinds != ["Conv", "BatchNormalization", "PRelu"] * (chain // 3) + [
        "BatchNormalization",
        "Gemm",
        "BatchNormalization",
    ]:
        raise ValueError("this is no SFace network")
    layers = [_read_layer(onnx, known, *nodes[at : at + 3]) for at in range(0, chain, 3)]
    before, gemm, after = nodes[chain:]
    scale, shift = _read_norm(onnx, known, before)
    matrix, bias = (known[name].astype(np.float64) for name in gemm.input[1:])
    positions = matrix.shape[1] // scale.size  # channels lie outermost in the flattened input
    bias = bias + matrix @ np.repeat(shift, positions)
    out_scale, out_shift = _read_norm(onnx, known, after)
    matrix = matrix * np.repeat(scale, positions) * out_scale[:, None]
    return layers, (matrix, bias * out_scale + out_shift)


def _read_layer(onnx: Any, known: dict[str, npt.NDArray[Any]], conv: Any, norm: Any, prelu: Any) -> Layer:
    attributes = onnx_rewrite.attributes_of(onnx, conv)
    scale, shift = _read_norm(onnx, known, norm)
    weight = known[conv.input[1]] * scale[:, None, None, None]
    slope = known[prelu.input[1]].astype(np.float64).ravel()
    return Layer(weight, shift, slope, attributes["strides"][0], attributes["group"])


def _read_norm(onnx: Any, known: dict[str, npt.NDArray[Any]], norm: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    epsilon = onnx_rewrite.attributes_of(onnx, norm)["epsilon"]
    return onnx_rewrite.batch_norm([known[name] for name in norm.input[1:]], epsilon)


CONVERTED = Converted("sface", SFACE, to_onnx)


def model_file(cache_dir: Path) -> Path:
    """The converted model in the cache folder, made now if it isn't there (1 s). Raises ModelMissing."""
    return CONVERTED.ensure(cache_dir)


def similarity(points: npt.NDArray[Any], places: slice = slice(None)) -> npt.NDArray[np.float64]:
    """The similarity transform [2, 3] that brings TEMPLATE's `places` to `points` [n, 2] with the least squares.

    A similarity is a complex factor and shift, z -> a z + b, whose least-squares solution is closed.
    """
    template = TEMPLATE[places][: len(points)] @ [1, 1j]
    found = np.asarray(points, np.float64) @ [1, 1j]
    centred = template - template.mean()
    a = (centred.conj() @ (found - found.mean())) / (centred.conj() @ centred)
    b = found.mean() - a * template.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def align(image: Pixels, points: npt.NDArray[Any], places: slice = slice(None)) -> Pixels:
    """The face cut out of `image` (uint8 RGB [h, w, 3]) and turned upright: uint8 RGB [112, 112, 3].

    `points` (x, y) are YuNet's five, or better these and dlib's five behind them, as in TEMPLATE; dlib's
    five alone with DLIB_PLACES. What lies outside of the image is black.
    """
    matrix = similarity(points, places)
    corners = matrix[:, :2] @ np.array([[0, 0, SIDE, SIDE], [0, SIDE, 0, SIDE]]) + matrix[:, 2:]
    height, width = image.shape[:2]
    left, top = np.clip(np.floor(corners.min(1)) - 2, 0, [width - 1, height - 1]).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(1)) + 2, [left + 1, top + 1], [width, height]).astype(int)
    part = Image.fromarray(np.ascontiguousarray(image[top:bottom, left:right]))
    shrink = max(1, int(np.hypot(*matrix[:, 0]) + 0.01))  # without it, large faces would be sampled with gaps
    part = part.reduce(shrink) if shrink > 1 else part
    offset = matrix[:, 2] - [left, top]
    # Pillow samples at pixel centres: it adds half a pixel before the transform and takes it off after.
    half = matrix[:, :2] @ [-0.5, -0.5] + offset + 0.5
    data = np.column_stack((matrix[:, :2], half)) / shrink
    aligned = part.transform((SIDE, SIDE), Image.Transform.AFFINE, tuple(data.ravel()), Image.Resampling.BILINEAR)
    return np.asarray(aligned)


class SFace:
    """Encodes aligned faces through an ONNX Runtime session on one core."""

    dimension = SIZE

    def __init__(self, cache_dir: Path) -> None:
        """Raises ModelMissing."""
        self._session = open_session(CONVERTED, cache_dir)

    def encode(self, aligned: Pixels) -> Floats:
        """Encodings float32 [n, 128] of length 1 of aligned faces, uint8 RGB [n, 112, 112, 3]."""
        return self.encode_with_strength(aligned)[0]

    def encode_with_strength(self, aligned: Pixels) -> tuple[Floats, Floats]:
        """Encodings, and how long each was before it was brought to length 1 [n], about 13.

        The length is the best measure of a face's fitness that there is: the faces that are missed are
        short ones (under 10.8: 5 % of photos, half of the misses), whatever the reason.
        """
        if len(aligned) == 0:
            return np.empty((0, SIZE), np.float32), np.empty(0, np.float32)
        # One at a time: more at once don't fit the cache, and take longer.
        found: Floats = np.concatenate([self._session.run(None, {"faces": face[None]})[0] for face in aligned])
        lengths: Floats = np.linalg.norm(found, axis=1)
        encodings: Floats = found / lengths[:, None]
        return encodings, lengths
