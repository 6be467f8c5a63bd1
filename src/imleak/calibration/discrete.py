"""Pairs of few values with an arbitrary joint table."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..interfaces import ImleakError
from .task import Rows, Task

NOTHING = 1e-12
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
    return 0.0 if abs(value) < NOTHING else value


def discrete_pair(
    name: str, title: str, table: ArrayLike, *, rows: int = 10_000, reference: str = ""
) -> Task:
    """Two scalars, the row and the column of a joint table.

    Raises
    ------
    ImleakError
        If the table is not a matrix of probabilities that sum to 1.
    """
    joint = np.asarray(table, dtype=np.float64)
    if joint.ndim != 2 or (joint < 0).any() or abs(joint.sum() - 1) > 1e-9:
        raise ImleakError(
            f"table of {name} has shape {joint.shape} and sum {joint.sum():.6g}; "
            "give a matrix of probabilities that sum to 1"
        )

    def draw(n: int, rng: np.random.Generator) -> Rows:
        cell = rng.choice(joint.size, size=n, p=joint.ravel() / joint.sum())
        x, y = np.divmod(cell, joint.shape[1])
        return Rows(x[:, None].astype(np.float64), y[:, None].astype(np.float64))

    return Task(
        name,
        title,
        table_bits(joint),
        (1, 1),
        draw,
        stream=name,
        kind="discrete",
        size=int((joint.sum(0) > 0).sum()),
        rows=rows,
        reference=reference,
    )


def symmetric_channel(size: int, error: float) -> NDArray[np.float64]:
    """p(y | x) of a channel that sends each value to every other with error / (size - 1)."""
    channel = np.full((size, size), error / (size - 1))
    np.fill_diagonal(channel, 1 - error)
    return channel


def erasure_channel(size: int, erased: float) -> NDArray[np.float64]:
    """p(y | x) of a channel that loses a value with probability `erased`, (size, size + 1)."""
    return np.hstack([(1 - erased) * np.eye(size), np.full((size, 1), erased)])


def through(channel: NDArray[np.float64]) -> NDArray[np.float64]:
    """The joint table of a uniform input and the channel's output."""
    return channel / len(channel)
