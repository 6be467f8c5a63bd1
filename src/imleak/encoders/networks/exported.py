"""Programs of torch.export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.export.passes import move_to_device_pass
from torch.utils import _pytree as pytree

from .._file import ModelError, Shape
from .batches import FixedBatch


class Program(FixedBatch):
    """(n, ...) images to (n, d) features. PyTorch runs what is written in the file.

    Parameters
    ----------
    path : of the file.
    device : where it runs.
    output : place of the features among what it gives.

    Attributes
    ----------
    given, made : shapes of the images and of the features.

    Raises
    ------
    ModelError
        If it has several inputs, or no such output.
    """

    def __init__(self, path: Path, device: str, output: str | int) -> None:
        program = torch.export.load(path)
        signature = program.graph_signature
        inputs, outputs = (
            _shapes(program, names) for names in (signature.user_inputs, signature.user_outputs)
        )
        if len(inputs) != 1:
            raise ModelError(f"{path} has {len(inputs)} inputs, not one of images")
        if not isinstance(output, int) or not 0 <= output < len(outputs):
            raise ModelError(f"{path} has {len(outputs)} outputs, and no {output!r}")
        self.given, self.made = inputs[0], outputs[output]
        super().__init__(self.given[0])
        moved = program if device == "cpu" else move_to_device_pass(program, device)
        self.inner, self.output = moved.module(), output
        kind = _images(program).dtype  # whole numbers would cut what is shown
        self.kind = kind if kind.is_floating_point else torch.float32

    def train(self, mode: bool = True) -> Program:
        """A program is what it was exported as."""
        del mode
        return self

    def _apply(self, fn: Any, recurse: bool = True) -> Program:
        """Its types and its device are those of its nodes."""
        del fn, recurse
        return self

    def run(self, x: Tensor) -> Tensor:
        found: Tensor = pytree.tree_leaves(self.inner(x.to(self.kind)))[self.output]
        return found.float().flatten(1)


def _images(program: ExportedProgram) -> Tensor:
    """What stands for its only input."""
    (name,) = program.graph_signature.user_inputs
    image: Tensor = next(node.meta["val"] for node in program.graph.nodes if node.name == name)
    return image


def _shapes(program: ExportedProgram, names: Any) -> list[Shape]:
    """Shapes of the tensors among these; None for a length that is free."""
    found = {node.name: node.meta.get("val") for node in program.graph.nodes}
    tensors = [found[name] for name in names if isinstance(found.get(name), torch.Tensor)]
    return [[s if isinstance(s, int) else None for s in tensor.shape] for tensor in tensors]
