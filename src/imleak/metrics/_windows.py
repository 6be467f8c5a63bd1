"""Windows of an image that are compared, for structural similarity."""

from dataclasses import dataclass
from functools import reduce
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..interfaces import ImageError, Samples

WINDOW = 7
SMALLEST = 3

STRIP = 32
"""Rows of windows that are compared at once, in arrays that stay in the cache."""
Integers = NDArray[np.signedinteger[Any]]


@dataclass(frozen=True, eq=False)
class Windows:
    """The plain image and the windows of it.

    Parameters
    ----------
    samples : (C, H, W) integers wide enough for the squares in two windows.
    side : of a window.
    peak : 2^B - 1.
    sums, squares : in every window that fits, (C, H - side + 1, W - side + 1).
    """

    samples: Integers
    side: int
    peak: int
    sums: Integers
    squares: Integers

    @classmethod
    def of(cls, samples: Samples, bits: int) -> Self:
        side = window_side(*samples.shape[1:])
        wide = samples.astype(np.min_scalar_type(-(2 * side**2 << 2 * bits)))
        return cls(wide, side, 2**bits - 1, sums(wide, side), sums(wide**2, side))

    def similarity(self, other: Samples) -> float:
        """Mean SSIM of another image (C, H, W)."""
        total = sum(
            self._total(other, slice(start, start + STRIP))
            for start in range(0, self.sums.shape[1], STRIP)
        )
        return total / self.sums.size

    def _total(self, other: Samples, windows: slice) -> float:
        count = self.side**2
        rows = slice(windows.start, windows.stop + self.side - 1)
        x = self.samples[:, rows]
        y = other[:, rows].astype(x.dtype)
        mean_x, mean_y = self.sums[:, windows] / count, sums(y, self.side) / count
        means, product = mean_x**2 + mean_y**2, mean_x * mean_y
        variances = (self.squares[:, windows] + sums(y**2, self.side)) / count - means
        covariance = sums(x * y, self.side) / count - product
        luminance = (2 * product + (c1 := (0.01 * self.peak) ** 2)) / (means + c1)
        c2 = (0.03 * self.peak) ** 2 * (count - 1) / count
        return float((luminance * (2 * covariance + c2) / (variances + c2)).sum())


def sums(values: Integers, side: int) -> Integers:
    """Sums in every window of side x side that fits, exact."""
    height, width = (length - side + 1 for length in values.shape[1:])
    rows = reduce(np.add, (values[:, at : at + height] for at in range(side)))
    return reduce(np.add, (rows[..., at : at + width] for at in range(side)))


def window_side(height: int, width: int) -> int:
    """Side of the window for an image of this size: odd, 3..7. Raises ImageError if no window
    fits."""
    side = min(height, width, WINDOW)
    side -= 1 - side % 2
    if side < SMALLEST:
        raise ImageError(
            f"ssim needs an image of {SMALLEST}x{SMALLEST} pixels or more, not {width}x{height}"
        )
    return side
