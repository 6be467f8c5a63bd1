"""Single pixels of dead-leaves images, each through a channel of its own.

Fifty pixels an image are one group: they depend on each other, so that only a split by image
is a fair test. The value is exact for one pixel and what became of it.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad

from ..task import Array, Problem, Rows, bits
from .dead_leaves import dead_leaves
from .discrete import erasure_channel, symmetric_channel, table_bits

PIXELS_AN_IMAGE = 50
SIDE = 16
Greys: TypeAlias = NDArray[np.int64]
Channel: TypeAlias = Callable[[Greys, np.random.Generator], Array]
"""(n,) greys to (n,) outputs, each pixel on its own."""


def symmetric_pixels(greys: int, error: float) -> Problem:
    """Each pixel shows another grey, any of them, with probability `error`."""

    def channel(x: Greys, rng: np.random.Generator) -> Array:
        wrong = (x + rng.integers(1, greys, x.shape)) % greys
        return np.where(rng.random(x.shape) < error, wrong, x).astype(np.float64)

    mi = table_bits(symmetric_channel(greys, error))
    return Problem(mi, (1, 1), _pixels(greys, channel), kind="discrete", size=greys)


def erased_pixels(greys: int, erased: float) -> Problem:
    """Each pixel is lost, and seen to be lost (-1), with probability `erased`."""

    def channel(x: Greys, rng: np.random.Generator) -> Array:
        return np.where(rng.random(x.shape) < erased, -1, x).astype(np.float64)

    mi = table_bits(erasure_channel(greys, erased))
    return Problem(mi, (1, 1), _pixels(greys, channel), kind="discrete", size=greys + 1)


def clear_planes(encrypted: int, depth: int = 8) -> Problem:
    """The clear part of each pixel when its `encrypted` leading bits are encrypted.

    Of a uniform pixel it has exactly depth - encrypted bits; as a function of the pixel
    it is a sawtooth of 2^encrypted teeth.
    """
    left = depth - encrypted

    def channel(x: Greys, _: np.random.Generator) -> Array:
        return np.asarray(np.mod(x, 2**left), dtype=np.float64)

    return Problem(float(left), (1, 1), _pixels(2**depth, channel), kind="discrete", size=2**left)


def noisy_pixels(greys: int, sigma: float) -> Problem:
    """Gaussian noise of standard deviation `sigma`, in steps of grey, on each pixel."""

    def channel(x: Greys, rng: np.random.Generator) -> Array:
        return x + sigma * rng.standard_normal(x.shape)

    return Problem(noisy_bits(greys, sigma), (1, 1), _pixels(greys, channel), kind="mixed")


def noisy_bits(count: int, sigma: float) -> float:
    r"""Equally likely values 0..count-1 through Gaussian noise, in bits, by quadrature.

    .. math:: I(X;Y) = h(Y) - \tfrac12 \log_2 2\pi e\sigma^2
    """
    greys = np.arange(float(count))

    def surprise(y: float) -> float:
        scaled = -0.5 * np.square((y - greys) / sigma)
        log_density = np.logaddexp.reduce(scaled) - np.log(count * sigma * np.sqrt(2 * np.pi))
        return float(-np.exp(log_density) * log_density)

    edges = [-10 * sigma, *greys, greys[-1] + 10 * sigma]
    entropy = sum(quad(surprise, a, b, epsabs=1e-10)[0] for a, b in pairwise(edges))
    return bits(entropy - 0.5 * np.log(2 * np.pi * np.e * sigma**2))


def _pixels(greys: int, channel: Channel) -> Callable[[int, np.random.Generator], Rows]:
    def draw(n: int, rng: np.random.Generator) -> Rows:
        count = -(-n // PIXELS_AN_IMAGE)
        flat = dead_leaves(count, SIDE, rng).reshape(count, -1)
        chosen = rng.permuted(flat, axis=1)[:, :PIXELS_AN_IMAGE].ravel()[:n]
        x = np.floor(greys * chosen).astype(np.int64)
        groups = np.repeat(np.arange(count), PIXELS_AN_IMAGE)[:n]
        return Rows(x[:, None].astype(np.float64), channel(x, rng)[:, None], groups)

    return draw
