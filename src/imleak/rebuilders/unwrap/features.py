"""What the network sees of a clear part, and the differences it is asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

RIGHT, DOWN, COLOUR = slice(0, 3), slice(3, 6), slice(6, 8)
"""Which of the eight differences of a pixel are which: of its three channels to the right and
below, then red less green and blue less green."""
DIFFERENCES = 8


def neighbours(values: Tensor) -> Tensor:
    """The eight differences of every pixel, (n, 8, H, W), of values (n, 3, H, W); those that
    leave the image are 0."""
    import torch

    across, below = torch.zeros_like(values), torch.zeros_like(values)
    across[..., :, :-1] = values[..., :, 1:] - values[..., :, :-1]
    below[..., :-1, :] = values[..., 1:, :] - values[..., :-1, :]
    colour = values[:, [0, 2]] - values[:, 1:2]
    return torch.cat([across, below, colour], 1)


def wrapped(differences: Tensor, modulus: int) -> Tensor:
    """The difference nearest to 0 of all that are equal modulo `modulus`, in [-m/2, m/2)."""
    return (differences + modulus // 2) % modulus - modulus // 2


def planes(clear: Tensor, modulus: int) -> Tensor:
    """Input (n, 31, H, W) of the network, of a clear part (n, 3, H, W) of integers 0..m-1."""
    import torch

    nearest = wrapped(neighbours(clear), modulus).float()
    phase = clear.float() * (2 * torch.pi / modulus)
    return torch.cat(
        [
            phase.sin(),
            phase.cos(),
            clear.float() / modulus - 0.5,
            (clear == 0).float(),
            (clear == modulus - 1).float(),
            nearest * (2 / modulus),
            torch.asinh(nearest / 2) / 2,
        ],
        1,
    )


PLANES = 5 * 3 + 2 * DIFFERENCES
