"""Pictures through noisy channels whose mutual information is known.

The law of a dead-leaves patch has no closed form, so each task says what its value is
exact for: one pixel of a picture (whose grey is exactly uniform, although the pixels of a
picture depend on each other), or whole pictures that share nothing but a few noisy bits.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad

from .discrete import erasure_channel, symmetric_channel, table_bits, through
from .leaves import dead_leaves
from .task import Kind, Rows, Task, bits

PIXELS_A_PICTURE = 50
PATCHES_A_PICTURE = 10
SIDE = 16

Channel = Callable[[NDArray[np.int64], np.random.Generator], NDArray[np.float64]]


def pixels(
    name: str,
    title: str,
    mi_bits: float,
    greys: int,
    channel: Channel,
    *,
    kind: Kind = "discrete",
    size: int | None = None,
) -> Task:
    """Single pixels of dead-leaves pictures in `greys` greys, each through a channel.

    Fifty pixels a picture are one group: they depend on each other, so that only a split
    by picture is a fair test. The value is exact for one pixel and what became of it.

    Parameters
    ----------
    channel : (n,) greys 0..greys-1 -> (n,) outputs, each pixel on its own.
    """

    def draw(n: int, rng: np.random.Generator) -> Rows:
        count = -(-n // PIXELS_A_PICTURE)
        flat = dead_leaves(count, SIDE, rng).reshape(count, -1)
        chosen = rng.permuted(flat, axis=1)[:, :PIXELS_A_PICTURE].ravel()[:n]
        x = np.floor(greys * chosen).astype(np.int64)
        groups = np.repeat(np.arange(count), PIXELS_A_PICTURE)[:n]
        return Rows(x[:, None].astype(np.float64), channel(x, rng)[:, None], groups)

    stream = f"leaves-pixel-{greys}"
    return Task(name, title, mi_bits, (1, 1), draw, stream=stream, kind=kind, size=size)


def pixels_symmetric(greys: int, error: float) -> Task:
    """Each pixel shows another grey, any of them, with probability `error`."""

    def channel(x: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        wrong = (x + rng.integers(1, greys, x.shape)) % greys
        return np.where(rng.random(x.shape) < error, wrong, x).astype(np.float64)

    mi = table_bits(through(symmetric_channel(greys, error)))
    name = f"leaves-pixel-symmetric-{greys}-{error}"
    return pixels(name, f"Pixel, {error:.0%} wrong", mi, greys, channel, size=greys)


def pixels_erasure(greys: int, erased: float) -> Task:
    """Each pixel is lost, and seen to be lost (-1), with probability `erased`."""

    def channel(x: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        return np.where(rng.random(x.shape) < erased, -1, x).astype(np.float64)

    mi = table_bits(through(erasure_channel(greys, erased)))
    name = f"leaves-pixel-erasure-{greys}-{erased}"
    return pixels(name, f"Pixel, {erased:.0%} lost", mi, greys, channel, size=greys + 1)


def pixels_bitplanes(encrypted: int, depth: int = 8) -> Task:
    """The clear part of each pixel when its `encrypted` leading bits are encrypted.

    Of a uniform pixel it has exactly depth - encrypted bits; as a function of the pixel
    it is a sawtooth of 2^encrypted teeth.
    """
    left = depth - encrypted

    def channel(x: NDArray[np.int64], _: np.random.Generator) -> NDArray[np.float64]:
        return np.asarray(np.mod(x, 2**left), dtype=np.float64)

    name = f"leaves-pixel-bitplanes-{encrypted}"
    title = f"Pixel, {encrypted} planes hidden"
    return pixels(name, title, float(left), 2**depth, channel, size=2**left)


def pixels_gaussian(greys: int, sigma: float) -> Task:
    """Gaussian noise of standard deviation `sigma`, in steps of grey, on each pixel."""

    def channel(x: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        return x + sigma * rng.standard_normal(x.shape)

    name = f"leaves-pixel-gaussian-{greys}-{sigma}"
    title = f"Pixel, noise σ={sigma:g}"
    return pixels(name, title, levels_bits(greys, sigma), greys, channel, kind="mixed")


def levels_bits(count: int, sigma: float) -> float:
    r"""Equally likely levels 0..count-1 through Gaussian noise, in bits, by quadrature.

    .. math:: I(X;Y) = h(Y) - \tfrac12 \log_2 2\pi e\sigma^2
    """
    levels = np.arange(float(count))

    def surprise(y: float) -> float:
        scaled = -0.5 * np.square((y - levels) / sigma)
        log_density = np.logaddexp.reduce(scaled) - np.log(count * sigma * np.sqrt(2 * np.pi))
        return float(-np.exp(log_density) * log_density)

    edges = [-10 * sigma, *levels, levels[-1] + 10 * sigma]
    entropy = sum(quad(surprise, a, b, epsabs=1e-10)[0] for a, b in pairwise(edges))
    return bits(entropy - 0.5 * np.log(2 * np.pi * np.e * sigma**2))


def shared_bits(error: float) -> Task:
    """Two different dead-leaves pictures that share four noisy bits.

    A quadrant of a picture is shown as a positive or as a negative, so that its mean is
    above or below a half: one bit, a function of the picture, fair and independent of the
    shapes. The quadrants of y repeat the bits of x with probability 1 - error. As x - bits
    of x - bits of y - y is a Markov chain, whole pictures have exactly the information
    of the bits: 4 (1 - h(error)).
    """

    def draw(n: int, rng: np.random.Generator) -> Rows:
        bit = rng.random((n, 2, 2)) < 0.5
        flipped = bit ^ (rng.random(bit.shape) < error)
        x = _develop(dead_leaves(n, SIDE, rng), bit)
        return Rows(x, _develop(dead_leaves(n, SIDE, rng), flipped))

    mi = 4 * table_bits(through(symmetric_channel(2, error)))
    name = f"leaves-bits-{error}"
    dims = (SIDE * SIDE, SIDE * SIDE)
    return Task(name, "Pictures, 4 noisy bits", mi, dims, draw, stream=name, rows=5_000)


def quadrant_bits(pictures: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each quadrant of flat pictures (n, side * side) is bright: (n, 2, 2)."""
    half = SIDE // 2
    means = pictures.reshape(-1, 2, half, 2, half).mean(axis=(2, 4))
    bright: NDArray[np.bool_] = means > 0.5
    return bright


