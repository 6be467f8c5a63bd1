"""Ranks among a gallery of any size, in memory that does not grow with it."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..estimators.bounds import clopper_pearson
from ..interfaces import LinkagePoint
from ._ranks import Counts, within
from ._scores import Array, Scores

AT_ONCE = 1 << 22
"""Scores that are held."""
SAME = 1e-5
"""Scores in single precision that differ by less are a tie."""


def linkage(
    higher: Counts,
    same: Counts,
    candidates: int,
    spaces: Sequence[tuple[NDArray[np.int64], Sequence[Scores]]],
    firsts: Sequence[int],
    trials: int,
) -> Mapping[int, list[LinkagePoint]]:
    """Shares of images that are among the first few, of all candidates and of growing parts
    of the gallery.

    Parameters
    ----------
    higher, same : (n,) candidates without the gallery that beat the true one, or equal it.
    candidates : how many they are.
    spaces : which clear parts are looked for in which spaces, whose scores are added.
    firsts : first how many.
    trials : independent ones, of Clopper and Pearson's intervals.
    """
    higher, same = higher.copy(), same.copy()
    whole = len(spaces[0][1][0].gallery)
    found: dict[int, list[LinkagePoint]] = {first: [] for first in firsts}

    def note(size: int) -> None:
        for first, points in found.items():
            value = float(within(higher, same, first).mean())
            interval = clopper_pearson(value * trials, trials)
            points.append(LinkagePoint(candidates + size, value, interval))

    if not whole:
        return found
    note(0)
    own = [np.sum([one.own()[rows] for one in scores], axis=0) for rows, scores in spaces]
    for part, is_size in _parts(whole, max(1, AT_ONCE // len(higher))):
        for (rows, scores), true in zip(spaces, own, strict=True):
            more, ties = _beaten_by(scores, rows, part, true[:, np.newaxis])
            higher[rows] += more
            same[rows] += ties
        if is_size:
            note(part.stop)
    return found


def _beaten_by(
    scores: Sequence[Scores], rows: NDArray[np.int64], part: slice, own: Array
) -> tuple[Counts, Counts]:
    others = np.sum([one.among_gallery(rows, part) for one in scores], axis=0)
    higher = others > own + SAME
    return higher.sum(1), ((others >= own - SAME) & ~higher).sum(1)


def _parts(whole: int, most: int) -> Iterator[tuple[slice, bool]]:
    """Parts of a gallery, and whether its first so many images are a point of the curve:
    100, 200, 500, 1,000, ... and all."""
    steps = (first * 10**power for power in range(2, 10) for first in (1, 2, 5))
    start = 0
    for size in [*(size for size in steps if size < whole), whole]:
        while start < size:
            stop = min(start + most, size)
            yield slice(start, stop), stop == size
            start = stop
