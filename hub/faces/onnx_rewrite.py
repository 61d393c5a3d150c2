"""A chain of convolution, batch normalisation and PReLU, written anew so that ONNX Runtime runs it fast.

ONNX Runtime keeps convolutions in a blocked layout, where Conv, Relu and Add stay but PReLU doesn't: each
PReLU costs a slow loop over single values and two changes of layout, together half of the time. With
slopes of at most 1, a PReLU is `x + relu((slope - 1) x)`, which needs only what stays. Where a
convolution is cheap, `(slope - 1) x` is that convolution with other weights, and the sum is fused too.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Up to so many products a value, a second convolution is faster than two more passes over its output.
_CHEAP_PRODUCTS = 32


@dataclass(slots=True)
class Layer:
    """Convolution (batch normalisation folded in) and PReLU: weight [out, in, h, w], bias and slope [out]."""

    weight: Floats
    bias: Floats
    slope: Floats
    stride: int
    groups: int


def constants_of(onnx: Any, graph: Any) -> dict[str, npt.NDArray[Any]]:
    """The graph's constants by name, with those that it computes from int8 blocks."""
    known = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        values = [known.get(name) for name in node.input]
        attributes = attributes_of(onnx, node)
        if node.op_type == "DequantizeLinear":
            known[node.output[0]] = _dequantize(values, attributes["axis"], attributes["block_size"])
        elif node.op_type == "Reshape" and values[0] is not None:
            known[node.output[0]] = values[0].reshape(values[1])
    return known


def attributes_of(onnx: Any, node: Any) -> dict[str, Any]:
    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}


def _dequantize(parts: list[Any], axis: int, block: int) -> npt.NDArray[np.float32]:
    """(value - zero) * scale, where one scale serves `block` values along `axis`; in float32 as ONNX says."""
    values, scales, zeros = parts
    scales, zeros = (
        np.repeat(part, block, axis).take(range(values.shape[axis]), axis).astype(np.float32)
        for part in (scales, zeros)
    )
    result: npt.NDArray[np.float32] = (values.astype(np.float32) - zeros) * scales
    return result


def batch_norm(values: list[npt.NDArray[Any]], epsilon: float) -> tuple[Floats, Floats]:
    """Scale and shift of a batch normalisation at rest; `values` are gamma, beta, mean and variance."""
    gamma, beta, mean, variance = (part.astype(np.float64) for part in values)
    scale = gamma / np.sqrt(variance + epsilon)
    return scale, beta - mean * scale


def flatten_steep_slopes(layers: list[Layer]) -> None:
    """Bring slopes over 1 to 1/slope: with y = -x, prelu(x, s) = -s prelu(y, 1/s). The last layer has none."""
    for layer, following in pairwise(layers):
        steep = layer.slope > 1
        factor = np.where(steep, -layer.slope, 1.0)
        sign = np.where(steep, -1.0, 1.0)
        layer.weight = layer.weight * sign[:, None, None, None]
        layer.bias = layer.bias * sign
        layer.slope = np.where(steep, 1 / np.where(steep, layer.slope, 1.0), layer.slope)
        depthwise = following.groups > 1
        following.weight = following.weight * (factor[:, None, None, None] if depthwise else factor[:, None, None])
    if (layers[-1].slope > 1).any():
        raise ValueError("the last slope is over 1")


class Graph:
    """An ONNX graph under construction: `add` appends a node and returns its output's name."""

    def __init__(self, onnx: Any) -> None:
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, op: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        name = name or f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, values: npt.NDArray[Any]) -> str:
        name = f"constant_{len(self.constants)}"
        values = np.ascontiguousarray(values, np.float32)
        self.constants.append(self.onnx.numpy_helper.from_array(values, name))
        return name

    def layer(self, x: str, layer: Layer) -> str:
        """Convolution and PReLU as `x + relu((slope - 1) x)`."""
        below = layer.slope - 1
        if layer.weight[0].size <= _CHEAP_PRODUCTS:
            negative = self._conv(x, layer.weight * below[:, None, None, None], layer.bias * below, layer)
            return self.add("Add", self._conv(x, layer.weight, layer.bias, layer), self.add("Relu", negative))
        positive = self._conv(x, layer.weight, layer.bias, layer)
        negative = self.add("Conv", positive, self.constant(below.reshape(-1, 1, 1, 1)), group=below.size)
        return self.add("Add", positive, self.add("Relu", negative))

    def _conv(self, x: str, weight: Floats, bias: Floats, layer: Layer) -> str:
        return self.add(
            "Conv",
            x,
            self.constant(weight),
            self.constant(bias),
            kernel_shape=list(weight.shape[2:]),
            pads=[weight.shape[2] // 2] * 4,
            strides=[layer.stride] * 2,
            group=layer.groups,
        )

    def model(self, name: str, inputs: list[Any], outputs: list[Any]) -> bytes:
        """The finished model, checked and serialized."""
        helper = self.onnx.helper
        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        self.onnx.checker.check_model(model)
        serialized: bytes = model.SerializeToString()
        return serialized
