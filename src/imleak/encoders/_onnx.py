"""Encoders that ONNX Runtime runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..interfaces import NotInstalledError
from ._exchange import FileNetwork, ModelError
from ._network import short

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from torch import nn


class OnnxNetwork(FileNetwork):
    """A network in a file of ONNX, up to any tensor of its graph.

    Parameters
    ----------
    model, given, device, batch_size : see :class:`FileNetwork`.

    Raises
    ------
    NotInstalledError
        If ONNX Runtime is missing.
    ModelError
        If the file holds no network, or a setting does not fit it.
    """

    suffixes = (".onnx",)

    def __init__(self, model: str, given: Mapping[str, Any], device: str, batch_size: int) -> None:
        for package in ("onnx", "onnxruntime"):
            if find_spec(package) is None:
                raise NotInstalledError(
                    f"{self.name} needs the package {package}: pip install 'imleak[onnx]'"
                )
        super().__init__(model, given, device, batch_size)
        self.inspect()

    def inspect(self) -> None:
        """Find input, output and dimension in the graph."""
        session = self._open()
        inputs = session.get_inputs()
        if len(inputs) != 1:
            names = ", ".join(each.name for each in inputs)
            raise ModelError(f"{self.path} has several inputs ({names}), not one of pictures")
        shapes = {each.name: each.shape for each in session.get_outputs()}
        self.output = self._named(list(shapes))
        self.dimension = self.vectors(shapes[self.output], self.output)
        self.settle(self.side(inputs[0].shape))

    def beside(self) -> Sequence[Path]:
        """The files of weights that a large model, and newer exporters, keep apart."""
        from ._graph import locations, read_model

        try:
            return [self.path.parent / name for name in locations(read_model(self.path))]
        except Exception as error:  # of the parser: any
            raise ModelError(f"{self.path} cannot be read: {short(error)}") from error

    def load(self) -> nn.Module:
        from ._graph import Graph

        return Graph(self._open(), str(self.output))

    def _named(self, names: list[str]) -> str:
        """The name of the features."""
        if isinstance(self.output, str):
            return str(self.output)
        if not 0 <= int(self.output) < len(names):
            raise ModelError(f"{self.path} has outputs {', '.join(names)}, and no {self.output}")
        return names[int(self.output)]

    def _open(self) -> InferenceSession:
        from ._graph import open_session

        inner = self.output if isinstance(self.output, str) else None
        try:
            return open_session(self.path, self.device, inner)
        except Exception as error:  # the errors of ONNX Runtime have no base class
            raise ModelError(
                f"{self.path} cannot be run by ONNX Runtime: {short(error)}"
            ) from error
