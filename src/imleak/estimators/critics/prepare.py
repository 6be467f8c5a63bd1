"""Coordinates critics can learn in, fitted on training rows only.

Every map here is applied to one side at a time, so it can lose information and never
make any: a bound computed after it is still a bound.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import eigh
from sklearn.utils.extmath import randomized_svd

from ..heldout.evidence import SplitSamples
from ..heldout.split import NO_ROWS, Indices, Split
from ..samples.columns import (
    Matrix,
    in_order,
    normal_scores,
    standardise,
    varying,
)
from .training import Cohort

FEW = 64
"""Up to so many dimensions every one is made Gaussian by rank; above, they are reduced."""

ROUNDING = 1e-6
"""Share of the largest variance that single precision makes of none."""


def principal(rows: Matrix, train: NDArray[np.int64], count: int, seed: int) -> Matrix:
    """The `count` principal components of the training rows, scaled together so that the
    mean square of a row is its length: directions keep their relative strength.

    Parameters
    ----------
    rows : (n, d) of columns on one scale, see :func:`standardise`.
    """
    known = rows[train]
    if count < rows.shape[1]:
        few = count <= len(known) < rows.shape[1]
        directions = _of_few(known, count) if few else _of_many(known, count, seed)
        rows = rows @ directions
    size = np.sqrt(np.mean(rows[train] ** 2))
    return np.asarray(rows / max(size, 1e-30), dtype=np.float32)


def _of_few(known: Matrix, count: int) -> Matrix:
    """(d, count) principal directions of fewer rows (n, d) than columns: from the products of
    rows with each other. Where rows do not vary beyond rounding there is none: it is 0."""
    variance, basis = (side[..., : -count - 1 : -1] for side in eigh(known @ known.T, driver="evd"))
    lengths = np.sqrt(np.where(variance > ROUNDING * variance[0], variance, np.inf))
    directions = known.T @ (basis / lengths)
    strongest = np.take_along_axis(directions, np.abs(directions).argmax(0)[None], 0)
    return np.asarray(directions * np.sign(strongest), dtype=np.float32)


def _of_many(known: Matrix, count: int, seed: int) -> Matrix:
    """(d, count) principal directions of rows (n, d), nearly."""
    covariance = known.T @ known / len(known)
    directions: Matrix = randomized_svd(covariance, count, n_iter=4, random_state=seed)[0]
    return directions


def by_collection(
    normalise: Callable[[Matrix, Indices], Matrix], rows: Matrix, train: Indices, public: Indices
) -> Matrix:
    """Rows that are normalised by the training rows, but public ones by public ones alone: what
    carries over from other images is how the two sides depend on each other, and not their means
    and units.

    Parameters
    ----------
    normalise : of rows (n, d) and the positions of those that are known.
    public : positions of the public rows, the last of `train`.
    """
    if not len(public):
        return normalise(rows, train)
    out = normalise(rows, train[: -len(public)])
    out[public] = normalise(rows[public], np.arange(len(public)))
    return out


def reduce(
    rows: Matrix,
    train: Indices,
    count: int | None,
    seed: int,
    public: Indices = NO_ROWS,
    *,
    one_unit: bool = False,
) -> Matrix:
    """Normal scores of few dimensions, many standardised; or principal components of these.

    Parameters
    ----------
    rows : (n, d).
    train : positions of the training rows.
    count : components to keep; None keeps all.
    public : positions of those training rows that are public.
    one_unit : whether columns are standardised together, and keep their relative strength.
    """
    few = rows.shape[1] <= FEW
    scaled = normal_scores if few else partial(standardise, one_unit=one_unit)
    rows = in_order(by_collection(scaled, rows, train, public), train)
    if count is None or count >= rows.shape[1]:
        return rows
    return principal(rows, train, count, seed)


def cohort_of(
    given: SplitSamples, x_components: int | None, y_components: int | None, device: str
) -> Cohort:
    """Both sides reduced on the training rows of every split."""
    samples, splits = given.samples, given.splits
    of_x, of_y = varying(samples.x), varying(samples.y)

    def reduced(rows: Matrix, split: Split, count: int | None) -> Matrix:
        one_unit = samples.one_unit
        return reduce(rows, split.train, count, split.seed, split.public, one_unit=one_unit)

    x = np.stack([reduced(samples.x[:, of_x], s, x_components) for s in splits])
    y = np.stack([
        [reduced(level[:, of_y], s, y_components) for level in samples.y] for s in splits
    ])  # fmt: skip
    tx, ty = (torch.from_numpy(side).to(device) for side in (x, y))
    return Cohort(splits, tx, ty, samples.groups, given.pairings)
