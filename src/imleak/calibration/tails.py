"""Pairs that are not Gaussian: uniform noise and Student's t."""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, gammaln

from .gaussians import BENCHMARK
from .task import Rows, Task, bits


def additive_uniform(epsilon: float) -> Task:
    r"""X uniform on (0, 1), Y = X + N with N uniform on (-epsilon, epsilon).

    .. math:: I(X;Y) = \epsilon - \ln 2\epsilon \ (\epsilon \le \tfrac12), \quad
              1 / 4\epsilon \ \text{otherwise (nats)}
    """

    def draw(n: int, rng: np.random.Generator) -> Rows:
        x = rng.random((n, 1))
        return Rows(x, x + rng.uniform(-epsilon, epsilon, (n, 1)))

    nats = epsilon - np.log(2 * epsilon) if epsilon <= 0.5 else 0.25 / epsilon
    name = f"1v1-additive-{epsilon}"
    title = f"Uniform noise {epsilon}"
    return Task(name, title, bits(nats), (1, 1), draw, stream=name, reference=BENCHMARK)


def student(d: int, freedom: int) -> Task:
    r"""Multivariate t of identity dispersion, split in two halves of `d` coordinates.

    The coordinates are uncorrelated; what x and y share is the scale, so that
    I(X; Y) = 2 h(d) - h(2d) with the entropy of :func:`student_entropy`.

    References
    ----------
    Arellano-Valle, Contreras-Reyes and Genton, "Shannon entropy and mutual information
    for multivariate skew-elliptical distributions", Scand. J. Stat. 40, 2013.
    """

    def draw(n: int, rng: np.random.Generator) -> Rows:
        normal = rng.standard_normal((n, 2 * d))
        t = normal / np.sqrt(rng.chisquare(freedom, (n, 1)) / freedom)
        return Rows(t[:, :d], t[:, d:])

    nats = 2 * student_entropy(d, freedom) - student_entropy(2 * d, freedom)
    name = f"student-identity-{d}-{d}-{freedom}"
    title = f"Student {d}×{d}, ν={freedom}"
    return Task(name, title, bits(nats), (d, d), draw, stream=name, reference=BENCHMARK)


def student_entropy(d: int, freedom: float) -> float:
    """Differential entropy, in nats, of a `d`-dimensional t of identity dispersion."""
    half = 0.5 * (freedom + d)
    return float(
        gammaln(freedom / 2)
        - gammaln(half)
        + 0.5 * d * np.log(np.pi * freedom)
        + half * (digamma(half) - digamma(freedom / 2))
    )


def independent_student(d: int, freedom: int, rows: int = 5_000) -> Task:
    """Two independent multivariate t: extreme rows, and nothing to find."""

    def draw(n: int, rng: np.random.Generator) -> Rows:
        normal = rng.standard_normal((2, n, d))
        x, y = normal / np.sqrt(rng.chisquare(freedom, (2, n, 1)) / freedom)
        return Rows(x, y)

    name = f"independent-student-{d}-{freedom}"
    title = f"Independent student {d}×{d}"
    return Task(name, title, 0.0, (d, d), draw, stream=name, rows=rows)
