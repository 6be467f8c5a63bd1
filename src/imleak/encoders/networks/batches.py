"""Networks that take a fixed number of images at once."""

from abc import abstractmethod

import torch
from torch import Tensor, nn


class FixedBatch(nn.Module):
    """A network that is given batches of one size, the last image repeated to fill them.

    Parameters
    ----------
    batch : the size; anything but a number if any will do.
    """

    def __init__(self, batch: object) -> None:
        super().__init__()
        self.batch = batch if isinstance(batch, int) else None

    @abstractmethod
    def run(self, x: Tensor) -> Tensor:
        """(n, d) features of (n, ...) images."""

    def forward(self, x: Tensor) -> Tensor:
        if self.batch is None:
            return self.run(x)
        at = torch.arange(-(-len(x) // self.batch) * self.batch).clamp(max=len(x) - 1)
        return torch.cat([self.run(some) for some in torch.split(x[at], self.batch)])[: len(x)]
