"""The ratio of a joint law to the product of its marginals, on a table: an optional Pólya tree."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from ..heldout.evidence import Array
from ..heldout.split import Indices

STOP = 0.5
"""Probability that a rectangle is not cut further: that within it the two sides are independent."""
STRENGTH = 1.0
"""Rows that the share of a half is worth beforehand; the share is that of the product."""
LEAST = 1e-9
"""Share of a half in which the product has no mass."""


@dataclass(frozen=True, eq=False)
class _Rectangles:
    """All rectangles (r, s) of one resolution.

    Parameters
    ----------
    count, mass : (r, s) rows in each, and the share of the product.
    evidence : (r, s) log-likelihood of the rows within each, over that of the product.
    ratio : (finest x, finest y) density ratio within the rectangle that a cell is of.
    """

    count: Array
    mass: Array
    evidence: Array
    ratio: Array


def halvings(size: int, spread: float, rng: np.random.Generator) -> list[Indices]:
    """Boundaries between `size` bins: (2,) of the whole, then (3,), (5,), ... until most bins
    stand alone.

    Parameters
    ----------
    spread : of the place of a cut, 0 in the middle and 1 anywhere.
    """
    cuts = [np.array([0, size])]
    for _ in range(int(np.ceil(np.log2(size)))):
        low, high = cuts[-1][:-1], cuts[-1][1:]
        share = 0.5 + spread * (rng.random(len(low)) - 0.5)
        middle = np.rint(low + share * (high - low)).astype(np.int64)
        middle = np.where(high - low > 1, np.clip(middle, low + 1, high - 1), high)
        finer = np.empty(2 * len(low) + 1, np.int64)
        finer[:-1:2], finer[1::2], finer[-1] = low, middle, size
        cuts.append(finer)
    return cuts


def density_ratio(
    counts: Array, product: Array, x_cuts: Sequence[Indices], y_cuts: Sequence[Indices]
) -> tuple[Array, float]:
    """Posterior mean of the density ratio of every cell of a table, and the posterior probability
    that it is 1 everywhere.

    A rectangle is either left whole, with rows spread in it as the product has them, or cut in
    two, by x or by y, and each half is a rectangle again. All ways to cut are averaged, each by
    its posterior probability: fine where rows show an edge, coarse where they do not.

    Parameters
    ----------
    counts : (nx, ny) rows in every cell.
    product : (nx, ny) its share under independence.
    x_cuts, y_cuts : nested boundaries, see :func:`halvings`.

    References
    ----------
    Wong and Ma, "Optional Pólya tree and Bayesian inference", Annals of Statistics 38(3), 2010.
    """
    summed = _summed(counts), _summed(product)
    deepest = len(x_cuts) - 1, len(y_cuts) - 1
    finest = 2 ** deepest[0], 2 ** deepest[1]
    below: list[_Rectangles] = []
    for a in range(deepest[0], -1, -1):
        row: list[_Rectangles] = []
        for b in range(deepest[1], -1, -1):
            count, mass = (_within(side, x_cuts[a], y_cuts[b]) for side in summed)
            halves = [(0, below[len(row)])] if below else []
            halves += [(1, row[-1])] if row else []
            row.append(_averaged(count, mass, halves, finest))
        below = row
    root = below[-1]
    of_x, of_y = (np.repeat(np.arange(len(c) - 1), np.diff(c)) for c in (x_cuts[-1], y_cuts[-1]))
    cells = np.ix_(of_x, of_y)
    return root.ratio[cells], STOP * float(np.exp(-root.evidence[0, 0]))


def _averaged(
    count: Array, mass: Array, halves: list[tuple[int, _Rectangles]], finest: tuple[int, int]
) -> _Rectangles:
    """Rectangles left whole or cut, along each axis, into halves that are known."""
    if not halves:
        return _Rectangles(count, mass, np.zeros(count.shape), np.ones(finest))
    logs = [np.full(count.shape, np.log(STOP))]
    shown = []
    for axis, half in halves:
        both = np.repeat(mass, 2, axis)
        share = np.where(both > 0, half.mass / np.where(both > 0, both, 1.0), 0.5)
        share = np.clip(share, LEAST, None)
        logs.append(_evidence(axis, count, half, share) + np.log((1 - STOP) / len(halves)))
        rows = half.count + STRENGTH * share
        shown.append(rows / (np.repeat(count, 2, axis) + STRENGTH) / share)
    stacked = np.stack(logs)
    top = stacked.max(0)
    weights = np.exp(stacked - top)
    total = weights.sum(0)
    weights /= total
    ratio = _scaled(np.ones(finest), weights[0])
    for (axis, half), weight, times in zip(halves, weights[1:], shown, strict=True):
        ratio += _scaled(half.ratio, np.repeat(weight, 2, axis) * times)
    return _Rectangles(count, mass, top + np.log(total), ratio)


def _evidence(axis: int, count: Array, half: _Rectangles, share: Array) -> Array:
    """(r, s) evidence of a cut of rectangles of so many rows, whose halves have a share each."""
    ends = [(slice(None),) * axis + (slice(end, None, 2),) for end in (0, 1)]
    total = half.evidence[ends[0]] + half.evidence[ends[1]]
    several = count > 1  # of one row alone a cut says nothing
    for end in ends:
        rows, own = half.count[end][several], share[end][several]
        before = STRENGTH * own
        total[several] += gammaln(rows + before) - gammaln(before) - rows * np.log(own)
    total[several] += gammaln(STRENGTH) - gammaln(count[several] + STRENGTH)
    return total


def _scaled(cells: Array, factors: Array) -> Array:
    """Cells (x, y) times the factor (r, s) of the rectangle they are of."""
    r, s = factors.shape
    blocks = cells.reshape(r, len(cells) // r, s, -1)
    return np.asarray((blocks * factors[:, None, :, None]).reshape(cells.shape))


def _summed(cells: Array) -> Array:
    """(nx + 1, ny + 1) sums of all cells before."""
    return np.pad(cells.cumsum(0).cumsum(1), ((1, 0), (1, 0)))


def _within(summed: Array, x_cuts: Indices, y_cuts: Indices) -> Array:
    """Sums of the rectangles between cuts."""
    found = np.diff(np.diff(summed[np.ix_(x_cuts, y_cuts)], axis=0), axis=1)
    return np.maximum(found, 0.0)
