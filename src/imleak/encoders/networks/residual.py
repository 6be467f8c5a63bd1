"""A small residual network for clear bits."""

import torch
from torch import Tensor, nn

PLANES = 8
"""Bits of a channel it is shown."""
WIDTHS = (48, 96, 160)
CELL = 4
"""Side of the squares whose bits one position of the first layer sees together."""


class Block(nn.Module):
    """Two convolutions added to their input; at first nothing is added."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)
        nn.init.zeros_(self.second_norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        inner = torch.relu(self.first_norm(self.first(x)))
        total: Tensor = x + self.second_norm(self.second(inner))
        return total


class Residual(nn.Module):
    """Planes (n, C, 224, 224) to vectors (n, dimension).

    The first layers see cells of 4 x 4 pixels with all their bits, so that differences of
    neighbours, whatever bit carries them, are within reach of one hidden layer. Three
    stages halve the side; mean and maximum over positions go through a linear layer.

    References
    ----------
    He et al., "Deep residual learning for image recognition", CVPR 2016.
    """

    def __init__(self, channels: int, dimension: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.PixelUnshuffle(CELL)]
        width = channels * CELL**2
        for at, wider in enumerate(WIDTHS):
            kernel, stride = (1, 1) if at == 0 else (3, 2)
            layers += [
                nn.Conv2d(width, wider, kernel, stride, kernel // 2, bias=False),
                nn.BatchNorm2d(wider),
                nn.ReLU(),
                Block(wider),
            ]
            width = wider
        self.stages = nn.Sequential(*layers)
        self.out = nn.Linear(2 * width, dimension)

    def forward(self, planes: Tensor) -> Tensor:
        """(n, dimension)"""
        x = self.stages(planes)
        pooled = torch.cat([x.mean((-2, -1)), x.amax((-2, -1))], 1)
        vectors: Tensor = self.out(pooled)
        return vectors
