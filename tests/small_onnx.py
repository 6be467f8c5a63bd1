"""Writes small graphs of ONNX, byte by byte: the package that would is not needed here.

Field numbers are those of onnx.proto3.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

FLOAT, INT, INTS = 1, 2, 7
EXTERNAL = 1


def write(
    path: Path,
    weight: np.ndarray,
    bias: np.ndarray,
    *,
    batch: int | str = "n",
    side: int | str = 32,
    nhwc: bool = False,
    apart: str = "",
) -> Path:
    """Convolution of stride 2, ReLU ("inner"), mean over places ("features"), and of that
    one number ("score"); the weight in a file of its own, if that is named."""
    shape = (batch, side, side, 3) if nhwc else (batch, 3, side, side)
    count = len(bias)
    first = [node("Transpose", ["pictures"], "nchw", perm=[0, 3, 1, 2])] if nhwc else []
    nodes = [
        *first,
        node("Conv", ["nchw" if nhwc else "pictures", "weight", "bias"], "conv", strides=[2, 2]),
        node("Relu", ["conv"], "inner"),
        node("GlobalAveragePool", ["inner"], "pooled"),
        node("Flatten", ["pooled"], "features"),
        node("MatMul", ["features", "ones"], "score"),
    ]
    ones = np.ones((count, 1), np.float32)
    graph = b"".join(
        [
            *(message(1, each) for each in nodes),
            text(2, "small"),
            message(5, tensor("weight", weight, apart)),
            message(5, tensor("bias", bias)),
            message(5, tensor("ones", ones)),
            message(11, value_info("pictures", shape)),
            message(12, value_info("score", (batch, 1))),
        ]
    )
    if apart:
        (path.parent / apart).write_bytes(weight.astype("<f4").tobytes())
    path.write_bytes(integer(1, 8) + message(8, text(1, "") + integer(2, 17)) + message(7, graph))
    return path


def node(kind: str, inputs: Sequence[str], output: str, **ints: Sequence[int]) -> bytes:
    attributes = [
        text(1, name) + b"".join(integer(8, value) for value in values) + integer(20, INTS)
        for name, values in ints.items()
    ]
    parts = [*(text(1, name) for name in inputs), text(2, output), text(4, kind)]
    return b"".join([*parts, *(message(5, attribute) for attribute in attributes)])


def tensor(name: str, value: np.ndarray, apart: str = "") -> bytes:
    dims = b"".join(integer(1, side) for side in value.shape)
    head = dims + integer(2, FLOAT) + text(8, name)
    if apart:
        return head + message(13, text(1, "location") + text(2, apart)) + integer(14, EXTERNAL)
    return head + message(9, value.astype("<f4").tobytes())


def value_info(name: str, shape: Sequence[int | str]) -> bytes:
    sides = [integer(1, s) if isinstance(s, int) else text(2, s) for s in shape]
    dims = b"".join(message(1, side) for side in sides)
    return text(1, name) + message(2, message(1, integer(1, FLOAT) + message(2, dims)))


def integer(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def text(field: int, value: str) -> bytes:
    return message(field, value.encode())


def message(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value % 128 + 128)
        value //= 128
    return bytes([*found, value])
