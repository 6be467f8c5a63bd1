"""A small U-Net that says how probable every difference between neighbours is, and every value
of a sample."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ...networks.weights import fill
from .architecture import DIFFERENCE_KNOTS, LEVELS, VALUE_KNOTS, WIDTHS
from .features import DIFFERENCES, PLANES, planes


class Block(nn.Module):
    """Two convolutions around a residual; the level shifts and scales what goes in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.level = nn.Embedding(LEVELS, 2 * width)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.level.weight)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        scale, shift = self.level(level)[:, :, None, None].chunk(2, 1)
        y = self.first(functional.relu(normalised(x) * (1 + scale) + shift))
        added: Tensor = self.second(functional.relu(y))
        return x + added


def normalised(x: Tensor) -> Tensor:
    """Channels (n, c, H, W) of every pixel at mean 0 and variance 1."""
    return functional.layer_norm(x.permute(0, 2, 3, 1), x.shape[1:2]).permute(0, 3, 1, 2)


class Network(nn.Module):
    """Log-densities of differences and values, at knots, of a clear part at a level."""

    def __init__(self) -> None:
        super().__init__()
        fine = WIDTHS[0]
        self.stem = nn.Conv2d(4 * PLANES, fine, 1)
        self.encode = nn.ModuleList(Block(width) for width in WIDTHS)
        self.decode = nn.ModuleList(Block(width) for width in WIDTHS[:-1])
        steps = list(pairwise(WIDTHS))
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in steps)
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in steps)
        self.whole = nn.Linear(WIDTHS[-1], WIDTHS[-1])
        outputs = DIFFERENCES * len(DIFFERENCE_KNOTS) + 3 * len(VALUE_KNOTS)
        self.head = nn.Conv2d(fine, 4 * outputs, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    def forward(
        self, x: Tensor, level: Tensor, phase: tuple[int, int] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Log-densities (n, H, W, 8, 17) of differences and (n, H, W, 3, 20) of values.

        Parameters
        ----------
        x : (n, 31, H, W) of :func:`planes`, H and W multiples of 32.
        level : integers 1..7; one element, or one an image.
        phase : row and column, 0 or 1, to get those of ``[:, row::2, column::2]`` alone.
        """
        level = level - 1
        x = self.stem(functional.pixel_unshuffle(x, 2))
        skips = []
        for block, down in zip(self.encode, self.down, strict=False):
            x = block(x, level)
            skips.append(x)
            x = down(x)
        x = self.encode[-1](x, level)
        x = x + self.whole(functional.relu(x.mean((2, 3))))[..., None, None]
        for block, up, skip in zip(
            reversed(self.decode), reversed(self.up), reversed(skips), strict=True
        ):
            x = block(skip + functional.interpolate(up(x), scale_factor=2), level)
        x = functional.relu(normalised(x))
        if phase is None:
            y = functional.pixel_shuffle(self.head(x), 2)
        else:
            one = slice(2 * phase[0] + phase[1], None, 4)
            y = functional.conv2d(
                x,
                self.head.weight[one],
                self.head.bias[one] if self.head.bias is not None else None,
            )
        y = y.permute(0, 2, 3, 1).float()
        knots = DIFFERENCES * len(DIFFERENCE_KNOTS)
        return (
            y[..., :knots].reshape(*y.shape[:3], DIFFERENCES, -1),
            y[..., knots:].reshape(*y.shape[:3], 3, -1),
        )


def ask(
    network: Network,
    clear: Tensor,
    level: int,
    phase: tuple[int, int] | None = None,
) -> tuple[Tensor, Tensor]:
    """Log-densities of :meth:`Network.forward` of a clear part (n, 3, H, W) of any size, which
    is even where a phase is asked for."""
    height, width = clear.shape[-2:]
    x = planes(clear, 1 << (8 - level))
    rows, columns = -height % 32, -width % 32
    x = functional.pad(x, (0, columns, 0, rows), mode="replicate")
    x = x.contiguous(memory_format=torch.channels_last)
    differences, values = network(x, torch.tensor([level]), phase)
    if phase is not None:
        height, width = height // 2, width // 2
    return differences[:, :height, :width], values[:, :height, :width]


def at(log_density: Tensor, knots: tuple[int, ...], where: Tensor) -> Tensor:
    """Log-densities (..., k) given at `knots`, at integers (..., j) between the outermost."""
    low, high = knots[0], knots[-1]
    place = np.interp(np.arange(low, high + 1), knots, np.arange(len(knots)))
    below = np.minimum(place.astype(np.int64), len(knots) - 2)
    index = torch.from_numpy(below)[where - low]
    share = torch.from_numpy((place - below).astype(np.float32))[where - low]
    left = log_density.gather(-1, index)
    return torch.lerp(left, log_density.gather(-1, index + 1), share)


def new() -> Network:
    """A network whose weights are drawn."""
    return Network().to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def load(state: Mapping[str, NDArray[np.floating]]) -> Network:
    """The network of these weights. Raises ImleakError if they are not those of exactly this
    network, none missing, none besides."""
    network = new()
    fill(network, state, "the network that rebuilds images", "train it again")
    return network.eval()
