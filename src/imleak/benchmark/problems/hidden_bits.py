"""Two different images that share nothing but four noisy bits."""

import numpy as np
from numpy.typing import NDArray

from ..task import Array, Problem, Rows
from .dead_leaves import dead_leaves
from .discrete import symmetric_channel, table_bits

SIDE = 16


def hidden_bits(error: float) -> Problem:
    """Four bits in the quadrants of dead-leaves images.

    A quadrant of an image is shown as a positive or as a negative, so that its mean is
    above or below a half: one bit, a function of the image, fair and independent of the
    shapes. The quadrants of y repeat the bits of x with probability 1 - error. As x - bits
    of x - bits of y - y is a Markov chain, whole images have exactly the information
    of the bits: 4 (1 - h(error)).
    """

    def draw(n: int, rng: np.random.Generator) -> Rows:
        bright = rng.random((n, 2, 2)) < 0.5
        flipped = bright ^ (rng.random(bright.shape) < error)
        x = _show(dead_leaves(n, SIDE, rng), bright)
        return Rows(x, _show(dead_leaves(n, SIDE, rng), flipped))

    return Problem(4 * table_bits(symmetric_channel(2, error)), (SIDE**2, SIDE**2), draw)


def quadrant_bits(images: Array) -> NDArray[np.bool_]:
    """Whether each quadrant of flat images (n, side * side) is bright: (n, 2, 2)."""
    half = SIDE // 2
    return np.asarray(images.reshape(-1, 2, half, 2, half).mean(axis=(2, 4)) > 0.5)


def _show(images: Array, bright: NDArray[np.bool_]) -> Array:
    """Each quadrant as a positive or a negative, so that it is bright or not as asked."""
    flat = images.reshape(len(images), -1)
    negative = quadrant_bits(flat) ^ bright
    where = np.repeat(np.repeat(negative, SIDE // 2, axis=1), SIDE // 2, axis=2)
    return np.where(where.reshape(flat.shape), 1 - flat, flat)
