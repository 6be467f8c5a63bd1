"""Numbers and lists as a sentence has them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

BOUNDS: Mapping[str, str] = {
    "exact": "exact",
    "lower": "lower bound",
    "upper": "upper bound",
    "none": "no bound",
}
"""What a number is to mutual information."""


def bits(value: float) -> str:
    """``0.50``, ``12.3``, ``0.013``: two decimals, or two significant digits below 0.1.

    >>> bits(0.5), bits(12.345), bits(0.0127), bits(0)
    ('0.50', '12.35', '0.013', '0')
    """
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    if abs(value) >= 0.1:
        return f"{value:.2f}"
    return f"{value:.{min(6, 1 - math.floor(math.log10(abs(value))))}f}"


def plural(count: int, thing: str) -> str:
    """``1 image``, ``2,000 images``"""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def levels(some: Iterable[int], of: Sequence[int] = ()) -> str:
    """``s = 5, 7 and 8``; ``s = 0 to 4`` for a run of three or more neighbours in `of`, or
    without `of` among the integers."""
    wanted = sorted(set(some))
    order = sorted(set(of) | set(wanted)) if of else list(range(wanted[0], wanted[-1] + 1))
    runs: list[list[int]] = []
    for level in wanted:
        if runs and order.index(level) == order.index(runs[-1][-1]) + 1:
            runs[-1].append(level)
        else:
            runs.append([level])
    said = []
    for run in runs:
        said += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else [str(level) for level in run]
    return f"s = {listed(said)}"


def listed(items: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``"""
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))
