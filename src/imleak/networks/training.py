"""What the trainings of networks share: samples of 8 bits, and the average of weights."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..interfaces import Raster


def eight_bits(image: Raster) -> NDArray[np.uint8]:
    """(C, H, W) samples of an image as if it had 8 bits: the lowest left out, or 0."""
    samples = image.samples.astype(np.int64)
    return (samples >> max(image.bits - 8, 0) << max(8 - image.bits, 0)).astype(np.uint8)


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, kept: float) -> None:
    """Move averaged weights towards those of a network; this share of them is kept."""
    for mine, theirs in zip(average.parameters(), network.parameters(), strict=True):
        mine.lerp_(theirs, 1 - kept)
