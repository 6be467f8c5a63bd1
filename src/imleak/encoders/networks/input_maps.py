"""What there is to see of clear bits: the bits, and the image their differences add up to.

The clear part of a sample is its remainder, a sawtooth that no smooth function follows. Its
differences between neighbours are known up to the same remainder, and in most places of a
photograph they are small: taken as the smallest they can be, they are the differences of the
plain image, and the image that fits them best shows shapes where the sawtooth shows
stripes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from ...interfaces import Samples


@dataclass(frozen=True)
class ClearBits:
    """Where the bits of clear samples stand.

    Parameters
    ----------
    shift : lower bits that are zero in all of them.
    depth : k, bits used above these; 0 where nothing is left.
    """

    shift: int
    depth: int

    @classmethod
    def of(cls, images: Samples) -> ClearBits:
        """Clear bits of all clear parts of one level, (n, ...)."""
        used = 0
        for image in images:
            used |= int(np.bitwise_or.reduce(image, axis=None))
        shift = (used & -used).bit_length() - 1 if used else 0
        return cls(shift, (used >> shift).bit_length())

    def values(self, images: Samples) -> Tensor:
        """The remainders, 0 to 2**k - 1, as float32."""
        return torch.from_numpy((images >> self.shift).astype(np.float32))


def bit_planes(values: Tensor, depth: int, count: int) -> Tensor:
    """Planes (n, C * count, H, W) of -1/2 and 1/2, the lowest first; 0 beyond the depth.

    Parameters
    ----------
    values : (n, C, H, W) remainders.
    depth, count : k, and the planes to give; the highest bits where k is larger.
    """
    kept = range(max(0, depth - count), depth)
    whole = values.to(torch.int32)
    planes = [((whole >> bit) & 1).float() - 0.5 for bit in kept]
    planes += [torch.zeros_like(values)] * (count - len(planes))
    return torch.cat(planes, 1)


def differences(values: Tensor, depth: int) -> tuple[Tensor, Tensor]:
    r"""The smallest differences to the next row and column that remainders allow.

    .. math:: d = ((v' - v + 2^{k-1}) \bmod 2^k) - 2^{k-1}

    Parameters
    ----------
    values : (..., H, W) remainders.
    depth : k.

    Returns
    -------
    (..., H, W) down and across; 0 in the last row and column.
    """
    size = 2.0**depth
    down, across = torch.zeros_like(values), torch.zeros_like(values)
    down[..., :-1, :] = values.diff(dim=-2)
    across[..., :-1] = values.diff(dim=-1)
    return tuple((d + size / 2) % size - size / 2 for d in (down, across))  # type: ignore[return-value]


def unwrapped(values: Tensor, depth: int) -> Tensor:
    r"""The image of mean 0 whose differences are nearest to those of remainders.

    .. math:: \min_u \sum (\partial_y u - d_y)^2 + (\partial_x u - d_x)^2

    Its normal equation is Poisson's with free borders, diagonal under the cosine transform.

    Parameters
    ----------
    values : (..., N, N) remainders.
    depth : k.

    References
    ----------
    Ghiglia, Romero, "Robust two-dimensional weighted and unweighted phase unwrapping that
    uses fast transforms and iterative methods", J. Opt. Soc. Am. A 11, 1994, section 2.
    """
    down, across = differences(values, depth)
    source = down + across
    source[..., 1:, :] -= down[..., :-1, :]
    source[..., 1:] -= across[..., :-1]
    basis, eigenvalues = _cosines(values.shape[-1])
    spectrum = basis @ source @ basis.T / eigenvalues
    return basis.T @ spectrum @ basis


@cache
def _cosines(size: int) -> tuple[Tensor, Tensor]:
    """Orthonormal cosine transform (N, N), and the Laplacian's eigenvalues (N, N) under it;
    that of the constant is infinite, so that the mean becomes 0."""
    at = torch.arange(size, dtype=torch.float64)
    basis = torch.cos(math.pi / size * at[:, None] * (at + 0.5)) * math.sqrt(2 / size)
    basis[0] /= math.sqrt(2)
    line = 2 * torch.cos(math.pi * at / size) - 2
    eigenvalues = line[:, None] + line
    eigenvalues[0, 0] = torch.inf
    return basis.float(), eigenvalues.float()


def as_sample(values: Tensor, depth: int) -> Tensor:
    """Remainders stretched to 0..255, as an encoder sees a clear part that is `p << s`."""
    return values * (255.0 / max(1.0, 2.0**depth - 1))


def around_grey(image: Tensor) -> Tensor:
    """A image of mean 0 about middle grey, in 0..255; steps stay what they are."""
    return (image + 127.0).clamp(0, 255)
