r"""Images that were encrypted elsewhere, two of them with one keystream.

Such a cipher has no header to tell. But where its most significant bits are encrypted they
look random, which those of an image never do, and so does their XOR with those of another
cipher, unless both have the same keystream: the XOR is then that of the two images.

Of n bits :math:`b_i` that are random, independent and uniform, so are the signs
:math:`(-1)^{b_i}` and the products of neighbouring signs. By Hoeffding's inequality the sum of
n such signs exceeds :math:`t \sqrt n` with probability at most :math:`2 e^{-t^2/2}`; t is
chosen so that all pairs of a study together raise a false alarm in one of a million studies.

References
----------
Hoeffding, "Probability inequalities for sums of bounded random variables", JASA 1963.
"""

import math
from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Image

FALSE_ALARM = 1e-6
"""Probability that independent keystreams are taken for one, over all pairs of a study."""
MOST_BITS = 1 << 14
"""Bits of an image that are looked at: the first ones, row by row."""
FEWEST_BITS = 1 << 10
"""Bits of an image that is looked at."""
MOST_CIPHERS = 512
"""Ciphers that are compared, each with each; the first ones."""
RANDOM = 4.0
"""Standard deviations that balance and lag of random bits may have: more in 1 of 8,000."""
_AT_ONCE = 1 << 12


def trace(image: Image) -> bytes | None:
    """The leading bits of an image, packed, if they look random; None if they do not.

    They are of the first channel, row by row, as most ciphers of samples go.
    """
    first = image.samples[0].ravel()[:MOST_BITS]
    bits = (first >> (image.bits - 1)).astype(np.uint8) & 1
    count = len(bits) - len(bits) % 8
    if count < FEWEST_BITS:
        return None
    signs = _signs(bits[:count])
    if max(abs(signs.sum()), abs((signs[1:] * signs[:-1]).sum())) > RANDOM * math.sqrt(count):
        return None
    return np.packbits(bits[:count]).tobytes()


class Traces:
    """Leading bits of the first :data:`MOST_CIPHERS` images that look encrypted; others count."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: dict[int, tuple[str, bytes]] = {}

    def add(self, place: int, name: str, found: bytes) -> None:
        """The trace of an image and its place among all, in any order."""
        self.count += 1
        self._kept[place] = name, found
        if len(self._kept) > MOST_CIPHERS:
            del self._kept[max(self._kept)]

    def reused(self, among: Collection[str]) -> list[list[str]]:
        """Groups of those of some images that have one keystream, by name."""
        from scipy.sparse.csgraph import connected_components

        traces = dict(one for _, one in sorted(self._kept.items()) if one[0] in among)
        names = list(traces)
        alike = _alike(list(traces.values())) if len(names) > 1 else np.empty((0, 0))
        count, group = connected_components(alike, directed=False)
        found = [
            [name for name, own in zip(names, group, strict=False) if own == at]
            for at in range(count)
        ]
        return [together for together in found if len(together) > 1]

    def warnings(self, among: Collection[str]) -> Iterator[str]:
        """What a user must know of some images, a line a keystream."""
        for names in self.reused(among):
            which = f"{', '.join(names[:-1])} and {names[-1]}"
            yield (
                f"KEYSTREAM REUSED? The leading bits of {which} look encrypted, and their XOR "
                "does not look random: if they are ciphers of one keystream, it shows the "
                "images."
            )
        if self.count > MOST_CIPHERS:
            yield (
                f"{self.count:,} images look encrypted; the first {MOST_CIPHERS} were compared "
                "for a keystream used twice."
            )


def _alike(traces: list[bytes]) -> NDArray[np.bool_]:
    """(k, k) whether the XOR of two is not random, over the bits both have."""
    k, pairs = len(traces), math.comb(len(traces), 2)
    bits = [np.unpackbits(np.frombuffer(one, np.uint8)) for one in traces]
    longest = max(map(len, bits))
    balance, lag = np.zeros((k, k), np.float64), np.zeros((k, k), np.float64)
    for start in range(0, longest, _AT_ONCE):
        signs = np.zeros((k, _AT_ONCE + 1), np.float32)  # zero where one has ended
        for row, one in zip(signs, bits, strict=True):
            part = _signs(one[start : start + _AT_ONCE + 1])
            row[: len(part)] = part
        products = signs[:, 1:] * signs[:, :-1]
        balance += signs[:, :-1] @ signs[:, :-1].T
        lag += products @ products.T
    common = np.minimum.outer(*[[len(one) for one in bits]] * 2)
    limit = math.sqrt(2 * math.log(2 * 2 * pairs / FALSE_ALARM)) * np.sqrt(common)
    found: NDArray[np.bool_] = (np.abs(balance) > limit) | (np.abs(lag) > limit)
    np.fill_diagonal(found, val=False)
    return found


def _signs(bits: NDArray[np.uint8]) -> NDArray[np.float32]:
    return 1 - 2 * bits.astype(np.float32)
