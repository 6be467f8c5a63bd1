"""Noisy and masked views of images."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from ..interfaces import ImleakError
from .task import Array

FEWEST = 40
MASKS = 5


def standardised(images: ArrayLike) -> Array:
    """(n, H, W) of mean 0 and variance 1 over all pixels."""
    given = np.asarray(images, dtype=np.float64)
    if given.ndim != 3 or len(given) < FEWEST:
        raise ImleakError(
            f"images have shape {given.shape}; give (n, H, W) with n at least {FEWEST}"
        )
    spread = float(given.std())
    if not (np.isfinite(spread) and spread > 0):
        raise ImleakError("images have non-finite or all equal pixels; give images that differ")
    return np.asarray((given - given.mean()) / spread)


def kept_rows(keep: Sequence[int] | None, height: int) -> list[int]:
    """How many rows each mask leaves, rising, the whole height last."""
    if keep is None:
        keep = np.linspace(height / MASKS, height, MASKS).round().clip(1).astype(int).tolist()
    masks = sorted({int(t) for t in keep} | {height})
    if masks[0] < 1 or masks[-1] > height:
        raise ImleakError(f"keep is {list(keep)}; give numbers of rows from 1 to {height}")
    return masks


def masked(images: Array, kept: int) -> Array:
    """All but the first `kept` rows at the mean grey."""
    view = images.copy()
    view[:, kept:] = 0.0
    return view


def beside(left: Array, right: Array) -> Array:
    """Two images as one of twice the width."""
    return np.concatenate([left, right], axis=2)


def noise_for(images: Array, most_bits: float) -> float:
    """The standard deviation of white noise that leaves about `most_bits` at most.

    Of all laws of one covariance the Gaussian gets most through such noise; the
    covariance is that of the images given.
    """
    if not most_bits > 0:
        raise ImleakError(f"most_bits is {most_bits}; give a positive number, or None")
    flat = images.reshape(len(images), -1)
    flat = flat - flat.mean(0)
    gram = flat @ flat.T if flat.shape[0] < flat.shape[1] else flat.T @ flat
    variances = np.linalg.eigvalsh(gram).clip(0) / len(flat)

    def excess(log_sigma: float) -> float:
        signal = variances * np.exp(-2 * log_sigma)
        return float(0.5 * np.log2(1 + signal).sum()) - most_bits

    return float(np.exp(brentq(excess, -20.0, 20.0)))
