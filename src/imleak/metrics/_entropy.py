"""Plug-in entropies of discrete samples, in bits."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.integer[Any]] | NDArray[np.floating[Any]]


def entropy(counts: Counts) -> float:
    r"""Plug-in entropy of a histogram, in bits; exactly 0 for a single value.

    .. math:: H = -\sum_i p_i \log_2 p_i, \quad p_i = n_i / n
    """
    occupied = counts[counts > 0]
    shares = occupied / occupied.sum()
    return abs(float(np.dot(shares, np.log2(shares))))


@dataclass(frozen=True, eq=False)
class Contingency:
    """How often values, and pairs of values, occur; zeros left out.

    Parameters
    ----------
    x, y : counts of the values of either side.
    xy : counts of the pairs that occur, never a full table.
    """

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    xy: NDArray[np.int64]

    def information(self) -> float:
        """Plug-in mutual information H(X) + H(Y) - H(X, Y), in bits."""
        return entropy(self.x) + entropy(self.y) - entropy(self.xy)

    def miller_madow(self) -> float:
        r"""First-order bias of minus the plug-in, to be added to it, in bits.

        .. math:: \frac{m_x + m_y - m_{xy} - 1}{2 n \ln 2}

        where m counts the values that occur. References: Miller, "Note on the bias of
        information estimates", 1955.
        """
        surplus = len(self.x) + len(self.y) - len(self.xy) - 1
        return surplus / (2 * int(self.xy.sum()) * math.log(2))


def contingency(x: NDArray[Any], y: NDArray[Any]) -> Contingency:
    """Counts of paired labels x (n,), y (n,), integers 0..2**32 - 1."""
    pairs = x.astype(np.uint64) << np.uint64(32) | y.astype(np.uint64)
    values, counts = np.unique(pairs, return_counts=True)
    return Contingency(
        x=_merge(values >> np.uint64(32), counts),
        y=_merge(values & np.uint64(2**32 - 1), counts),
        xy=counts,
    )


def _merge(labels: NDArray[np.uint64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts of equal labels added up."""
    _, places = np.unique(labels, return_inverse=True)
    return np.bincount(places, weights=counts).astype(np.int64)
