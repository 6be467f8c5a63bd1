"""Writes small graphs of ONNX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.external_data_helper import set_external_data


def write(
    path: Path,
    weight: np.ndarray,
    bias: np.ndarray,
    *,
    batch: int | str = "n",
    side: int | str = 32,
    nhwc: bool = False,
    apart: str = "",
    domain: str = "",
) -> Path:
    """Convolution of stride 2, ReLU ("inner"), mean over places ("features"), and of that
    one number ("score"). The weight is in a file of its own, if that is named (and written
    by the caller); `domain` is that of ReLU."""
    kind = helper.np_dtype_to_tensor_dtype(weight.dtype)
    shape = (batch, side, side, 3) if nhwc else (batch, 3, side, side)
    first = [helper.make_node("Transpose", ["pictures"], ["nchw"], perm=[0, 3, 1, 2])]
    nodes = [
        *(first if nhwc else []),
        helper.make_node(
            "Conv", ["nchw" if nhwc else "pictures", "weight", "bias"], ["conv"], strides=[2, 2]
        ),
        helper.make_node("Relu", ["conv"], ["inner"], domain=domain),
        helper.make_node("GlobalAveragePool", ["inner"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["features"]),
        helper.make_node("MatMul", ["features", "ones"], ["score"]),
    ]
    tensors = {"weight": weight, "bias": bias, "ones": np.ones((len(bias), 1), weight.dtype)}
    initial = [
        numpy_helper.from_array(np.ascontiguousarray(each), name) for name, each in tensors.items()
    ]
    if apart:
        set_external_data(initial[0], apart)
        initial[0].ClearField("raw_data")
        initial[0].data_location = onnx.TensorProto.EXTERNAL
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("pictures", kind, shape)],
        [helper.make_tensor_value_info("score", kind, (batch, 1))],
        initial,
    )
    opsets = [helper.make_opsetid(name, 17) for name in {"", domain}]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path
