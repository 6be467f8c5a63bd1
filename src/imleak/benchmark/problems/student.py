"""Multivariate Student's t of identity dispersion: extreme rows.

References
----------
Arellano-Valle, Contreras-Reyes and Genton, "Shannon entropy and mutual information for
multivariate skew-elliptical distributions", Scand. J. Stat. 40, 2013.
"""

import numpy as np
from scipy.stats import multivariate_t

from ..task import Problem, Rows, bits


def student(d: int, freedom: int) -> Problem:
    """The two halves of 2d coordinates.

    They are uncorrelated; what x and y share is the scale: I(X; Y) = 2 h(d) - h(2d).
    """

    def draw(n: int, rng: np.random.Generator) -> Rows:
        normal = rng.standard_normal((n, 2 * d))
        t = normal / np.sqrt(rng.chisquare(freedom, (n, 1)) / freedom)
        return Rows(t[:, :d], t[:, d:])

    half, whole = (float(multivariate_t(shape=np.eye(k), df=freedom).entropy()) for k in (d, 2 * d))
    return Problem(bits(2 * half - whole), (d, d), draw)


def independent_student(d: int, freedom: int) -> Problem:
    """Two of them that share no scale, and so nothing."""

    def draw(n: int, rng: np.random.Generator) -> Rows:
        normal = rng.standard_normal((2, n, d))
        x, y = normal / np.sqrt(rng.chisquare(freedom, (2, n, 1)) / freedom)
        return Rows(x, y)

    return Problem(0.0, (d, d), draw)
