"""A small convolutional network on the grid of blocks: what stands in each of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ...networks.weights import fill
from .._known_blocks import Blocks, Surface
from .features import FEATURES, SIDES, SMALLEST, Seen

WIDTH, PAIRS = 48, 3
CELLS = 8
"""Cells to a side of a block that the network tells apart; those of a smaller block are its
samples."""
TASKS = 2 * len(SIDES)
REACH = 2 + 2 * PAIRS
"""Blocks around one that it sees."""
AT_ONCE = 40_000
"""Blocks that go through the network together, at most, besides those around them."""


class Pair(nn.Module):
    """Two convolutions around a residual; the task shifts and scales what goes in."""

    def __init__(self) -> None:
        super().__init__()
        self.task = nn.Embedding(TASKS, 2 * WIDTH)
        self.first = _convolution(WIDTH)
        self.second = _convolution(WIDTH)
        nn.init.zeros_(self.task.weight)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, tasks: Tensor) -> Tensor:
        scale, shift = self.task(tasks)[:, :, None, None].chunk(2, 1)
        y = functional.relu(self.first(x * (1 + scale) + shift))
        added: Tensor = self.second(y)
        return functional.relu(x + added)


class Network(nn.Module):
    """Differences of cells to the interpolated means, in units of the scale of their block. A task
    is a side of blocks, of which the means are known or the samples."""

    errors: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.stem = _convolution(FEATURES)
        self.pairs = nn.ModuleList(Pair() for _ in range(PAIRS))
        self.heads = nn.Parameter(torch.zeros(TASKS, CELLS**2, WIDTH))
        self.register_buffer("errors", torch.ones(TASKS, 2))

    def forward(self, planes: Tensor, tasks: Tensor) -> Tensor:
        """(n, 64, h, w) of planes (n, FEATURES, h, w) and tasks (n,); of blocks of 4 x 4 the
        first 16 alone mean anything."""
        x = functional.relu(self.stem(planes))
        for pair in self.pairs:
            x = pair(x, tasks)
        cells: Tensor = torch.einsum("nchw,noc->nohw", x, self.heads[tasks])
        return cells


def task(side: int, *, samples: bool) -> int:
    """The number of a task."""
    return SIDES.index(side) + len(SIDES) * samples


def cells_of(side: int) -> int:
    """How many cells a side of a block has."""
    return min(side, CELLS)


def in_place(cells: Tensor, side: int) -> Tensor:
    """(n, h * c, w * c): the cells (n, 64, h, w) of every block where they lie."""
    count = cells_of(side)
    return functional.pixel_shuffle(cells[:, : count**2], count)[:, 0]


@torch.inference_mode()
def added(network: Network, seen: Seen, blocks: Blocks, *, samples: bool) -> Surface:
    """(C, H, W) what the network adds to the interpolated means."""
    which = torch.tensor([task(blocks.side, samples=samples)])
    found = [
        in_place(_by_strips(network, planes, which), blocks.side)
        * torch.from_numpy(_spread(scale + SMALLEST, cells_of(blocks.side)))
        for planes, scale in zip(seen.planes, seen.scale, strict=True)
    ]
    size = [count * blocks.side for count in blocks.grid[1:]]
    large = functional.interpolate(torch.stack(found, 1), size, mode="bilinear")[0]
    _, height, width = blocks.shape
    return large[:, :height, :width].numpy().astype(np.float64)


def _by_strips(network: Network, planes: NDArray[np.float32], which: Tensor) -> Tensor:
    """The network of a whole channel, some rows of blocks at a time."""
    rows, columns = planes.shape[1:]
    step = max(1, AT_ONCE // columns)
    whole = torch.from_numpy(planes)[None].contiguous(memory_format=torch.channels_last)
    strips = []
    for top in range(0, rows, step):
        first, last = max(0, top - REACH), min(rows, top + step + REACH)
        found = network(whole[:, :, first:last], which)
        strips.append(found[:, :, top - first : top - first + min(step, rows - top)])
    return torch.cat(strips, 2)


def _spread(values: Surface, count: int) -> NDArray[np.float32]:
    """(h * count, w * count) of values (h, w)."""
    return values.repeat(count, 0).repeat(count, 1).astype(np.float32)


def _convolution(inputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, WIDTH, 3, padding=1, padding_mode="replicate")


def new() -> Network:
    """A network whose weights are drawn."""
    return Network().to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def load(state: Mapping[str, NDArray[np.floating]]) -> Network:
    """The network of these weights. Raises ImleakError if they are not those of exactly this
    network, none missing, none besides."""
    network = new()
    fill(network, state, "super-resolution", "imleak adversary super-resolution makes some")
    return network.eval()
