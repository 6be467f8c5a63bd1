"""Plain images and their ciphers, made by anyone, and what a check finds in them."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..interfaces import ImleakError, Pair, Samples

FALSE_ALARM = 1e-6
"""Chance that a check finds something where every keystream is uniform, over all its tests."""
FEWEST = 64
"""Bits below which nothing can be said."""
REACH = 4
"""Samples that are looked at on every side for whether an area is encrypted."""
Operation = Literal["XOR", "addition"]
Values: TypeAlias = NDArray[np.float64]
Signs: TypeAlias = NDArray[np.float32]
"""Bits as -1 and 1, and 0 where a bit does not count."""


@dataclass(frozen=True)
class Finding:
    """What one check says of all pairs at one level.

    Parameters
    ----------
    check : its name.
    found : whether the ciphers have the fault.
    answer : one sentence.
    figure, unit : how strong it is.
    chance : the figure where every keystream is uniform and fresh.
    smallest : the smallest figure that would have been found; None where it is not known.
    p_value : of the evidence under uniform and fresh keystreams, corrected for the number of
        tests; what is not found may have a small one, if it is explained by the images.
    images : names of those concerned.
    of : how many images were looked at.
    details : further figures by name.
    """

    check: str
    found: bool
    answer: str
    figure: float
    unit: str
    chance: float
    smallest: float | None
    p_value: float
    images: tuple[str, ...] = ()
    of: int = 0
    details: Mapping[str, float] = field(default_factory=dict)


Check: TypeAlias = Callable[[Sequence[Pair]], Finding]


@dataclass(frozen=True, eq=False)
class Keystream:
    """What an encryption did to an image, if it was this operation.

    Parameters
    ----------
    operation : XOR, or addition modulo a power of two.
    words : (C, H, W) what was combined with every sample.
    encrypted : (C, H, W) which bits of the words count, see :func:`encrypted_bits`.
    """

    operation: Operation
    words: Samples
    encrypted: Samples


def require(pairs: Sequence[Pair]) -> None:
    """Refuse to check nothing. Raises ImleakError if there are no pairs."""
    if not pairs:
        raise ImleakError("there is nothing to check: give one plain image and its cipher or more")


def keystreams(plain: Samples, cipher: Samples) -> Iterator[Keystream]:
    """The keystream of a pair, if it was XORed and if it was added.

    Addition is of every run of neighbouring planes that the cipher changes, modulo two to the
    number of its planes.
    """
    difference = plain ^ cipher
    bits = encrypted_bits(difference)
    yield Keystream("XOR", difference, bits)
    words, counted = np.zeros_like(plain), np.zeros_like(plain)
    for lowest, count in _runs(int(np.bitwise_or.reduce(difference, axis=None))):
        kind = plain.dtype.type
        planes = kind(((1 << count) - 1) << lowest)
        words |= ((cipher & planes) - (plain & planes)) & planes
        counted |= (bits >> kind(lowest) & kind(1)) * planes
    yield Keystream("addition", words, counted)


def encrypted_bits(difference: Samples) -> Samples:
    """Which bits lie in an encrypted area, (C, H, W) words.

    Equal bits of plain image and cipher come from the keystream in an encrypted area and are
    no evidence outside it. So a bit counts where the cipher differs from the plain image
    within 4 samples above and to the left, above and to the right, and so on: all four. Its
    own row is left out, so whether a bit counts does not depend on the bit. Of a uniform
    keystream 4 bits in a million are not counted. Nor does a bit count in a row or column that
    is in the clear.
    """
    counted = np.full_like(difference, np.iinfo(difference.dtype).max)
    rows, columns = clear_lines(difference)
    counted[:, rows], counted[..., columns] = 0, 0
    for right in (False, True):
        beside = _gather(difference[..., ::-1] if right else difference, 2)
        beside |= difference[..., ::-1] if right else difference
        beside = beside[..., ::-1] if right else beside
        for below in (False, True):
            flipped = beside[:, ::-1] if below else beside
            counted &= _gather(flipped, 1)[:, ::-1] if below else _gather(flipped, 1)
    return counted


def clear_lines(difference: Samples) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Rows (H,) and columns (W,) of 64 samples and more, of all channels, in which none differs.
    Of a uniform keystream one is so with a chance of 2^-64 at most."""
    channels, height, width = difference.shape
    rows, columns = (~difference.any(axis=across) for across in ((0, 2), (0, 1)))
    return rows & (channels * width >= FEWEST), columns & (channels * height >= FEWEST)