def _develop(pictures: NDArray[np.float64], bright: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Each quadrant as a positive or a negative, so that it is bright or not as asked."""
    flat = pictures.reshape(len(pictures), -1)
    negative = quadrant_bits(flat) ^ bright
    where = np.repeat(np.repeat(negative, SIDE // 2, axis=1), SIDE // 2, axis=2)
    return np.where(where.reshape(flat.shape), 1 - flat, flat)


def independent_patches(side: int = 8) -> Task:
    """Patches of two unrelated pictures, ten from each pair of pictures.

    Rows of a group are alike on both sides, and a critic that has seen some of them in
    training recognises the others; across pictures there is nothing to find.
    """
    span = 2 * SIDE

    def draw(n: int, rng: np.random.Generator) -> Rows:
        count = -(-n // PATCHES_A_PICTURE)
        pair = np.stack([dead_leaves(count, span, rng), dead_leaves(count, span, rng)])
        groups = np.repeat(np.arange(count), PATCHES_A_PICTURE)[:n]
        corner = rng.integers(0, span - side + 1, (2, n, 1, 1))
        steps = np.arange(side)
        rows, columns = corner[0] + steps[:, None], corner[1] + steps
        x, y = pair[:, groups[:, None, None], rows, columns].reshape(2, n, -1)
        return Rows(x, y, groups)

    name = "leaves-independent"
    dims = (side * side, side * side)
    return Task(name, "Independent patches", 0.0, dims, draw, stream=name, rows=5_000)


def texture(side: int, sigma: float) -> Task:
    r"""A Gaussian texture of photographic spectrum, and itself under white noise.

    Its power falls as the square of the frequency, mean pixel variance 1. On a torus the
    frequencies are independent, so the value is exact for whole pictures:

    .. math:: I(X;Y) = \tfrac12 \sum_f \log_2 (1 + S_f / \sigma^2)
    """
    power = _power(side)

    def draw(n: int, rng: np.random.Generator) -> Rows:
        white = np.fft.fft2(rng.standard_normal((n, side, side)))
        x = np.fft.ifft2(white * np.sqrt(power)).real.reshape(n, -1)
        return Rows(x, x + sigma * rng.standard_normal(x.shape))

    mi = bits(0.5 * float(np.log1p(power / sigma**2).sum()))
    name = f"texture-{side}-{sigma}"
    dims = (side * side, side * side)
    title = f"Texture {side}×{side}, σ={sigma:g}"
    return Task(name, title, mi, dims, draw, stream=name, rows=5_000)


def _power(side: int) -> NDArray[np.float64]:
    """Variance of each frequency, (side, side), mean 1."""
    frequency = np.fft.fftfreq(side)
    square = np.square(frequency)[:, None] + np.square(frequency)
    power = 1 / (square + 1 / side**2)
    scaled: NDArray[np.float64] = power / power.mean()
    return scaled
