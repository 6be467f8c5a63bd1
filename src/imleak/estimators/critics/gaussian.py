"""The Gaussian log-ratio of canonical variates as an InfoNCE critic, and its strength."""

import numpy as np
from scipy.optimize import isotonic_regression

from ..bounds import infonce
from ..heldout.evidence import Array
from ..heldout.split import Indices
from ..samples.columns import gaussian_ranks

KEPT = (1, 4, 16, 64, 256, 1024)
TEMPERS = (0.2, 0.35, 0.5, 0.7, 1.0)
NEAR_ONE = 1 - 1e-6
STRONGEST = 0.97
FEWEST = 4
"""Images of which both halves have two: one alone agrees with anything."""


def correlations(u: Array, v: Array) -> Array:
    """(k,) correlation of columns made Gaussian by rank."""
    a, b = gaussian_ranks(u), gaussian_ranks(v)
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = (a * b).mean(0) / np.sqrt((a * a).mean(0) * (b * b).mean(0))
    return np.asarray(np.nan_to_num(rho).clip(-NEAR_ONE, NEAR_ONE))


def falling(shown: Array) -> Array:
    """(k,) nearest correlations to those shown that fall from variate to variate and are not
    negative: what many weak ones have in common is told from what chance made of each."""
    return np.maximum(isotonic_regression(shown, increasing=False).x, 0.0)


def expected_log_ratio(correlation: Array, shown: Array) -> float:
    r"""Mean of :func:`gaussian_log_ratio` where other correlations are shown than it assumes.

    .. math:: \sum_k \frac{\rho_k (r_k - \rho_k)}{1-\rho_k^2} - \tfrac12\log(1-\rho_k^2)

    Parameters
    ----------
    correlation, shown : (k,) assumed, from 0 on, and shown.
    """
    rho = np.clip(correlation, 0, STRONGEST)
    nats = rho * (shown - rho) / (1 - rho**2) - 0.5 * np.log1p(-(rho**2))
    return float(nats.sum())


def strength(
    u: Array, v: Array, shown: Array, half: Indices, groups: Indices
) -> tuple[int, float, float]:
    """How many variates, and at which strength, make the best Gaussian critic, and its cautious
    value in nats; strength and value are 0 where images are too few to judge it.

    Parameters
    ----------
    u, v : (m, k) variates of validation rows.
    shown : (2, k) their correlations in either half.
    half, groups : (m,) half and image of a row.
    """
    if len(np.unique(groups)) < FEWEST:
        return 1, 0.0, 0.0
    u, v = gaussian_ranks(u), gaussian_ranks(v)
    best = (0.0, 1, 0.0)
    for kept in sorted({min(k, shown.shape[1]) for k in KEPT}):
        scores = crossed_log_ratio(u[:, :kept], v[:, :kept], shown[:, :kept], half)
        for temper in TEMPERS:
            value = cautious_mean(infonce_rows(temper * scores, groups), groups)
            if value > best[0]:
                best = (value, kept, temper)
    return best[1], best[2], best[0]


def crossed_log_ratio(u: Array, v: Array, shown: Array, half: Indices) -> Array:
    """(m, m) log-ratio of all pairs; a row under the correlations of the other half."""
    scores = np.empty((len(v), len(u)), np.float32)
    for side in (0, 1):
        scores[half == side] = gaussian_log_ratio(u, v[half == side], shown[1 - side])
    return scores


def cautious_mean(rows: Array, groups: Indices) -> float:
    """Mean of rows less its standard error over images: a choice among many on few images
    otherwise falls on what is lucky there."""
    inverse = np.unique(groups, return_inverse=True)[1]
    images = np.bincount(inverse, rows) / np.bincount(inverse)
    return float(rows.mean() - images.std() / np.sqrt(len(images)))


def gaussian_log_ratio(u: Array, v: Array, correlation: Array) -> Array:
    r"""Log-ratio of the bivariate Gaussian to its marginals, summed over variates.

    .. math:: \sum_k \frac{2\rho_k u_k v_k - \rho_k^2 (u_k^2 + v_k^2)}{2 (1-\rho_k^2)}
              - \tfrac12\log(1-\rho_k^2)

    Parameters
    ----------
    u, v : (m, k) variates.
    correlation : (k,)

    Returns
    -------
    (m, m) of all pairs; row i is v_i, column j is u_j.
    """
    rho = np.clip(correlation, 0, STRONGEST).astype(np.float32)
    factor = 1 / (1 - rho**2)
    of_u = -0.5 * (rho**2 * factor * u**2).sum(1)
    of_v = -0.5 * (rho**2 * factor * v**2 + np.log1p(-(rho**2))).sum(1)
    return np.asarray((v * (rho * factor)) @ u.T + of_u + of_v[:, None])


def infonce_rows(scores: Array, groups: Indices) -> Array:
    """:func:`infonce` (m,) of every row of scores (m, m) against the other images; the rows of
    an image enter as their mean of exp."""
    names, own, count = np.unique(groups, return_inverse=True, return_counts=True)
    positive, others = scores.diagonal(), scores.copy()
    if len(names) == len(own):
        np.fill_diagonal(others, -np.inf)
    else:
        others[own[:, None] == own] = -np.inf
    top = np.maximum(others.max(1), positive)
    total = np.exp(positive - top)
    others -= top[:, None]
    total += np.exp(others, out=others) @ (1 / count[own]).astype(scores.dtype)
    return infonce((positive - top).astype(np.float64), np.log(total), np.log(len(names)))