def signs(words: Samples, encrypted: Samples, planes: Sequence[int]) -> Signs:
    """Bits as -1 and 1, and 0 where they do not count: (planes, ...) float32."""
    found = np.empty((len(planes), *words.shape), np.float32)
    for plane, out in zip(planes, found, strict=True):
        kind = words.dtype.type
        np.multiply(words >> kind(plane) & kind(1), np.float32(2), out=out)
        out -= 1
        out *= encrypted >> kind(plane) & kind(1)
    return found


def planes_of(words: Samples) -> list[int]:
    """Planes of which any bit is set, the least significant first."""
    every = int(np.bitwise_or.reduce(words, axis=None))
    return [plane for plane in range(every.bit_length()) if every >> plane & 1]


def plane_counts(words: Samples) -> Values:
    """How many words have each bit set, (16,)."""
    bits = np.arange(256)[:, None] >> np.arange(8) & 1
    low, high = words & 0xFF, words >> 8 if words.itemsize > 1 else np.zeros(0, np.uint8)
    counts = [np.bincount(part.ravel(), minlength=256) @ bits for part in (low, high)]
    return np.concatenate(counts).astype(np.float64)


def agreement(one: Samples, other: Samples, counted: Samples) -> tuple[Values, Values]:
    """Bits of every plane that agree less those that do not, and how many count: (16,) each."""
    count = plane_counts(counted)
    return count - 2 * plane_counts((one ^ other) & counted), count


def self_agreement(words: Samples, encrypted: Samples, lag: int) -> tuple[Values, Values]:
    """The same of words and those `lag` further on along the last axis."""
    both = encrypted[..., lag:] & encrypted[..., :-lag]
    return agreement(words[..., lag:], words[..., :-lag], both)


def majority(words: Samples, encrypted: Samples) -> int:
    """The word of the more frequent bit in every plane."""
    is_set = 2 * plane_counts(words & encrypted) > plane_counts(encrypted)
    return int((is_set << np.arange(len(is_set))).sum())


def p_value(excess: Any, count: Any, tests: int) -> Any:
    r"""Bound on the chance that the sum of `count` fair signs is as far from 0 as `excess`.

    Hoeffding's :math:`2 m \exp(-S^2 / 2 N)`, over m tests; exact in its claim for any N.
    """
    return np.minimum(1.0, 2 * tests * np.exp(-(np.square(excess) / np.maximum(count, 1)) / 2))


def smallest_correlation(count: float, tests: int) -> float:
    """Mean of `count` signs at which :func:`p_value` reaches the false-alarm rate."""
    return min(1.0, math.sqrt(2 * math.log(2 * max(tests, 1) / FALSE_ALARM) / max(count, 1)))


def listed(names: Sequence[str], of: int) -> str:
    """How many images, and which if they are few: "2 of 12 images (a, b)"."""
    few = f" ({', '.join(names)})" if len(names) <= 3 and len(names) < of else ""
    return f"{len(names)} of {of} images{few}"


def percent(share: float) -> str:
    """A share with one digit, and two where it is nearly all: "100 %" is all of it."""
    digits = 3 if 0.9995 <= share < 1 else 1
    return f"{math.floor(100 * share * 10**digits + 1e-6) / 10**digits:g} %"


def _gather(words: Samples, axis: int) -> Samples:
    """OR of the REACH words before each along an axis, fewer at the edge."""
    found = np.zeros_like(words)
    for step in range(1, REACH + 1):
        ahead: list[slice] = [slice(None)] * words.ndim
        behind = ahead.copy()
        ahead[axis], behind[axis] = slice(step, None), slice(None, -step)
        found[tuple(ahead)] |= words[tuple(behind)]
    return found


def _runs(planes: int) -> Iterator[tuple[int, int]]:
    """Lowest plane and number of planes of every run of set bits."""
    is_set = [0, *(planes >> plane & 1 for plane in range(16)), 0]
    starts = [at for at in range(16) if is_set[at : at + 2] == [0, 1]]
    ends = [at for at in range(1, 17) if is_set[at : at + 2] == [1, 0]]
    yield from ((start, end - start) for start, end in zip(starts, ends, strict=True))
