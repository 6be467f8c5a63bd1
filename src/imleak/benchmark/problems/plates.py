"""Images of one Gaussian plate each, whose places and widths depend on each other.

References
----------
Butakov et al., "Information bottleneck analysis of deep neural networks via lossy compression",
ICLR 2024.
"""

import numpy as np
from scipy.special import ndtr

from ..task import Array, Problem, Rows, bits

PARAMETERS = 4
"""Row and column of the centre, and the widths down and across."""
LEAST = np.array([0.25, 0.25, 0.1, 0.1])
MOST = np.array([0.75, 0.75, 0.3, 0.3])
"""Of each, in sides of the image."""


def plates(side: int, total: float) -> Problem:
    r"""Plates whose four parameters are normal scores of correlation rho, made uniform.

    .. math:: X_{uv} = \exp\left(-\frac{(u - a)^2}{2 s^2} - \frac{(v - b)^2}{2 t^2}\right)

    The logarithm of a plate is a quadratic that tells a, b, s and t, so that images have the
    information of the scores, -2 log2(1 - rho^2).

    Parameters
    ----------
    side : of the images, in pixels, at least 3.
    total : bits that two plates share.
    """
    rho = np.sqrt(1 - 2 ** (-2 * total / PARAMETERS))

    def draw(n: int, rng: np.random.Generator) -> Rows:
        x, noise = rng.standard_normal((2, n, PARAMETERS))
        y = rho * x + np.sqrt(1 - rho**2) * noise
        return Rows(_plate(x, side), _plate(y, side))

    mi = bits(-0.5 * PARAMETERS * float(np.log1p(-(rho**2))))
    return Problem(mi, (side**2, side**2), draw)


def _plate(scores: Array, side: int) -> Array:
    """Flat images (n, side * side) of normal scores (n, 4)."""
    parameters = LEAST + (MOST - LEAST) * ndtr(scores)
    place = (np.arange(side) + 0.5) / side
    apart = (place - parameters[:, :2, None]) / parameters[:, 2:, None]
    down, across = np.exp(-0.5 * np.square(apart)).transpose(1, 0, 2)
    return np.asarray((down[:, :, None] * across[:, None, :]).reshape(len(scores), -1))
