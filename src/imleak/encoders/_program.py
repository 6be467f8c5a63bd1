"""Programs of torch.export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.export.passes import move_to_device_pass
from torch.utils import _pytree as pytree

from ._graph import padded


class Program(nn.Module):
    """(n, ...) pictures to (n, d) features.

    Parameters
    ----------
    program : to run.
    output : place of the features among what it gives.
    """

    def __init__(self, program: ExportedProgram, output: int) -> None:
        super().__init__()
        self.inner = program.module()
        self.output = output
        (given,), _ = shapes(program)
        self.batch = given[0]

    def train(self, mode: bool = True) -> Program:
        """A program is what it was exported as."""
        del mode
        return self

    def forward(self, x: Tensor) -> Tensor:
        """A program that takes so many pictures at once is given so many."""
        if self.batch is None:
            return self._run(x)
        parts = [self._run(part) for part in padded(x, self.batch)]
        return torch.cat(parts)[: len(x)]

    def _run(self, x: Tensor) -> Tensor:
        found: Tensor = pytree.tree_leaves(self.inner(x))[self.output]
        return found.flatten(1)


def open_program(path: Path, device: str) -> ExportedProgram:
    """The program of a file, on a device. PyTorch runs what is written in the file."""
    program = torch.export.load(path)
    return program if device == "cpu" else move_to_device_pass(program, device)


def shapes(program: ExportedProgram) -> tuple[list[list[Any]], list[list[Any]]]:
    """Of inputs and of outputs; None for a length that is free."""
    signature = program.graph_signature
    found = {node.name: node.meta.get("val") for node in program.graph.nodes}

    def of(names: Any) -> list[list[Any]]:
        tensors = [found[name] for name in names if isinstance(found.get(name), torch.Tensor)]
        return [[s if isinstance(s, int) else None for s in tensor.shape] for tensor in tensors]

    return of(signature.user_inputs), of(signature.user_outputs)
