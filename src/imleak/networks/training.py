"""What the trainings of networks share: the average of weights."""

import torch
from torch import nn


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, kept: float) -> None:
    """Move averaged weights towards those of a network; this share of them is kept."""
    for mine, theirs in zip(average.parameters(), network.parameters(), strict=True):
        mine.lerp_(theirs, 1 - kept)
