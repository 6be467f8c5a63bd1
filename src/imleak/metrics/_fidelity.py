"""How much of the information in an image a noisy visual system finds in another one."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
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
    window : (side,) weights of the Gaussian, in one direction.
    mean, variance : of every window that fits, (C, H - side + 1, W - side + 1).
    """

    image: Map
    window: Map
    mean: Map
    variance: Map

    @classmethod
    def of(cls, image: Map, window: Map) -> Self:
        mean = _smooth(image, window)
        return cls(image, window, mean, _variance(image, mean, window))

    @cached_property
    def information(self) -> float:
        """What the visual system has of the image, in nats."""
        return float(np.log1p(self.variance / NOISE).sum())

    def information_left(self, other: Map) -> float:
        """What it has of this image in another one at the same scale, in nats."""
        return sum(
            self._left_in(other, slice(start, start + STRIP))
            for start in range(0, self.mean.shape[1], STRIP)
        )

    def _left_in(self, other: Map, windows: slice) -> float:
        rows = slice(windows.start, windows.stop + len(self.window) - 1)
        plain, other = self.image[:, rows], other[:, rows]
        mean = _smooth(other, self.window)
        variance = _variance(other, mean, self.window)
        covariance = _smooth(plain * other, self.window) - self.mean[:, windows] * mean
        own = self.variance[:, windows]
        alike = (own > 0) & (variance > 0) & (covariance > 0)
        explained = np.where(alike, covariance, 0) ** 2 / np.maximum(own, FLAT)
        noise = np.maximum(variance - explained, 0)
        return float(np.log1p(explained / (noise + NOISE)).sum())


def scales(samples: Samples, bits: int) -> list[Scale]:
    """The plain image (C, H, W) at every scale at which a window fits, the finest first. Raises
    ImageError if none does."""
    return [Scale.of(image, window) for image, window in _pyramid(samples, bits)]


def fidelity(plain: list[Scale], samples: Samples, bits: int) -> float:
    """VIF of an image (C, H, W) against the plain one, given by its scales."""
    others = [image for image, _ in _pyramid(samples, bits)]
    whole = sum(scale.information for scale in plain)
    if not whole:
        return float(np.array_equal(plain[0].image, others[0]))
    return sum(map(Scale.information_left, plain, others)) / whole


def _pyramid(samples: Samples, bits: int) -> Iterator[tuple[Map, Map]]:
    """Image and window at every scale."""
    height, width = samples.shape[1:]
    if min(height, width) < WINDOWS[0]:
        raise ImageError(
            f"vif needs an image of {WINDOWS[0]}x{WINDOWS[0]} pixels or more, not {width}x{height}"
        )
    image: Map = np.multiply(samples, 255 / (2**bits - 1), order="C")
    yield image, _gaussian(WINDOWS[0])
    for side in WINDOWS[1:]:
        window = _gaussian(side)
        if min(image.shape[1:]) < side:
            return
        image = np.ascontiguousarray(_smooth(image, window, 2))
        if min(image.shape[1:]) < side:
            return
        yield image, window


def _gaussian(side: int) -> Map:
    at = np.arange(side) - side // 2
    weights: Map = np.exp(-((at / (side / 5)) ** 2) / 2)
    weights /= weights.sum()
    return weights


def _variance(image: Map, mean: Map, window: Map) -> Map:
    """Variances of every window that fits, given its mean; 0 of one that is constant."""
    variance = _smooth(image**2, window) - mean**2
    variance[variance < FLAT] = 0
    return variance


def _smooth(image: Map, window: Map, step: int = 1) -> Map:
    """Means of every window that fits, or of every `step`-th in both directions."""
    columns = _smooth_columns(image, window, step)
    return _smooth_columns(columns.swapaxes(1, 2), window, step).swapaxes(1, 2)


def _smooth_columns(image: Map, window: Map, step: int) -> Map:
    """Means of every `step`-th window of rows that fits, by products with a band matrix; `step`
    divides BLOCK."""
    from scipy.linalg import convolution_matrix

    band = convolution_matrix(window, BLOCK).T[::step]
    channels, height, width = image.shape
    windows = height - len(window) + 1
    means = np.empty((channels, -(-windows // step), width))
    for start in range(0, windows, BLOCK):
        rows = image[:, start : start + BLOCK + len(window) - 1]
        block = means[:, start // step : (start + BLOCK) // step]
        np.matmul(band[: block.shape[1], : rows.shape[1]], rows, out=block)
    return means
