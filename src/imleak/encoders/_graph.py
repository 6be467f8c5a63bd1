"""A graph of ONNX, run by ONNX Runtime up to any of its tensors."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from ..machine import cores

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

GRAPH, OUTPUT, NAME = 7, 12, 1
"""Numbers of the fields ModelProto.graph, GraphProto.output and ValueInfoProto.name."""

_LOCATION = re.compile(rb"\x0a\x08location\x12([\x80-\xff]{0,2}[\x00-\x7f])")
"""The key of a StringStringEntryProto, and the length of the value behind it."""

PROVIDERS = {"cuda": "CUDAExecutionProvider", "cpu": "CPUExecutionProvider"}


class Graph(nn.Module):
    """(n, ...) pictures to (n, d) features.

    Parameters
    ----------
    session : of ONNX Runtime.
    output : name of the features.
    """

    def __init__(self, session: InferenceSession, output: str) -> None:
        super().__init__()
        self.session = session
        self.output = output
        (given,) = session.get_inputs()
        self.given = given.name
        self.batch = given.shape[0] if isinstance(given.shape[0], int) else None

    def forward(self, x: Tensor) -> Tensor:
        """A graph that takes so many pictures at once is given so many."""
        if self.batch is None:
            return self._run(x)
        return torch.cat([self._run(part) for part in padded(x, self.batch)])[: len(x)]

    def _run(self, x: Tensor) -> Tensor:
        (found,) = self.session.run([self.output], {self.given: x.cpu().numpy()})
        return torch.from_numpy(np.asarray(found, dtype=np.float32)).flatten(1)


def open_session(path: Path, device: str, output: str | None = None) -> InferenceSession:
    """A session of a file; with a tensor of the graph made an output beside its own."""
    from onnxruntime import InferenceSession, SessionOptions, get_available_providers

    provider = PROVIDERS.get(kind := device.partition(":")[0])
    if provider not in get_available_providers():
        raise ValueError(f"this ONNX Runtime does not run on {kind}")
    options = SessionOptions()
    options.intra_op_num_threads = min(cores(), torch.get_num_threads())
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # is a core lost
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", str(path.parent.resolve())
    )
    model = path.read_bytes()
    if output is not None:
        model = with_output(model, output)
    return InferenceSession(model, options, providers=[provider])


def weights_beside(path: Path) -> list[Path]:
    """The files that hold weights of a model beside its own, by name.

    References
    ----------
    onnx.proto3, TensorProto.external_data: pairs of texts, of which that under `location`
    is a path below the folder of the model.
    """
    found = set()
    for pair in _LOCATION.finditer(path.read_bytes()):
        length, name = _length(pair[1]), pair.end()
        found.add(path.parent / os.fsdecode(pair.string[name : name + length]))
    return sorted(file for file in found if file.is_file())


def with_output(model: bytes, name: str) -> bytes:
    """A serialised model, with a tensor of its graph among the outputs.

    A message of Protocol Buffers that is appended to another is merged with it, and a
    repeated field grows: nothing before it has to be read.

    References
    ----------
    Protocol Buffers, "Encoding", section on "Last one wins".
    """
    return model + _field(GRAPH, _field(OUTPUT, _field(NAME, name.encode())))


def _field(number: int, content: bytes) -> bytes:
    """A field of known length."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    groups = []
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return bytes([*groups, value])


def _length(varint: bytes) -> int:
    return sum((byte & 127) << 7 * place for place, byte in enumerate(varint))


def padded(pictures: Tensor, size: int) -> list[Tensor]:
    """Batches of exactly `size` pictures, the last one repeated; one of zeros for none."""
    if not len(pictures):
        return [pictures.new_zeros((size, *pictures.shape[1:]))]
    at = torch.arange(-(-len(pictures) // size) * size).clamp(max=len(pictures) - 1)
    return list(torch.split(pictures[at], size))
