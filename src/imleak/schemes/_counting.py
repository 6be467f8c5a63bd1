"""Sequences of numbers that have one sum: how many there are, and which is which."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, repeat
from operator import add, sub


@dataclass(frozen=True)
class Ranked:
    """Where sequences stand among those of their length and sum.

    Parameters
    ----------
    places : rank of each, from 0, in lexicographic order.
    counts : how many there are among which it stands.
    longest : numbers of :func:`ranks` for the longest of the sequences, with which
        :func:`unranked` begins.
    """

    places: list[int]
    counts: list[int]
    longest: list[int]


def ranks(rows: Sequence[Sequence[int]], values: int) -> Ranked:
    r"""The place of every row among the sequences of its length and sum, in lexicographic order,
    by enumerative coding.

    Let :math:`P_n(s)` be the number of sequences of n numbers of 0..values-1 whose sum is s at
    most, and :math:`R_n` the sum of the last n numbers of a row. Of the sequences that begin as
    the row does, those whose next number is smaller are :math:`P_n(R_{n+1}) - P_n(R_n)`, n
    numbers being left after it, and the rank is the sum of these over n.

    References
    ----------
    Cover, "Enumerative source encoding", IEEE Transactions on Information Theory 19, 1973.
    """
    sums = [list(accumulate(reversed(row), initial=0)) for row in rows]
    places, counts, below = [0] * len(rows), [1] * len(rows), [1]
    for n in range(max(map(len, rows))):
        below = _longer(below, values) if n else below
        last = len(below) - 1
        for at, of in enumerate(sums):
            if n < len(of) - 1:
                high, low = of[n + 1], of[n]
                places[at] += below[min(high, last)] - below[min(low, last)]
            if n == len(of) - 2:
                lower = high - values
                counts[at] = below[min(high, last)] - (below[lower] if lower >= 0 else 0)
    return Ranked(places, counts, below)


def unranked(
    places: Sequence[int], rows: Sequence[Sequence[int]], longest: list[int], values: int
) -> list[list[int]]:
    """The sequences of the lengths and sums of some rows that have these ranks; the inverse of
    :func:`ranks`."""
    left, rest = list(places), list(map(sum, rows))
    found: list[list[int]] = [[] for _ in rows]
    below = longest
    for n in reversed(range(max(map(len, rows)))):
        last = len(below) - 1
        for at, row in enumerate(found):
            if n < len(rows[at]):
                high = rest[at]
                most = below[min(high, last)]
                start, end = max(0, high - values + 1), min(high, last)
                low = bisect_left(below, most - left[at], start, end)
                row.append(high - low)
                left[at] -= most - below[low]
                rest[at] = low
        below = _shorter(below, values) if n else below
    return found


def _longer(below: list[int], values: int) -> list[int]:
    """P_{n+1} of P_n: the number of sequences of a sum is P_n(s) - P_n(s - values)."""
    longer = chain(below, repeat(below[-1], values - 1))
    shifted = chain(repeat(0, values), below)
    return list(accumulate(map(sub, longer, shifted)))


def _shorter(below: list[int], values: int) -> list[int]:
    """P_n of P_{n+1}."""
    counts = list(map(sub, below, chain((0,), below)))[: len(below) - values + 1]
    found = counts[:values]
    for start in range(values, len(counts), values):
        found += map(add, counts[start : start + values], found[start - values : start])
    return found
