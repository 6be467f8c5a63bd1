"""Are the bits of an encrypted plane fair, and independent of all others?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Pair, Samples
from ._pairs import (
    FALSE_ALARM,
    FEWEST,
    Finding,
    Values,
    encrypted_bits,
    listed,
    p_value,
    percent,
    plane_counts,
    require,
    self_agreement,
    signs,
    smallest_correlation,
)

ROWS = 64
"""Rows of an image that are compared at once."""
SAME = 0.9999
"""Correlation of a plane that is another one, or the inverse of it."""
BIAS, RIGHT, BELOW, PLAIN = range(4)
"""Columns of the sums: PLAIN and those behind it are of the planes of the plain image."""
LEAST = 0.01
"""Mean of signs that is evidence in the sum of many images. They are independent if each has a
keystream of its own; where one is used for all, smaller means say that, which has a check of
its own."""


@dataclass(frozen=True, eq=False)
class Planes:
    """The planes of one cipher, or of all together.

    Parameters
    ----------
    excess, count : (B, 3 + B) sums of signs, and how many they are. Of every plane: ones less
        zeros, agreements less disagreements with the next sample to the right, with the one
        below, and with every plane of the plain image.
    is_untouched, is_inverted : (B,) whether no bit, or every bit, differs from the plain one.
    varies : (B,) whether the plane of the plain image holds zeros and ones.
    keeps_ones : (B,) whether there are as many ones as in the plain image.
    """

    excess: Values
    count: Values
    is_untouched: NDArray[np.bool_]
    is_inverted: NDArray[np.bool_]
    keeps_ones: NDArray[np.bool_]
    varies: NDArray[np.bool_]

    @classmethod
    def of(cls, plain: Samples, cipher: Samples, bits: int) -> Self:
        difference = plain ^ cipher
        encrypted = encrypted_bits(difference)
        count = plane_counts(encrypted)
        right = self_agreement(cipher, encrypted, 1)
        below = self_agreement(cipher.swapaxes(1, 2), encrypted.swapaxes(1, 2), 1)
        excess = 2 * plane_counts(cipher & encrypted) - count, right[0], below[0]
        counts = count, right[1], below[1], *[count] * bits
        with_plain = _with_plain(plain, cipher, encrypted, bits)
        changed = plane_counts(difference)[:bits]
        ones = [plane_counts(side)[:bits] for side in (plain, cipher)]
        return cls(
            np.column_stack([*(sums[:bits] for sums in excess), with_plain]),
            np.column_stack(counts)[:bits],
            changed == 0,
            changed == plain.size,
            ones[0] == ones[1],
            (ones[0] > 0) & (ones[0] < plain.size),
        )

    @classmethod
    def together(cls, images: Sequence[Planes], bits: int) -> Self:
        nothing = np.zeros((bits, PLAIN + bits))
        return cls(
            sum((image.excess for image in images), nothing),
            sum((image.count for image in images), nothing),
            is_untouched=np.all([image.is_untouched for image in images], axis=0),
            is_inverted=np.all([image.is_inverted for image in images], axis=0),
            keeps_ones=np.all([image.keeps_ones for image in images], axis=0),
            varies=np.any([image.varies for image in images], axis=0),
        )

    @property
    def correlation(self) -> Values:
        """(B, 3 + B) means of signs; 0 of fewer than can say anything."""
        return np.where(self.count >= FEWEST, self.excess / np.maximum(self.count, 1), 0)

    @property
    def largest(self) -> float:
        """The correlation that is farthest from 0."""
        return float(np.abs(self.correlation).max())

    @property
    def typical(self) -> float:
        """Bits of an encrypted plane."""
        counts = self.count[:, BIAS]
        return float(np.median(counts[counts >= FEWEST])) if (counts >= FEWEST).any() else 0.0

    def p_value(self, tests: int) -> Values:
        """(B, 3 + B) chances that fair coins are as far from 0."""
        return np.where(self.count >= FEWEST, p_value(self.excess, self.count, tests), 1)


@dataclass(frozen=True)
class Evidence:
    """The strongest mean of signs that is none of fair coins.

    Parameters
    ----------
    plane, column : of the sums.
    correlation : the mean.
    p_value : of it, corrected.
    images : numbers of the images that show it; all of them where only the sum does.
    """

    plane: int
    column: int
    correlation: float
    p_value: float
    images: list[int]


def check(pairs: Sequence[Pair]) -> Finding:
    r"""Bias, serial correlation and information of every plane of the ciphers.

    Of the encrypted bits of a plane, as signs: their mean; the mean product of each and the
    next one to the right, and the one below; and of each and the same place in every plane of the
    plain image, so that a plane that was copied elsewhere is found. Under a uniform keystream
    these are means of N fair coins, whatever the plain image. Evidence is what has a chance of
    one in a million over all planes, tests and images; images are tested one by one and summed
    up. It is evidence, too, if planes have exactly as many ones as in the plain image, in every
    image: then they were permuted. An image of which no plane is changed is not encrypted. Planes
    that differ in no image, and do not hold one value alone, are named as not encrypted; they are
    evidence where the most significant one is among them, which shows the image.

    The figure is how much less than one bit a bit is worth, :math:`1 - h((1 + \rho) / 2)`, for
    the mean :math:`\rho` that is farthest from 0.
    """
    require(pairs)
    bits = max(pair.bits for pair in pairs)
    images = [Planes.of(*pair.load(), bits) for pair in pairs]
    names = [pair.name for pair in pairs]
    together = Planes.together(images, bits)
    tests = (len(images) + 1) * bits * (PLAIN + bits)
    bare = [at for at, image in enumerate(images) if image.is_untouched.all()]
    kept, chance_of_kept = kept_ones(images, together)
    evidence = strongest([*images, together], tests)
    smallest = max(LEAST, smallest_correlation(together.typical, tests))
    if bare:
        concerned, p = bare, 0.0
        answer = f"{listed([names[at] for at in bare], len(pairs))} are not encrypted at all"
    elif together.is_inverted.any():
        concerned, p = list(range(len(images))), 0.0
        inverted = np.flatnonzero(together.is_inverted).tolist()
        answer = f"Every bit of {_planes(inverted)} is inverted, in all images"
    elif kept and chance_of_kept < FALSE_ALARM:
        concerned, p = list(range(len(images))), chance_of_kept
        answer = (
            f"Bits are moved, not changed: {_planes(kept)} keep their number of ones in all images"
        )
    elif evidence:
        concerned, p = evidence.images, evidence.p_value
        answer = _sentence(evidence, listed([names[at] for at in concerned], len(names)))
    else:
        concerned, p = [], min(1.0, *(float(i.p_value(tests).min()) for i in (*images, together)))
        answer = (
            "Encrypted bits are fair, and independent of their neighbours and the plain image: an "
            f"excess of {50 * smallest:.1g} % of the bits of a plane would be seen"
        )
    correlation = evidence.correlation if evidence else together.largest
    copied = np.flatnonzero(together.is_untouched & together.varies).tolist()
    is_open = bool(copied) and not together.varies[copied[-1] + 1 :].any()
    if copied and not bare:
        is_or_are = "is" if len(copied) == 1 else "are"
        parts = [answer, f"{_planes(copied)} {is_or_are} not encrypted in any image"]
        if is_open or not concerned:
            parts.reverse()
        answer = "; ".join(f"{part[0].lower()}{part[1:]}" for part in parts)
        answer = f"{answer[0].upper()}{answer[1:]}"
    if is_open and not bare:
        concerned, p = list(range(len(images))), 0.0
    return Finding(
        check="plane entropy",
        found=bool(concerned),
        answer=f"{answer}.",
        figure=1.0 if bare or is_open else deficit(correlation),
        unit="bit/bit",
        chance=0.0,
        smallest=deficit(smallest) if together.typical else None,
        p_value=p,
        images=tuple(names[at] for at in concerned),
        of=len(names),
        details=dict(_details(together)),
    )


def strongest(images: Sequence[Planes], tests: int) -> Evidence | None:
    """The largest mean that is evidence; the last of the images is the sum of the others."""
    p = np.array([image.p_value(tests) for image in images])
    size = np.where(p < FALSE_ALARM, np.abs([image.correlation for image in images]), 0)
    size[-1][size[-1] < LEAST] = 0
    if not size.any():
        return None
    at, plane, column = (int(i) for i in np.unravel_index(np.argmax(size), size.shape))
    alike = np.flatnonzero(size[:-1, plane, column]).tolist() or list(range(len(images) - 1))
    return Evidence(
        plane,
        column,
        float(images[at].correlation[plane, column]),
        float(p[at, plane, column]),
        alike,
    )


def kept_ones(images: Sequence[Planes], together: Planes) -> tuple[list[int], float]:
    r"""Encrypted planes with as many ones as the plain image in every image, and the chance of it.

    N fair coins give a certain number of ones with a chance of :math:`\sqrt{2 / \pi N}` at most.
    """
    is_kept = together.keeps_ones & ~together.is_untouched
    counts = np.array([image.count[is_kept, BIAS] for image in images])
    chances = np.minimum(1, np.sqrt(2 / (np.pi * np.maximum(counts, 1))))
    kept: list[int] = np.flatnonzero(is_kept).tolist()
    return kept, min(1.0, float(2.0 ** len(is_kept) * chances.prod()))


def deficit(correlation: float) -> float:
    """Entropy that a fair coin has more than one with this mean, in bits."""
    shares = np.array([1 + correlation, 1 - correlation]) / 2
    return 1 + float((shares * np.log2(np.maximum(shares, 1e-300))).sum())


def _with_plain(plain: Samples, cipher: Samples, encrypted: Samples, bits: int) -> Values:
    """Sums of products of signs of every plane of the cipher and every plain one, (B, B)."""
    total = np.zeros((bits, bits))
    for start in range(0, plain.shape[1], ROWS):
        strip = (side[:, start : start + ROWS] for side in (plain, cipher, encrypted))
        x, y, counted = strip
        own = signs(y, counted, range(bits)).reshape(bits, -1)
        total += own @ signs(x, ~np.zeros_like(x), range(bits)).reshape(bits, -1).T
    return total


def _sentence(evidence: Evidence, images: str) -> str:
    plane, column = f"plane {evidence.plane}", evidence.column
    agree = percent((1 + abs(evidence.correlation)) / 2)
    more = "agree" if evidence.correlation > 0 else "differ"
    if column == BIAS:
        bit = 1 if evidence.correlation > 0 else 0
        return f"In {images}, {agree} of the encrypted bits of {plane} are {bit}, not half of them"
    if column < PLAIN:
        where = "beside" if column == RIGHT else "below"
        return f"In {images}, {agree} of the encrypted bits of {plane} {more} with the one {where}"
    source = f"plane {column - PLAIN} of the plain image"
    if abs(evidence.correlation) < SAME:
        return f"In {images}, {agree} of the encrypted bits of {plane} {more} with {source}"
    inverse = "" if evidence.correlation > 0 else "the inverse of "
    return f"In {images}, {plane} of the cipher is {inverse}{source}"


def _planes(numbers: Sequence[int]) -> str:
    """Planes by number, such as "planes 0 to 4"."""
    if len(numbers) == 1:
        return f"plane {numbers[0]}"
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"planes {numbers[0]} to {numbers[-1]}"
    return f"planes {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def _details(together: Planes) -> Iterator[tuple[str, float]]:
    for name in ("is_untouched", "is_inverted", "keeps_ones"):
        yield name.replace("_", " "), int(getattr(together, name).sum())
    for plane, row in enumerate(together.correlation):
        if together.count[plane, BIAS] >= FEWEST:
            yield f"plane {plane}, ones", float(1 + row[BIAS]) / 2
            yield f"plane {plane}, equal beside", float(1 + row[RIGHT]) / 2
            yield f"plane {plane}, equal below", float(1 + row[BELOW]) / 2
            yield f"plane {plane}, bits of the plain plane", deficit(float(row[PLAIN + plane]))
