"""Networks of a few numbers in the shape of SCRFD and ArcFace, whose answers can be worked out on paper."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def _saved(
    path: Path, nodes: list[Any], constants: list[Any], *, source: Any, answers: list[tuple[str, Any]]
) -> Path:
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in answers]
    graph = helper.make_graph(nodes, "tiny", [source], outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def tiny_scrfd(path: Path, side: int | None = None, has_points: bool = True) -> Path:
    """Sees a face in each red cell of 8 pixels: from one cell before its corner to two after, points on a diagonal."""
    source = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, side or "h", side or "w"])
    kinds = {"score": 1, "sides": 4} | ({"points": 10} if has_points else {})
    nodes, constants, answers = [], [], []
    for kind, width in kinds.items():
        for stride in (8, 16, 32):
            name = f"{kind}_{stride}"
            weights = np.zeros((2 * width, 3, stride, stride), np.float32)
            if kind == "score" and stride == 8:
                weights[0, 0], weights[0, 2] = 0.5 / 64, -0.5 / 64  # red, not blue; only the first anchor
            biases = {
                "score": np.zeros(2),
                "sides": np.tile([1, 1, 2, 2], 2),
                "points": np.repeat(np.arange(5), 2).tolist() * 2,
            }[kind]
            constants += [
                numpy_helper.from_array(weights, f"{name}_weights"),
                numpy_helper.from_array(np.array(biases, np.float32), f"{name}_biases"),
                numpy_helper.from_array(np.array([-1, width], np.int64), f"{name}_shape"),
            ]
            nodes += [
                helper.make_node(
                    "Conv",
                    ["picture", f"{name}_weights", f"{name}_biases"],
                    [f"{name}_map"],
                    strides=[stride] * 2,
                ),
                helper.make_node("Transpose", [f"{name}_map"], [f"{name}_cells"], perm=[0, 2, 3, 1]),
                helper.make_node("Reshape", [f"{name}_cells", f"{name}_shape"], [name]),
            ]
            answers.append((name, ["n", width]))
    return _saved(path, nodes, constants, source=source, answers=answers)


def tiny_arcface(path: Path, batch: int | str = "n", scale: float = 1.0) -> Path:
    """The mean red, green and blue of a chip, times a scale."""
    source = helper.make_tensor_value_info("chip", TensorProto.FLOAT, [batch, 3, 112, 112])
    factor = numpy_helper.from_array(np.array(scale, np.float32), "factor")
    nodes = [
        helper.make_node("GlobalAveragePool", ["chip"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Mul", ["flat", "factor"], ["vector"]),
    ]
    return _saved(path, nodes, [factor], source=source, answers=[("vector", [batch, 3])])
