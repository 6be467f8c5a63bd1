"""Pairs of few values with an arbitrary joint table."""

import numpy as np
from numpy.typing import ArrayLike

from ...interfaces import ImleakError
from ..task import Array, Problem, Rows

ROUNDING = 1e-12
"""Bits that rounding leaves of a product table."""


def table_bits(table: ArrayLike) -> float:
    r"""Mutual information of a joint table of probabilities, in bits.

    .. math:: I(X;Y) = \sum_{x,y} p(x,y) \log_2 \frac{p(x,y)}{p(x)\,p(y)}
    """
    joint = np.asarray(table, dtype=np.float64)
    x, y = np.nonzero(joint)
    p = joint[x, y]
    # Logarithms apart: the product of two tiny shares underflows.
    ratio = np.log2(p) - np.log2(joint.sum(1)[x]) - np.log2(joint.sum(0)[y])
    value = float((p * ratio).sum())
    return 0.0 if abs(value) < ROUNDING else value


def discrete_pair(table: ArrayLike) -> Problem:
    """Two scalars, the row and the column of a joint table. Raises ImleakError if the table is not
    a matrix of probabilities that sum to 1."""
    joint = np.asarray(table, dtype=np.float64)
    if joint.ndim != 2 or (joint < 0).any() or abs(joint.sum() - 1) > 1e-9:
        raise ImleakError(
            f"the joint table has shape {joint.shape} and sum {joint.sum():.6g}; "
            "give a matrix of probabilities that sum to 1"
        )

    def draw(n: int, rng: np.random.Generator) -> Rows:
        cell = rng.choice(joint.size, size=n, p=joint.ravel() / joint.sum())
        x, y = np.divmod(cell, joint.shape[1])
        return Rows(x[:, None].astype(np.float64), y[:, None].astype(np.float64))

    size = int((joint.sum(0) > 0).sum())
    return Problem(table_bits(joint), (1, 1), draw, kind="discrete", size=size)


def symmetric_channel(size: int, error: float) -> Array:
    """Joint table of a uniform input and a channel that sends each value to every other
    with probability error / (size - 1)."""
    channel = np.full((size, size), error / (size - 1))
    np.fill_diagonal(channel, 1 - error)
    return channel / size


def erasure_channel(size: int, erased: float) -> Array:
    """Joint table, (size, size + 1), of a uniform input and a channel that loses it with
    probability `erased`."""
    channel = np.hstack([(1 - erased) * np.eye(size), np.full((size, 1), erased)])
    return np.asarray(channel / size)
