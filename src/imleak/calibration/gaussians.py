"""Jointly Gaussian pairs: I(X; Y) = -1/2 sum log2(1 - rho_i^2) over canonical correlations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .task import Rows, Task, bits

BENCHMARK = (
    "Czyż et al., Beyond Normal: On the Evaluation of Mutual Information Estimators, NeurIPS 2023"
)


def gaussian_bits(correlations: Sequence[float]) -> float:
    r"""Mutual information of canonical correlations.

    .. math:: I(X;Y) = -\tfrac12 \sum_i \log_2 (1 - \rho_i^2)

    References
    ----------
    Cover and Thomas, "Elements of information theory", 2nd ed., example 8.5.1.
    """
    return bits(0.5 * float(-np.log1p(-np.square(correlations)).sum()) + 0.0)


def pairs(
    name: str,
    title: str,
    dims: tuple[int, int],
    correlations: Sequence[float],
    *,
    hidden: bool = False,
    rows: int = 10_000,
    reference: str = "",
) -> Task:
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

    mi = gaussian_bits(correlations)
    return Task(name, title, mi, dims, draw, stream=name, rows=rows, reference=reference)


def normal_1v1(rho: float) -> Task:
    """Two scalar Gaussians of correlation `rho`."""
    return pairs(f"1v1-normal-{rho}", "Normal 1×1", (1, 1), [rho], reference=BENCHMARK)


def normal_sparse(d: int, interacting: int = 2, strength: float = 2.0, rows: int = 10_000) -> Task:
    """`d` by `d`, of which the first `interacting` pairs share a latent variable.

    Each shared latent has standard deviation `strength` beside noise of 1, which makes
    the correlation strength^2 / (1 + strength^2).
    """
    rho = strength**2 / (1 + strength**2)
    return pairs(
        f"multinormal-sparse-{d}-{d}-{interacting}-{strength}",
        f"Sparse {d}×{d}",
        (d, d),
        [rho] * interacting,
        rows=rows,
        reference=BENCHMARK,
    )


def normal_dense(d: int, rho: float = 0.5, rows: int = 10_000) -> Task:
    r"""`d` by `d`, every two coordinates of correlation `rho`.

    Everything shared goes through the two sums, whose correlation is
    :math:`d\rho / (1 + (d-1)\rho)`.
    """

    def draw(n: int, rng: np.random.Generator) -> Rows:
        common = np.sqrt(rho) * rng.standard_normal((n, 1))
        own = np.sqrt(1 - rho) * rng.standard_normal((n, 2 * d))
        return Rows(common + own[:, :d], common + own[:, d:])

    name = f"multinormal-dense-{d}-{d}-{rho}"
    mi = gaussian_bits([d * rho / (1 + (d - 1) * rho)])
    title = f"Dense {d}×{d}"
    return Task(name, title, mi, (d, d), draw, stream=name, rows=rows, reference=BENCHMARK)


def normal_all(d: int, rho: float, rows: int = 10_000) -> Task:
    """`d` by `d`, every coordinate of x correlated with its own of y."""
    return pairs(f"gaussian-{d}-{rho}", f"Normal {d}×{d}, ρ={rho}", (d, d), [rho] * d, rows=rows)


def latents(d: int, count: int, rho: float, rows: int = 5_000) -> Task:
    """`count` latents of correlation `rho` hidden in isotropic `d`-dimensional data."""
    return pairs(
        f"latents-{d}-{count}-{rho}",
        f"{count} latents in {d}×{d}",
        (d, d),
        [rho] * count,
        hidden=True,
        rows=rows,
    )


def independent_normal(d: int, rows: int = 5_000) -> Task:
    """White Gaussians with nothing in common."""
    return pairs(f"independent-{d}", f"Independent {d}×{d}", (d, d), [], rows=rows)


@cache
def _rotation(d: int, seed: int) -> NDArray[np.float64]:
    """A fixed orthogonal matrix, uniform over the orthogonal group."""
    square = np.random.default_rng([d, seed]).standard_normal((d, d))
    q, r = np.linalg.qr(square)
    rotation: NDArray[np.float64] = q * np.sign(np.diag(r))
    return rotation
