"""Leaks of known size planted in a user's own samples: what could have been seen."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from ...interfaces import LARGEST_PLANTED, PairedSamples
from ..samples.columns import gaussian_ranks, standardise
from .split import derange

REPEATS = 10
POWER = 0.8
ROUNDS = 6
SMALLEST, LARGEST = 0.005, LARGEST_PLANTED
"""Bits of the leaks between which it is looked for."""


def plant(samples: PairedSamples, level: int, bits: float, seed: int) -> PairedSamples:
    r"""Plantings of a leak in the views of one level, whose only dependence it is.

    Pairs are broken across images; then the scores of y in its first principal direction are
    exchanged for Gaussian-copula partners, of correlation rho, of those of x. Their marginal
    is kept by rank, so nothing but the dependence is new, and it adds
    :math:`-\tfrac12\log_2(1-\rho^2)` bits a row.

    Parameters
    ----------
    samples : at all levels.
    level : index of the level whose views are used.
    bits : size of the leak.

    Returns
    -------
    Samples with :data:`REPEATS` plantings as levels, each with its own broken pairs, in
    standardised columns. No direction that was learned elsewhere is one of theirs.
    """
    rng = np.random.default_rng([seed, 0x706C616E])
    rho = np.sqrt(1 - 2 ** (-2 * bits))
    rows = np.arange(len(samples.x))
    target, view = (
        standardise(side, rows, one_unit=samples.one_unit) for side in (samples.x, samples.y[level])
    )
    known = gaussian_ranks(target @ _first_direction(target), np.float64)
    basis = _first_direction(view)
    planted = []
    for _ in range(REPEATS):
        y = view[derange(samples.groups, rng)].astype(np.float64)
        before = y @ basis
        partner = rho * known + np.sqrt(1 - rho**2) * rng.standard_normal(known.shape)
        order = rankdata(partner, axis=0, method="ordinal") - 1
        after = np.take_along_axis(np.sort(before, axis=0), order, axis=0)
        planted.append(y + (after - before) @ basis.T)
    return replace(samples, y=np.stack(planted).astype(np.float32), sizes=None, directions=None)


def smallest_detectable(
    samples: PairedSamples,
    level: int,
    is_found: Callable[[PairedSamples], NDArray[np.bool_]],
    seed: int,
) -> float:
    """The smallest planted leak, in bits, found in 80 % of the plantings.

    Bisection on a logarithmic scale; the plantings of one size are tested as one batch.

    Parameters
    ----------
    is_found : samples with a planting a level -> (levels,) found or not.

    Returns
    -------
    Infinity if not even the largest leak tried is found.
    """

    def power(bits: float) -> float:
        return float(np.mean(is_found(plant(samples, level, bits, seed))))

    low, high = SMALLEST, LARGEST
    if power(high) < POWER:
        return math.inf
    for _ in range(ROUNDS):
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if power(middle) >= POWER else (middle, high)
    return high


def _first_direction(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    """(d, 1) first principal direction of standardised columns."""
    return np.asarray(np.linalg.eigh(rows.T @ rows)[1][:, -1:], float)
