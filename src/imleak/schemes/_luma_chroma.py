"""Luma and chroma of an image, without loss."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Samples

Plane: TypeAlias = NDArray[np.int64]
RED, BLUE = 299, 114
"""Weights of ITU-R BT.601, in thousandths."""


def to_luma_chroma(samples: Samples, bits: int) -> Samples:
    r"""(3, H, W) luma and two chroma planes of an image (3, H, W), of as many bits.

    By lifting, modulo :math:`2^B`, so that it is undone exactly:

    .. math:: C_b = B - G + 2^{B-1}, \quad C_r = R - G + 2^{B-1}, \quad
              Y = G + \lfloor 0.299 (C_r - 2^{B-1}) + 0.114 (C_b - 2^{B-1}) \rfloor,

    which is the luma of ITU-R BT.601 rounded down wherever no difference leaves its range.
    """
    red, green, blue = samples.astype(np.int64)
    size, half = 1 << bits, 1 << bits >> 1
    of_blue, of_red = (blue - green + half) % size, (red - green + half) % size
    luma = (green + _lift(of_blue, of_red, half)) % size
    return np.stack([luma, of_blue, of_red]).astype(samples.dtype)


def from_luma_chroma(planes: Samples, bits: int) -> Samples:
    """The inverse of :func:`to_luma_chroma`."""
    luma, of_blue, of_red = planes.astype(np.int64)
    size, half = 1 << bits, 1 << bits >> 1
    green = (luma - _lift(of_blue, of_red, half)) % size
    red, blue = (green + of_red - half) % size, (green + of_blue - half) % size
    return np.stack([red, green, blue]).astype(planes.dtype)


def _lift(of_blue: Plane, of_red: Plane, half: int) -> Plane:
    return (RED * (of_red - half) + BLUE * (of_blue - half)) // 1000
