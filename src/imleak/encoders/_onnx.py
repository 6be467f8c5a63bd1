"""Encoders that ONNX Runtime runs."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ..interfaces import NotInstalledError
from ._file import FileNetwork, ModelError, Shape
from ._network import short

if TYPE_CHECKING:
    from .networks.onnx import Graph


class OnnxNetwork(FileNetwork):
    """A network in a file of ONNX, up to any tensor of its graph.

    Parameters
    ----------
    model and others : see :class:`FileNetwork`; `output` may be any inner tensor.
    """

    suffix = ".onnx"
    engine = "ONNX Runtime"

    def files(self) -> Sequence[Path]:
        """The file, and those in which a large model, and newer exporters, keep weights."""
        self.check_installed()
        from .networks.onnx import locations, read_model

        file = self.file
        try:
            beside = locations(read_model(file))
        except Exception as error:  # of the parser: any
            raise ModelError(f"{self.path} cannot be read: {short(error)}") from error
        return [file, *(file.parent / name for name in beside)]

    @property
    def output(self) -> str:
        given = super().output
        return given if isinstance(given, str) else str(self.network.made.name)

    def shapes(self) -> tuple[Shape, Shape]:
        graph: Graph = self.network
        return graph.given.shape, graph.made.shape

    def load(self) -> Graph:
        """The graph in a session of ONNX Runtime."""
        self.check_installed()
        from .networks.onnx import Graph

        output = self.settings["output"]
        try:
            return Graph(self.path, self.device, output)
        except ModelError:
            raise
        except Exception as error:  # the errors of ONNX Runtime have no base class
            reason = short(error)
            raise ModelError(f"{self.path} cannot be run by ONNX Runtime: {reason}") from error

    def check_installed(self) -> None:
        for package in ("onnx", "onnxruntime"):
            if find_spec(package) is None:
                raise NotInstalledError(
                    f"{self.name} needs the package {package}: pip install 'imleak[onnx]'"
                )
