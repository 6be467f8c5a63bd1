"""Where in an image something lies, in words."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
ROUGHLY = 5
"""Percent of the width and height that a place is told in steps of."""
MOST = 0.6
"""Share of an image that is marked above which a place is what is not."""
NEARLY = 0.9
"""Share of an image that is nearly all of it."""
RECTANGLE = 0.9
"""Share of a rectangle that is marked, and of what is marked that lies in it."""
ORDINALS = {2: "second", 3: "third", **{step: f"{step}th" for step in range(4, 21)}}


def mostly(places: Sequence[str]) -> str:
    """The place in most images."""
    ((place, count),) = Counter(places).most_common(1)
    if count == len(places):
        return place
    return f"in most of them {place}" if 2 * count > len(places) else "at places of their own"


def of_blocks(mask: Mask) -> str:
    """Roughly where blocks (C, rows, columns) are marked."""
    of_all: Mask = np.asarray(mask.all(axis=0))
    if 2 * of_all.mean() < mask.mean():
        return "in some of the channels"
    inside, outside = f"in {_rectangle(of_all)}", f"everywhere but in {_rectangle(~of_all)}"
    places = (outside, inside) if of_all.mean() > MOST else (inside, outside)
    rest = "nearly everywhere" if of_all.mean() >= NEARLY else "in several places"
    return next((place for place in places if place[-1] != " "), rest)


def of_lines(rows: Mask, columns: Mask) -> str:
    """Which rows (H,) and columns (W,) are marked: ``in every second row``."""
    kinds = [("row", rows), ("column", columns)]
    return " and ".join(_of_kind(kind, marked) for kind, marked in kinds if marked.any())


def _of_kind(kind: str, marked: Mask) -> str:
    steps = np.unique(np.diff(np.flatnonzero(marked)))
    is_even = len(steps) == 1 and marked.mean() * steps[0] >= RECTANGLE
    if is_even and int(steps[0]) in ORDINALS:
        return f"in every {ORDINALS[int(steps[0])]} {kind}"
    return f"in some of the {kind}s"


def _rectangle(mask: Mask) -> str:
    """The rectangle that is marked in words; empty if it is none."""
    sides = [mask.mean(axis=1), mask.mean(axis=0)]
    ends = [_ends(side > side.max() / 2) for side in sides]
    (top, bottom), (left, right) = ends
    inside = mask[top:bottom, left:right]
    if not mask.any() or inside.mean() < RECTANGLE or inside.sum() < RECTANGLE * mask.sum():
        return ""
    rows, columns = (
        _roughly(*(end / len(side) for end in end_to_end))
        for side, end_to_end in zip(sides, ends, strict=True)
    )
    if rows == columns == (0, 100):
        return ""
    if rows == (0, 100):
        return _part(columns, "left", "right", "width")
    if columns == (0, 100):
        return _part(rows, "top", "bottom", "height")
    return f"a rectangle from {_from_to(columns, 'width')} and {_from_to(rows, 'height')}"


def _ends(marked: Mask) -> tuple[int, int]:
    places = np.flatnonzero(marked)
    return (int(places[0]), int(places[-1]) + 1) if len(places) else (0, 0)


def _roughly(start: float, end: float) -> tuple[int, int]:
    """Percent of a side; outward where it is less than a step."""
    steps = [100 * share / ROUGHLY for share in (start, end)]
    first, last = (round(step) for step in steps)
    if first == last:
        first, last = math.floor(steps[0]), math.ceil(steps[1])
    return ROUGHLY * first, ROUGHLY * last


def _part(ends: tuple[int, ...], first: str, last: str, side: str) -> str:
    start, end = ends
    for at, size in ((first, end if not start else 0), (last, 100 - start if end == 100 else 0)):
        if size:
            return f"the {at} half" if size == 50 else f"the {at} {size} %"
    return f"a strip from {_from_to(ends, side)}"


def _from_to(ends: tuple[int, ...], side: str) -> str:
    return f"{ends[0]} to {ends[1]} % of the {side}"
