"""Is a part of the image not encrypted at all?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from ..interfaces import Pair, Samples
from ._pairs import FALSE_ALARM, FEWEST, Finding, clear_lines, listed, percent, require
from ._places import Mask, mostly, of_blocks, of_lines

SIDE = 8
"""Of the blocks that an area consists of. Under a keystream on one plane alone all samples of a
block are equal with a chance of 2^-64."""
LEAST = 0.01
"""Share of the samples of an image that is called an area."""
LARGE = 0.1
"""Share from which one image says that an area is left. A smaller one that is left is so in most
images, while blocks that are moved or changed by chance into themselves lie elsewhere in each."""


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
    parts : number of blocks of 8 x 8 samples, and of rows and columns of 64 and more.
    area : share of the samples that lie in blocks without any difference, or else in rows and
        columns; 0 where these may all come of moving samples, or of a cipher that leaves samples
        of one value as they are.
    is_of_one_value : whether blocks of one value alone are without any difference.
    where : the area lies, roughly.
    left : (rows, columns) blocks with a part of the area in a channel; none if there is no area.
    """

    equal: float
    by_chance: float
    is_far: bool
    is_moved: bool
    parts: int
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
        is_moved = _is_moved(plain, cipher, bits)
        channels, height, width = plain.shape
        rows, columns = height // SIDE, width // SIDE
        area, where, left = 0.0, "", np.zeros_like(mask[0])
        if has_blocks and not is_moved:
            content = (mask & _counts(plain, mask))[:, :rows, :columns]
            if content.sum() >= least:
                area = float((mask * _sizes(height, width)).sum()) / plain.size
                where, left = of_blocks(mask), np.asarray(mask.any(axis=0))
        is_of_one_value = has_blocks and not area
        if not (area or is_moved):
            area, where, left = _in_lines(plain, difference)
        lines = height * (channels * width >= FEWEST) + width * (channels * height >= FEWEST)
        return cls(
            equal=count / plain.size,
            by_chance=by_chance,
            is_far=is_far,
            is_moved=is_moved,
            parts=channels * rows * columns + lines,
            area=area,
            is_of_one_value=is_of_one_value,
            where=where,
            left=left,
        )


def check(pairs: Sequence[Pair]) -> Finding:
    r"""Areas in which no sample differs.

    An area consists of blocks of 8 x 8 samples that are equal in plain image and cipher. Blocks of
    one value count only beside others, or where the cipher changes such a block elsewhere: some
    ciphers cannot change them. Where there is none, an area consists of rows and columns of 64
    samples and more, of several values. Nothing counts where the cipher has just the values of the
    plain image, or their negatives, as a permutation has fixed points; nor does less than a tenth
    of an image, where there are several, that is not left in most of them. What is left of an
    image without such areas are planes, or single samples.

    Where samples are XORed with a uniform keystream, or it is added to them, a block stays as it is
    with a chance of :math:`2^{-64}` at most, and so does a row. p is that times the number of all.
    Other ciphers have no such bound.

    The figure is the share of samples in areas, in the image that has most of it. An image of
    which nothing is encrypted is left to the check of planes.
    """
    require(pairs)
    every = {pair.name: Untouched.of(*pair.load(), pair.bits) for pair in pairs}
    encrypted = {name: found for name, found in every.items() if found.equal < 1}
    usual = _usual([found.left for found in encrypted.values()])
    partly = {name: found for name, found in encrypted.items() if _is_left(found, usual)}
    largest = max((found.area for found in partly.values()), default=0.0)
    parts = sum(found.parts for found in every.values())
    return Finding(
        check="untouched area",
        found=bool(partly),
        answer=_found(partly, len(pairs)) if partly else _not_found(encrypted, len(pairs)),
        figure=largest,
        unit="share of samples",
        chance=0.0,
        smallest=LEAST if parts else None,
        p_value=min(1.0, parts * 0.5 ** (SIDE**2)) if partly else 1.0,
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


def _in_lines(plain: Samples, difference: Samples) -> tuple[float, str, Mask]:
    """Share of the samples in rows and columns of several values without any difference, which
    ones, and the blocks that they cross; nothing if they are less than an area."""
    rows, columns = (
        clear & (plain.max(axis=across) > plain.min(axis=across))
        for clear, across in zip(clear_lines(difference), ((0, 2), (0, 1)), strict=True)
    )
    marked = rows[:, None] | columns
    left: Mask = np.asarray(_blocks(marked[None]).any(axis=(0, 2, 4)))
    if marked.mean() < LEAST:
        return 0.0, "", np.zeros_like(left)
    return float(marked.mean()), of_lines(rows, columns), left


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
        f"chance, {mostly([found.where for found in partly.values()])}."
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
    if not any(found.parts for found in shown.values()):
        none = (
            f"whether an area is left as it was cannot be seen in images without {SIDE}x{SIDE} "
            f"samples or a row or column of {FEWEST}"
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
