"""Columns of one origin, unit, order and law: information depends on none of these.

Centred before anything is cast: 1.7e9 + t keeps t in single precision only afterwards.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...interfaces import PairedSamples

Matrix = NDArray[np.float32]

LARGEST = 1e30
"""Beyond so many typical deviations a value is cut: its square is finite in double precision."""
MOST_BITS = 1000
"""Bits of an integer that is to become a floating-point number."""
COMPARED = 64
"""Rows by which columns are put in order, unless two are alike in these."""


def on_one_scale(values: NDArray[Any], *, one_unit: bool = False) -> NDArray[np.float32]:
    """Columns less their median, over their typical deviation from it; a constant is 0.

    The median, because what is near it keeps most digits in single precision, however far
    away other values are.

    Parameters
    ----------
    values : (..., n, d) integers or floating-point numbers, all finite.
    one_unit : whether all columns of (n, d) are divided by the same.
    """
    out = np.empty(values.shape, dtype=np.float32)
    for at in np.ndindex(*values.shape[:-2]):
        rows = centred(values[at], one_unit=one_unit)
        rows /= typical_deviation(rows.reshape(-1, 1) if one_unit else rows)
        out[at] = np.clip(rows, -LARGEST, LARGEST)
    return out


def centred(rows: NDArray[Any], *, one_unit: bool = False) -> NDArray[np.float64]:
    """Columns less their median, each times a power of two where it is not of integers; all times
    the same if they have one unit.

    Parameters
    ----------
    rows : (n, ...) integers, whose differences are exact, or floating-point numbers.
    """
    middle = len(rows) // 2
    if rows.dtype.kind == "f":
        rows = np.asarray(rows, np.result_type(rows.dtype, np.float64))
        # No difference of these overflows, and none is lost in subnormal numbers.
        largest = np.abs(rows).max(None if one_unit else 0)
        rows = np.ldexp(rows, -np.frexp(largest)[1])
        return np.asarray(rows - np.partition(rows, middle, axis=0)[middle], dtype=np.float64)
    rows = rows.astype(np.uint64 if rows.dtype.kind == "u" else np.int64)
    median = np.partition(rows, middle, axis=0)[middle]
    above = rows >= median
    # Modulo 2^64 the larger less the smaller is right, whatever their type.
    gap = np.where(above, rows - median, median - rows).view(np.uint64).astype(np.float64)
    return np.asarray(np.where(above, gap, -gap))


def centred_integers(column: Sequence[int]) -> NDArray[np.float64]:
    """The same of integers of Python, of any size."""
    if not column:
        return np.empty(0)
    median = sorted(column)[len(column) // 2]
    gaps = [value - median for value in column]
    spare = max(0, max(abs(gap).bit_length() for gap in gaps) - MOST_BITS)
    return np.array([float(gap >> spare) for gap in gaps])


def typical_deviation(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """(d,) median of what is not 0 of each |column|; infinite where all is 0."""
    size = np.sort(np.abs(rows), axis=0)
    zeros = (size == 0).sum(0)
    middle = np.minimum((zeros + len(rows)) // 2, len(rows) - 1)
    found = np.take_along_axis(size, middle[np.newaxis], 0)[0]
    return np.where(found > 0, found, np.inf)


def varying(rows: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(d,) which columns of (n, d), or of (L, n, d) at any level, are no constants; the
    first where all are."""
    levels = rows if rows.ndim == 3 else rows[np.newaxis]
    found = np.any([np.any(level != level[:1], axis=0) for level in levels], axis=0)
    return np.asarray(found if found.any() else np.arange(len(found)) == 0)


def without_constants(samples: PairedSamples) -> PairedSamples:
    """The same without columns that are constant at every level."""
    x, y = varying(samples.x), varying(samples.y)
    return replace(samples, x=samples.x[:, x], y=samples.y[..., y])


def in_order(rows: NDArray[np.float32], known: NDArray[np.int64]) -> NDArray[np.float32]:
    """The columns in an order that does not depend on the order they came in.

    A network gives every column first weights of its own, so that another order would be
    another network.

    Parameters
    ----------
    rows : (n, d).
    known : positions of the rows that may be looked at.
    """
    for compared in (known[:COMPARED], known):
        order = np.lexsort(rows[compared][::-1])
        first = rows[compared][:, order]
        if np.all(np.any(np.diff(first, axis=1), axis=0)):  # no two are alike
            break
    return rows[:, order]


def units(known: Matrix, *, one_unit: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(d,) means and units of columns (n, d): each in its own standard deviation, or all in one,
    which makes their mean variance 1 and keeps their relative strength. The unit of a constant
    column is infinite."""
    mean, scale = known.mean(0, dtype=np.float64), known.std(0, dtype=np.float64)
    varies = scale > 1e-6 * np.abs(mean)
    if one_unit and varies.any():
        scale = np.full_like(scale, np.sqrt(np.mean(scale[varies] ** 2)))
    return mean, np.where(varies, scale, np.inf)


def standardise(rows: Matrix, train: NDArray[np.int64], *, one_unit: bool = False) -> Matrix:
    """Zero mean and unit variance on the training rows, or a mean variance of 1, see
    :func:`units`; a constant column becomes 0."""
    mean, unit = units(rows[train], one_unit=one_unit)
    return np.asarray((rows - mean) / unit, dtype=np.float32)


def normal_scores(rows: Matrix, train: NDArray[np.int64]) -> Matrix:
    """Each column through its training ranks to a standard Gaussian.

    Mutual information does not change under a monotone map of a column; heavy tails and
    odd units do not reach the critic. A column with ties keeps them; a constant one
    becomes 0.
    """
    from scipy.special import ndtri

    out = np.empty_like(rows, dtype=np.float32)
    for j, column in enumerate(rows.T):
        known = np.sort(column[train])
        below = np.searchsorted(known, column, "left")
        upto = np.searchsorted(known, column, "right")
        out[:, j] = ndtri((below + upto + 1) / (2 * len(known) + 2))
    return out


def gaussian_ranks(
    columns: NDArray[np.floating], dtype: type[np.floating] = np.float32
) -> NDArray[np.floating]:
    """Each column through its own ranks to a standard Gaussian; ties share a rank."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    return np.asarray(ndtri((rankdata(columns, axis=0) - 0.5) / len(columns)), dtype=dtype)
