"""Jointly Gaussian pairs.

References
----------
Cover and Thomas, "Elements of information theory", 2nd ed., example 8.5.1.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np

from ..task import Array, Problem, Rows, bits


def gaussian_bits(correlations: Sequence[float]) -> float:
    r"""Mutual information of canonical correlations.

    .. math:: I(X;Y) = -\tfrac12 \sum_i \log_2 (1 - \rho_i^2)
    """
    return bits(0.5 * float(-np.log1p(-np.square(correlations)).sum()) + 0.0)


def pairs(
    dims: tuple[int, int], correlations: Sequence[float] = (), *, hidden: bool = False
) -> Problem:
    """White Gaussians whose first coordinates are correlated in pairs.

    Parameters
    ----------
    dims : dx and dy, each at least the number of correlations.
    correlations : of (x_1, y_1), (x_2, y_2), ...; every other pair is independent.
    hidden : rotate x and y at random (the same rotation for every sample), so that no
        coordinate stands out and both covariances stay the identity.
    """
    rho = np.asarray(correlations, dtype=np.float64)
    k = len(rho)

    def draw(n: int, rng: np.random.Generator) -> Rows:
        x = rng.standard_normal((n, dims[0]))
        y = rng.standard_normal((n, dims[1]))
        y[:, :k] = rho * x[:, :k] + np.sqrt(1 - rho**2) * y[:, :k]
        if hidden:
            x, y = x @ _rotation(dims[0], 1), y @ _rotation(dims[1], 2)
        return Rows(x, y)

    return Problem(gaussian_bits(correlations), dims, draw)


def dense(d: int, rho: float = 0.5) -> Problem:
    r"""`d` by `d`, every two coordinates of correlation `rho`.

    Everything shared goes through the two sums, whose correlation is
    :math:`d\rho / (1 + (d-1)\rho)`.
    """

    def draw(n: int, rng: np.random.Generator) -> Rows:
        common = np.sqrt(rho) * rng.standard_normal((n, 1))
        own = np.sqrt(1 - rho) * rng.standard_normal((n, 2 * d))
        return Rows(common + own[:, :d], common + own[:, d:])

    return Problem(gaussian_bits([d * rho / (1 + (d - 1) * rho)]), (d, d), draw)


@cache
def _rotation(d: int, seed: int) -> Array:
    """A fixed orthogonal matrix, uniform over the orthogonal group."""
    square = np.random.default_rng([d, seed]).standard_normal((d, d))
    q, r = np.linalg.qr(square)
    return np.asarray(q * np.sign(np.diag(r)))
