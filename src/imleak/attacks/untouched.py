"""Is a part of the image not encrypted at all?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Pair, Samples
from ._pairs import Finding, listed, percent, require

SIDE = 8
"""Of the blocks that an area consists of. Under a keystream on one plane alone all samples of a
block are equal with a chance of 2^-64."""
LEAST = 0.01
"""Share of the blocks of an image: fewer may stay at their place in a permutation."""
ROUGHLY = 5
"""Percent of the width and height that a place is told in steps of."""
MOST = 0.6
"""Share of an image that is untouched above which a place is what is not."""
RECTANGLE = 0.9
"""Share of a rectangle that is untouched, and of what is untouched that lies in it."""
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Untouched:
    """What of an image is not encrypted.

    Parameters
    ----------
    equal : share of the samples that are equal in plain image and cipher, by chance too.
    by_chance : that share under a uniform keystream on the planes that differ anywhere.
    area : share of the samples that lie in blocks without any difference; 0 where these may all
        come of moving samples of one value.
    where : they lie, roughly.
    """

    equal: float
    by_chance: float
    area: float
    where: str

    @classmethod
    def of(cls, plain: Samples, cipher: Samples) -> "Untouched":
        difference = plain ^ cipher
        planes = int(np.bitwise_or.reduce(difference, axis=None)).bit_count()
        equal = float((difference == 0).mean())
        rows, columns = (size // SIDE for size in plain.shape[1:])
        if not (rows and columns):
            return cls(equal, 0.5**planes, 0.0, "")
        mask: Mask = np.asarray(~_blocks(difference, rows, columns).any(axis=(2, 4)))
        blocks = _blocks(plain, rows, columns)
        is_of_one_value = blocks.max(axis=(2, 4)) == blocks.min(axis=(2, 4))
        is_area = (mask & ~is_of_one_value).mean() >= LEAST
        return cls(equal, 0.5**planes, float(mask.mean()) if is_area else 0.0, _where(mask))


def check(pairs: Sequence[Pair]) -> Finding:
    r"""Areas in which no sample differs.

    An area consists of blocks of 8 x 8 samples that are equal in plain image and cipher. Blocks of
    one value count only beside others, as such a block can come to stand in the place of another.
    What is left of an image without such areas are planes, or single samples.

    The figure is the share of samples in areas, in the image that has most of it. An image of
    which nothing is encrypted is left to the check of planes.
    """
    require(pairs)
    every = {pair.name: Untouched.of(*pair.load()) for pair in pairs}
    encrypted = {name: found for name, found in every.items() if found.equal < 1}
    partly = {name: found for name, found in encrypted.items() if found.area}
    largest = max((found.area for found in partly.values()), default=0.0)
    return Finding(
        check="untouched area",
        found=bool(partly),
        answer=_answer(partly, encrypted, len(pairs)),
        figure=largest,
        unit="share of samples",
        chance=0.0,
        smallest=LEAST,
        p_value=0.0 if partly else 1.0,
        images=tuple(partly),
        of=len(pairs),
        details={"equal samples": float(np.mean([found.equal for found in every.values()]))},
    )


def _blocks(samples: Samples, rows: int, columns: int) -> Samples:
    """(C, rows, 8, columns, 8) of (C, H, W), without what is no whole block."""
    inside = samples[:, : rows * SIDE, : columns * SIDE]
    return inside.reshape(len(samples), rows, SIDE, columns, SIDE)


def _answer(partly: dict[str, Untouched], encrypted: dict[str, Untouched], of: int) -> str:
    if partly:
        shares = _range([found.equal for found in partly.values()])
        return (
            f"A part of the image is not encrypted: in {listed(list(partly), of)} {shares} of the "
            "samples are equal in plain image and cipher, and lie, but for some that are equal by "
            f"chance, {_mostly([found.where for found in partly.values()])}."
        )
    if not encrypted:
        return "Whether a part of an image is not encrypted cannot be seen: none is encrypted."
    shares, chance = (
        _range([getattr(found, name) for found in encrypted.values()])
        for name in ("equal", "by_chance")
    )
    return (
        f"No area is left as it was: {shares} of the samples are equal in plain image and cipher, "
        f"{chance} where the planes that are encrypted are random."
    )


def _range(shares: Sequence[float]) -> str:
    low, high = percent(min(shares)), percent(max(shares))
    return low if low == high else f"{low.removesuffix(' %')} to {high}"


def _mostly(places: Sequence[str]) -> str:
    """The place in most images."""
    ((place, count),) = Counter(places).most_common(1)
    if count == len(places):
        return place
    return f"in most of them {place}" if 2 * count > len(places) else "at places of their own"


def _where(mask: Mask) -> str:
    """Roughly where blocks (C, rows, columns) are untouched."""
    of_all: Mask = np.asarray(mask.all(axis=0))
    if 2 * of_all.mean() < mask.mean():
        return "in some of the channels"
    inside, outside = f"in {_rectangle(of_all)}", f"everywhere but in {_rectangle(~of_all)}"
    places = (outside, inside) if of_all.mean() > MOST else (inside, outside)
    return next((place for place in places if place[-1] != " "), "in several places")


def _rectangle(mask: Mask) -> str:
    """The rectangle that is marked in words; empty if it is none."""
    sides = [mask.mean(axis=1), mask.mean(axis=0)]
    ends = [_ends(side > side.max() / 2) for side in sides]
    (top, bottom), (left, right) = ends
    inside = mask[top:bottom, left:right]
    if not mask.any() or inside.mean() < RECTANGLE or inside.sum() < RECTANGLE * mask.sum():
        return ""
    rows, columns = (
        tuple(_roughly(end / len(side)) for end in end_to_end)
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


def _roughly(share: float) -> int:
    return ROUGHLY * round(100 * share / ROUGHLY)


def _part(ends: tuple[int, ...], first: str, last: str, side: str) -> str:
    start, end = ends
    for at, size in ((first, end if not start else 0), (last, 100 - start if end == 100 else 0)):
        if size:
            return f"the {at} half" if size == 50 else f"the {at} {size} %"
    return f"a strip from {_from_to(ends, side)}"


def _from_to(ends: tuple[int, ...], side: str) -> str:
    return f"{ends[0]} to {ends[1]} % of the {side}"
