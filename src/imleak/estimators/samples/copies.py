"""Rows that are copies of each other share a group, or a test would be of what was trained on."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 1e-3
"""Share of a step by which a value may lie off a lattice."""


def joined(
    groups: NDArray[np.int64], x: NDArray[Any], y: NDArray[Any]
) -> tuple[NDArray[np.int64], int]:
    """Groups in which copies stand together, and how many rows are copies of one of another
    group.

    Rows that are equal in x, and in y at every level, are copies unless chance makes them
    equal: where values are few, as those of pixels, labels or counts are, equal rows are
    rows of their own. Values are few where every column lies on a lattice (multiples of
    one step, and some of neighbouring multiples), and so is a row that occurs more than
    sqrt(n) times. Rows that share x alone, or y alone, are no copies: what is independent
    of x cannot be known from it.

    Parameters
    ----------
    groups : (n,)
    x, y : (n, dx) and (L, n, dy) as they were given.
    """
    row = _equal_rows(x, y)
    count = np.bincount(row)[row]
    copied = (count > 1) & (count <= math.sqrt(len(row)))
    if not copied.any() or all(_is_lattice(column) for column in _columns(x, y)):
        return groups, 0
    first = np.unique(row, return_index=True)[1][row]
    elsewhere = int(np.count_nonzero(copied & (groups != groups[first])))
    if not elsewhere:
        return groups, 0
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = int(groups.max()) + 1
    links = coo_array(
        (np.ones(copied.sum()), (groups[copied], groups[first[copied]])), shape=(size, size)
    )
    return np.asarray(connected_components(links, directed=False)[1], np.int64)[groups], elsewhere


def equal_rows(rows: NDArray[Any]) -> NDArray[np.int64]:
    """(n,) the same number for rows that are equal in every column, from 0 in the order of the
    first of them."""
    numbers: dict[bytes, int] = {}
    if rows.dtype.kind == "f":
        rows = rows + rows.dtype.type(0)  # of -0 it makes 0
    return np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in rows], np.int64)


def as_equal(values: NDArray[Any], numbers: NDArray[np.int64]) -> NDArray[Any]:
    """Values (n, ...) of rows, those of rows that are equal made equal.

    A product of matrices rounds a row by its place among the others. The last digit of both
    sides then tells which of many equal rows one is, and ranks make as much of it as of the first.

    Parameters
    ----------
    numbers : (n,) of :func:`equal_rows`, or some of them.
    """
    first, own = np.unique(numbers, return_index=True, return_inverse=True)[1:]
    return values if len(first) == len(numbers) else values[first][own]


def _equal_rows(x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.int64]:
    """(n,) the same number for rows that are equal bit for bit."""
    of_x = equal_rows(x)
    if of_x.max(initial=-1) == len(x) - 1:
        return of_x
    pairs: dict[tuple[int, bytes], int] = {}
    keys = ((int(one), y[:, at].tobytes()) for at, one in enumerate(of_x))
    return np.array([pairs.setdefault(key, len(pairs)) for key in keys])


def _columns(x: NDArray[Any], y: NDArray[Any]) -> list[NDArray[Any]]:
    return [*x.T, *(column for level in y for column in level.T)]


def _is_lattice(column: NDArray[Any]) -> bool:
    """Whether all values are multiples of one step apart, and some of them neighbours."""
    values = np.unique(column)
    if len(values) < 3:
        return True
    if values.dtype.kind != "f":
        wide = values.astype(np.uint64 if values.dtype.kind == "u" else np.int64)
        gaps = np.diff(wide).view(np.uint64)
        return not np.any(gaps % gaps.min())
    values = np.ldexp(values, -np.frexp(np.abs(values).max())[1])
    reach = values[-1] - values[0]
    # The smallest gap is exact to a rounding; the whole reach over its steps is much better.
    step = reach / np.round(reach / np.diff(values).min())
    steps = (values - values[0]) / step
    return bool(np.all(np.abs(steps - np.round(steps)) < TOLERANCE))
