"""Is a part of the image not encrypted at all?"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from ..interfaces import Pair, Samples
from ._pairs import FALSE_ALARM, Finding, listed, percent, require

SIDE = 8
"""Of the blocks that an area consists of. Under a keystream on one plane alone all samples of a
block are equal with a chance of 2^-64."""
LEAST = 0.01
"""Share of the samples of an image that is called an area."""
LARGE = 0.1
"""Share from which one image says that an area is left. A smaller one that is left is so in most
images, while blocks that are moved or changed by chance into themselves lie elsewhere in each."""
ROUGHLY = 5
"""Percent of the width and height that a place is told in steps of."""
MOST = 0.6
"""Share of an image that is untouched above which a place is what is not."""
NEARLY = 0.9
"""Share of an image that is nearly all of it."""
RECTANGLE = 0.9
"""Share of a rectangle that is untouched, and of what is untouched that lies in it."""
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Untouched:
    """What of an image is not encrypted.

    Parameters
    ----------
    equal : share of the samples that are equal in plain image and cipher, by chance too.
    by_chance : that share under a uniform keystream on the planes that differ anywhere.
    is_far : whether `equal` is above that by more than a keystream gives once in a million images.
    is_moved : whether the cipher has the values of the plain image, or their negatives, at other
        places.
    whole : number of blocks of 8 x 8 samples.
    area : share of the samples that lie in blocks without any difference; 0 where these may all
        come of moving samples, or of a cipher that leaves blocks of one value as they are.
    is_of_one_value : whether blocks of one value alone are without any difference.
    where : the area lies, roughly.
    left : (rows, columns) blocks without any difference in a channel; none if there is no area.
    """

    equal: float
    by_chance: float
    is_far: bool
    is_moved: bool
    whole: int
    area: float
    is_of_one_value: bool
    where: str
    left: Mask

    @classmethod
    def of(cls, plain: Samples, cipher: Samples, bits: int) -> "Untouched":
        difference = plain ^ cipher
        by_chance = 0.5 ** int(np.bitwise_or.reduce(difference, axis=None)).bit_count()
        count = int((difference == 0).sum())
        mask: Mask = np.asarray(~_blocks(difference).any(axis=(2, 4)))
        is_far = bool(binom.sf(count - 1, plain.size, by_chance) < FALSE_ALARM)
        least = LEAST * plain.size / SIDE**2
        has_blocks = bool(mask.sum() >= least)
        is_moved = (is_far or has_blocks) and _is_moved(plain, cipher, bits)
        channels, height, width = plain.shape
        rows, columns = height // SIDE, width // SIDE
        is_area = False
        if has_blocks and not is_moved:
            content = (mask & _counts(plain, mask))[:, :rows, :columns]
            is_area = bool(content.sum() >= least)
        return cls(
            equal=count / plain.size,
            by_chance=by_chance,
            is_far=is_far,
            is_moved=is_moved,
            whole=channels * rows * columns,
            area=float((mask * _sizes(height, width)).sum()) / plain.size if is_area else 0.0,
            is_of_one_value=has_blocks and not is_area,
            where=_where(mask) if is_area else "",
            left=np.asarray(mask.any(axis=0))
            if is_area
            else np.broadcast_to(np.False_, mask.shape[1:]),
        )


def check(pairs: Sequence[Pair]) -> Finding:
    r"""Areas in which no sample differs.

    An area consists of blocks of 8 x 8 samples that are equal in plain image and cipher. Blocks of
    one value count only beside others, or where the cipher changes such a block elsewhere: some
    ciphers cannot change them. Nothing counts where the cipher has just the values of the plain
    image, or their negatives, as a permutation has fixed points; nor does less than a tenth of an
    image, where there are several, that is not left in most of them. What is left of an
    image without such areas are planes, or single samples.

    Where samples are XORed with a uniform keystream, or it is added to them, a block stays as it is
    with a chance of :math:`2^{-64}` at most, and p is that times the number of blocks. Other
    ciphers have no such bound.

    The figure is the share of samples in areas, in the image that has most of it. An image of
    which nothing is encrypted is left to the check of planes.
    """
    require(pairs)
    every = {pair.name: Untouched.of(*pair.load(), pair.bits) for pair in pairs}
    encrypted = {name: found for name, found in every.items() if found.equal < 1}
    usual = _usual([found.left for found in encrypted.values()])
    partly = {name: found for name, found in encrypted.items() if _is_left(found, usual)}
    largest = max((found.area for found in partly.values()), default=0.0)
    blocks = sum(found.whole for found in every.values())
    return Finding(
        check="untouched area",
        found=bool(partly),
        answer=_found(partly, len(pairs)) if partly else _not_found(encrypted, len(pairs)),
        figure=largest,
        unit="share of samples",
        chance=0.0,
        smallest=LEAST if blocks else None,
        p_value=min(1.0, blocks * 0.5 ** (SIDE**2)) if partly else 1.0,
        images=tuple(partly),
        of=len(pairs),
        details={"equal samples": float(np.mean([found.equal for found in every.values()]))},
    )


def _blocks(samples: Samples) -> Samples:
    """(C, rows, 8, columns, 8) of (C, H, W); blocks at the edges are filled with their samples."""
    fill = [(0, -size % SIDE) for size in samples.shape[1:]]
    filled = np.pad(samples, [(0, 0), *fill], mode="edge")
    rows, columns = (size // SIDE for size in filled.shape[1:])
    return filled.reshape(len(samples), rows, SIDE, columns, SIDE)


def _sizes(height: int, width: int) -> NDArray[np.int64]:
    """Samples of every block, (rows, columns)."""
    rows, columns = (np.diff([*range(0, size, SIDE), size]) for size in (height, width))
    return np.outer(rows, columns)


def _counts(plain: Samples, mask: Mask) -> Mask:
    """Blocks that say something if they are untouched: of several values, or of one of which
    another block is not."""
    blocks = _blocks(plain)
    value, highest = blocks.min(axis=(2, 4)), blocks.max(axis=(2, 4))
    is_of_one = value == highest
    return np.asarray(~is_of_one | np.isin(value, value[is_of_one & ~mask]))


def _is_moved(plain: Samples, cipher: Samples, bits: int) -> bool:
    """Whether the cipher has the values of the plain image, or their negatives, elsewhere."""
    peak = (1 << bits) - 1
    one, other = (
        np.sum([np.bincount(channel.ravel(), minlength=peak + 1) for channel in side], axis=0)
        for side in (plain, cipher)
    )
    if (one == other).all():
        return True
    if (one + one[::-1] != other + other[::-1]).any():
        return False
    return bool(((plain != cipher) & (plain ^ cipher != peak)).any())


def _usual(masks: Sequence[Mask]) -> Mask:
    """Blocks (rows, columns) that most of the images that have them leave."""
    rows, columns = (max((mask.shape[axis] for mask in masks), default=0) for axis in (0, 1))
    balance = np.zeros((rows, columns), np.int64)
    for mask in masks:
        balance[: mask.shape[0], : mask.shape[1]] += np.where(mask, 1, -1)
    return np.asarray(balance > 0)


def _is_left(found: Untouched, usual: Mask) -> bool:
    """Whether an area is large, or most of it is left in other images too."""
    rows, columns = found.left.shape
    in_most = 2 * (found.left & usual[:rows, :columns]).sum() > found.left.sum()
    return found.area >= LARGE or bool(found.area and in_most)


def _found(partly: dict[str, Untouched], of: int) -> str:
    shares = _range([found.equal for found in partly.values()])
    return (
        f"A part of the image is not encrypted: in {listed(list(partly), of)} {shares} of the "
        "samples are equal in plain image and cipher, and lie, but for some that are equal by "
        f"chance, {_mostly([found.where for found in partly.values()])}."
    )


def _not_found(encrypted: dict[str, Untouched], of: int) -> str:
    if not encrypted:
        return "Whether a part of an image is not encrypted cannot be seen: none is encrypted."
    far = {name: found for name, found in encrypted.items() if found.is_far}
    shown = far or encrypted
    shares, chance = (
        _range([getattr(found, name) for found in shown.values()])
        for name in ("equal", "by_chance")
    )
    equal = (
        f"{shares} of the samples are equal in plain image and cipher, {chance} where the planes "
        "that are encrypted are random"
    )
    none = f"no area of {percent(LEAST)} or more with content is left as it was"
    if not any(found.whole for found in shown.values()):
        none = (
            f"whether an area is left as it was cannot be seen in images without {SIDE}x{SIDE} "
            "samples"
        )
    elif far and all(found.is_moved for found in far.values()):
        none = "values are moved, not changed, so some stay where they are"
    elif any(found.area for found in far.values()):
        none = (
            f"areas of {percent(LEAST)} or more with content are among them, in other places in "
            "each image"
        )
    elif any(found.is_of_one_value for found in far.values()):
        none = (
            f"areas of one value are left as they were, none of {percent(LEAST)} or more with "
            "content"
        )
    if far:
        return f"In {listed(list(far), of)} {equal}; {none}."
    return f"{none[0].upper()}{none[1:]}: {equal}."


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
    rest = "nearly everywhere" if of_all.mean() >= NEARLY else "in several places"
    return next((place for place in places if place[-1] != " "), rest)


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
