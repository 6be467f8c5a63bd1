"""How much of the information in an image a noisy visual system finds in another one."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..interfaces import ImageError, Samples

WINDOWS = (17, 9, 5, 3)
"""Sides of the Gaussian windows, from the finest scale to the coarsest; their standard
deviation is a fifth of the side."""

NOISE = 2.0
"""Variance of the noise of the visual system, on samples of 0..255."""
FLAT = 1e-10
"""A window of less variance is constant."""
FACTORS = 32
"""Of a product: none is above 1e4, the largest variance of samples by the variance of the noise."""
STRIP = 128
"""Rows of windows that are compared at once."""
BLOCK = 16
"""Rows that one matrix product smooths: a wider band matrix is mostly zeros."""
Map = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scale:
    """The plain image at one scale, and its windows.

    Parameters
    ----------
    image : (C, H, W) samples of 0..255, low-passed and decimated.
    side : of the Gaussian window.
    mean, variance : of every window that fits, (C, H - side + 1, W - side + 1).
    """

    image: Map
    side: int
    mean: Map
    variance: Map

    @classmethod
    def of(cls, image: Map, side: int) -> Self:
        mean = _smooth(image, side)
        return cls(image, side, mean, _variance(image, mean, side))

    @cached_property
    def information(self) -> float:
        """What the visual system has of the image, in nats."""
        return float(np.log1p(self.variance / NOISE).sum())

    @cached_property
    def _inverse(self) -> Map:
        """Of the variance; 0 where there is none."""
        return np.divide(
            1, self.variance, out=np.zeros_like(self.variance), where=self.variance > 0
        )

    def information_left(self, other: Map) -> float:
        """What it has of this image in another one at the same scale, in nats."""
        return sum(
            self._left_in(other, slice(start, start + STRIP))
            for start in range(0, self.mean.shape[1], STRIP)
        )

    def _left_in(self, other: Map, windows: slice) -> float:
        rows = slice(windows.start, windows.stop + self.side - 1)
        plain, other = self.image[:, rows], other[:, rows]
        mean = _smooth(other, self.side)
        variance = _variance(other, mean, self.side)
        explained = _smooth(plain * other, self.side)  # the covariance, at first
        explained -= self.mean[:, windows] * mean
        np.maximum(explained, 0, out=explained)
        explained *= explained
        explained *= self._inverse[:, windows]
        explained[variance == 0] = 0
        variance -= explained
        noise = np.maximum(variance, 0, out=variance)
        noise += NOISE
        explained /= noise
        explained += 1
        return _sum_of_logs(explained)


def scales(samples: Samples, bits: int) -> list[Scale]:
    """The plain image (C, H, W) at every scale at which a window fits, the finest first. Raises
    ImageError if none does."""
    return [Scale.of(image, side) for image, side in _pyramid(samples, bits)]


def fidelity(plain: list[Scale], samples: Samples, bits: int) -> float:
    """VIF of an image (C, H, W) against the plain one, given by its scales."""
    others = [image for image, _ in _pyramid(samples, bits)]
    whole = sum(scale.information for scale in plain)
    if not whole:
        return float(np.array_equal(plain[0].image, others[0]))
    return sum(map(Scale.information_left, plain, others)) / whole


def _pyramid(samples: Samples, bits: int) -> Iterator[tuple[Map, int]]:
    """Image and side of the window at every scale."""
    height, width = samples.shape[1:]
    if min(height, width) < WINDOWS[0]:
        raise ImageError(
            f"vif needs an image of {WINDOWS[0]}x{WINDOWS[0]} pixels or more, not {width}x{height}"
        )
    image: Map = np.multiply(samples, 255 / (2**bits - 1), order="C")
    yield image, WINDOWS[0]
    for side in WINDOWS[1:]:
        if min(image.shape[1:]) < side:
            return
        image = np.ascontiguousarray(_smooth(image, side, 2))
        if min(image.shape[1:]) < side:
            return
        yield image, side


@cache
def _band(side: int, step: int) -> Map:
    """(BLOCK / step, BLOCK + side - 1) the weights of every `step`-th Gaussian window of rows."""
    from scipy.linalg import convolution_matrix

    at = np.arange(side) - side // 2
    weights = np.exp(-((at / (side / 5)) ** 2) / 2)
    band: Map = convolution_matrix(weights / weights.sum(), BLOCK).T[::step]
    return band


def _variance(image: Map, mean: Map, side: int) -> Map:
    """Variances of every window that fits, given its mean; 0 of one that is constant."""
    variance = _smooth(image * image, side)
    variance -= mean * mean
    variance[variance < FLAT] = 0
    return variance


def _sum_of_logs(values: Map) -> float:
    """Of values (C, H, W) of 1 and more: as logarithms of products that are no overflow."""
    products = np.multiply.reduceat(values, np.arange(0, values.shape[1], FACTORS), axis=1)
    return float(np.log(products).sum())


def _smooth(image: Map, side: int, step: int = 1) -> Map:
    """Means of every window that fits, or of every `step`-th in both directions."""
    columns = _smooth_columns(image, side, step)
    return _smooth_columns(columns.swapaxes(1, 2), side, step).swapaxes(1, 2)


def _smooth_columns(image: Map, side: int, step: int) -> Map:
    """Means of every `step`-th window of rows that fits, by products with a band matrix; `step`
    divides BLOCK."""
    band = _band(side, step)
    channels, height, width = image.shape
    windows = height - side + 1
    means = np.empty((channels, -(-windows // step), width))
    for start in range(0, windows, BLOCK):
        rows = image[:, start : start + BLOCK + side - 1]
        block = means[:, start // step : (start + BLOCK) // step]
        np.matmul(band[: block.shape[1], : rows.shape[1]], rows, out=block)
    return means
