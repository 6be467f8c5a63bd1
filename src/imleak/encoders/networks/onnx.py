"""A graph of ONNX, run by ONNX Runtime up to any of its tensors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import torch
from torch import Tensor

from ...files import check_regular, open_regular
from ...machine import cores
from .._file import ModelError
from .batches import FixedBatch

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto
    from onnxruntime import InferenceSession

KINDS = {"tensor(float16)": np.float16, "tensor(double)": np.float64}
"""Of images, where a graph takes no single precision."""
PROVIDERS = {"cuda": "CUDAExecutionProvider", "cpu": "CPUExecutionProvider"}


class Graph(FixedBatch):
    """(n, ...) images to (n, d) features.

    Parameters
    ----------
    path : of the file.
    device : where it runs.
    output : name of the features, or their place among the outputs.

    Attributes
    ----------
    given, made : name, shape and type of the images and of the features.

    Raises
    ------
    ModelError
        If it has several inputs, or no such output.
    """

    def __init__(self, path: Path, device: str, output: str | int) -> None:
        self.session = _open(path, device, output if isinstance(output, str) else None)
        inputs, outputs = self.session.get_inputs(), self.session.get_outputs()
        names = [each.name for each in outputs]
        at = names.index(output) if isinstance(output, str) else output
        if len(inputs) != 1:
            several = ", ".join(each.name for each in inputs)
            raise ModelError(f"{path} has several inputs ({several}), not one of images")
        if not 0 <= at < len(names):
            raise ModelError(f"{path} has outputs {', '.join(names)}, and no {at}")
        self.given, self.made = inputs[0], outputs[at]
        self.kind = KINDS.get(self.given.type, np.float32)
        super().__init__(self.given.shape[0])

    def run(self, x: Tensor) -> Tensor:
        images = x.cpu().numpy().astype(self.kind, copy=False)
        (found,) = self.session.run([self.made.name], {self.given.name: images})
        return torch.from_numpy(np.asarray(found, dtype=np.float32)).flatten(1)


def read_model(path: Path) -> ModelProto:
    """The graph of a file; weights that are kept in files of their own are not read."""
    with open_regular(path) as file:
        model = onnx.load_model_from_string(file.read())
    for name in locations(model):
        inside = not Path(name).is_absolute() and not {"..", "*"}.intersection(Path(name).parts)
        if not inside or "\\" in name:
            raise ValueError(f"it keeps weights in {name!r}, which is outside its folder")
        check_regular(path.parent / name)
    return model


def locations(model: ModelProto) -> list[str]:
    """The files, beside its own, in which a model keeps weights."""
    pairs = (pair for tensor in _tensors(model) for pair in tensor.external_data)
    return sorted({pair.value for pair in pairs if pair.key == "location"})


def _open(path: Path, device: str, output: str | None) -> InferenceSession:
    """A session of a file; with a tensor of the graph made an output beside its own."""
    from onnxruntime import InferenceSession, SessionOptions, get_available_providers

    kind, _, index = device.partition(":")
    provider = PROVIDERS.get(kind)
    if provider not in get_available_providers():
        raise ModelError(f"this ONNX Runtime does not run on {kind}")
    options = SessionOptions()
    options.intra_op_num_threads = min(cores(), torch.get_num_threads())
    options.log_severity_level = 4  # what is wrong is raised
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # is a core lost
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", str(path.parent.resolve())
    )
    model = read_model(path)
    if output is not None and output not in [each.name for each in model.graph.output]:
        model.graph.output.append(onnx.ValueInfoProto(name=output))
    where = {"device_id": index} if index else {}
    return InferenceSession(model.SerializeToString(), options, providers=[(provider, where)])


def _tensors(message: Any) -> Iterator[TensorProto]:
    """All below a message, also in subgraphs and functions."""
    if isinstance(message, onnx.TensorProto):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            for each in value if field.is_repeated else [value]:
                yield from _tensors(each)
