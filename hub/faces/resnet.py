"""dlib's face ResNet, read from its .dat file in plain numpy and written as ONNX.

The file is dlib's own serialization (dlib/serialize.h, dlib/dnn/layers.h), which for this network is
one layer after the other in the order of computation. Integers are a length byte (its top bit is the
sign) and that many bytes, little-endian; floats are mantissa and exponent as two such integers;
tensors are a version, four sizes, and raw float32. The affine layers (batch normalisation at rest) and
the input's normalisation are linear and are folded into the convolutions next to them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

CHIP = 150  # pixels, the side of the aligned face that the network reads
SIZE = 128  # components of an encoding

_INPUT = b"input_rgb_image_sized"
_CONV, _AFFINE, _RELU = b"con_4", b"affine_", b"relu_1"
_MAX_POOL, _AVG_POOL, _ADD, _FC = b"max_pool_2", b"avg_pool_2", b"add_prev_1", b"fc_2"
_LAYERS = (_INPUT, _CONV, _AFFINE, _RELU, _MAX_POOL, _AVG_POOL, _ADD, _FC)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def integer(self) -> int:
        head = self.data[self.at]
        size = head & 0x0F
        value = int.from_bytes(self.data[self.at + 1 : self.at + 1 + size], "little")
        self.at += 1 + size
        return -value if head & 0x80 else value

    def integers(self, count: int) -> list[int]:
        return [self.integer() for _ in range(count)]

    def real(self) -> float:
        mantissa, exponent = self.integers(2)
        return mantissa * 2.0**exponent

    def tensor(self) -> Array:
        version, *shape = self.integers(5)
        if version != 2:
            raise ValueError(f"tensor of version {version}")
        count = int(np.prod(shape))
        values = np.frombuffer(self.data, "<f4", count, self.at).astype(np.float32)
        self.at += 4 * count
        return values

    def layer(self) -> bytes:
        """Go to the next layer and return its tag; what lies between is training state and wrappers."""
        places = ((self.data.find(b"\x01" + bytes([len(tag)]) + tag, self.at), tag) for tag in _LAYERS)
        at, tag = min((place for place in places if place[0] >= 0), default=(-1, b""))
        self.at = at + 2 + len(tag)
        return tag


@dataclass(slots=True)
class Conv:
    """A convolution with its affine layer folded in: weight [out, in, h, w], bias [out]."""

    weight: Array
    bias: Array
    stride: int
    pad: int


def parse(data: bytes) -> tuple[list[Conv], Array]:
    """The network's convolutions in order, and the last layer's matrix [in, 128]. Raises ValueError."""
    reader = _Reader(data)
    if reader.layer() != _INPUT:
        raise ValueError("this is no dlib face ResNet")
    mean = np.array([reader.real() for _ in range(3)], np.float32)
    convs: list[Conv] = []
    while (tag := reader.layer()) != _FC:
        if tag == _CONV:
            convs.append(_read_conv(reader))
        elif tag == _AFFINE:
            gamma, beta = np.split(reader.tensor(), 2)
            convs[-1].weight *= gamma[:, None, None, None]
            convs[-1].bias = convs[-1].bias * gamma + beta
    outputs, inputs = reader.integers(2)
    matrix = reader.tensor().reshape(inputs, outputs)
    if len(convs) != 29 or outputs != SIZE:
        raise ValueError("this is no dlib face ResNet")
    _fold_input(convs[0], mean)
    return convs, matrix


def _read_conv(reader: _Reader) -> Conv:
    params = reader.tensor()
    filters, _height, _width, stride, _, pad, _ = reader.integers(7)
    _version, *shape = reader.integers(5)
    weight = params[: int(np.prod(shape))].reshape(shape)
    return Conv(weight, params[weight.size : weight.size + filters].copy(), stride, pad)


def _fold_input(first: Conv, mean: Array) -> None:
    """dlib feeds (pixel - mean) / 256; the first layer has no padding, so that is exact."""
    first.weight = first.weight / np.float32(256)
    first.bias = first.bias - np.einsum("oihw,i->o", first.weight, mean)


def to_onnx(data: bytes) -> bytes:
    """The network as ONNX: input `chips` uint8 [N, 150, 150, 3] RGB, output `encodings` float32 [N, 128]."""
    from onnx import TensorProto, checker, helper

    convs, matrix = parse(data)
    graph = _Graph(helper)
    x = graph.add("Cast", graph.add("Transpose", "chips", perm=[0, 3, 1, 2]), to=TensorProto.FLOAT)
    x = graph.add("MaxPool", graph.relu(graph.conv(x, convs[0])), kernel_shape=[3, 3], strides=[2, 2])
    side = ((CHIP - 7) // 2 + 1 - 3) // 2 + 1
    for first, second in zip(convs[1::2], convs[2::2], strict=True):
        x, side = graph.residual(x, side, first, second)
    x = graph.add("Flatten", graph.add("GlobalAveragePool", x))
    graph.add("MatMul", x, graph.constant(matrix), name="encodings")
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "dlib_face_resnet",
            [helper.make_tensor_value_info("chips", TensorProto.UINT8, ["n", CHIP, CHIP, 3])],
            [helper.make_tensor_value_info("encodings", TensorProto.FLOAT, ["n", SIZE])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    checker.check_model(model)
    serialized: bytes = model.SerializeToString()
    return serialized


class _Graph:
    def __init__(self, helper: Any) -> None:
        self.helper = helper
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, op: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        name = name or f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(self.helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, values: npt.NDArray[Any]) -> str:
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def conv(self, x: str, conv: Conv) -> str:
        weight, bias = self.constant(conv.weight), self.constant(conv.bias)
        return self.add("Conv", x, weight, bias, strides=[conv.stride] * 2, pads=[conv.pad] * 4)

    def relu(self, x: str) -> str:
        return self.add("Relu", x)

    def pad(self, x: str, channels: int, pixels: int) -> str:
        """Zeros behind the last channel, row and column: how dlib adds tensors of unequal sizes."""
        if not channels and not pixels:
            return x
        return self.add("Pad", x, self.constant(np.array([0, 0, 0, 0, 0, channels, pixels, pixels], np.int64)))

    def residual(self, x: str, side: int, first: Conv, second: Conv) -> tuple[str, int]:
        """relu(block(x) + skip(x)); where the block halves the size, the skip is a 2x2 average."""
        block = self.conv(self.relu(self.conv(x, first)), second)
        if first.stride == 1:
            return self.relu(self.add("Add", block, x)), side
        block_side, skip_side = (side - 3) // 2 + 1, (side - 2) // 2 + 1
        grown = first.weight.shape[0] - first.weight.shape[1]
        skip = self.add("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
        largest = max(block_side, skip_side)
        skip = self.pad(skip, grown, largest - skip_side)
        block = self.pad(block, 0, largest - block_side)
        return self.relu(self.add("Add", block, skip)), largest
