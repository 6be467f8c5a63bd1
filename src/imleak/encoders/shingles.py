"""Which small windows an image contains, wherever they are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Features, Samples
from ._whole import WholeImageEncoder

SIDE = 8
"""Side of a window, in samples."""
BINS = 1024
EMPTY = 0xFFFFFFFF

ODD = (0x9E3779B1, 0xC2B2AE35, 0x85EBCA6B, 0x27D4EB2F)
"""Multipliers of hash functions on 32 bits."""
Hashes = NDArray[np.uint32]


class Shingles(WholeImageEncoder):
    r"""A sketch of the set of all 8x8 windows of a whole image.

    Every window is hashed; the hashes fall into 1024 bins, and of each bin one bit of the
    smallest hash is kept, as -1 or 1, with 0 for an empty bin. The cosine of two sketches
    estimates the Jaccard index of the two sets of windows,

    .. math:: J = \frac{|A \cap B|}{|A \cup B|},

    with a standard deviation of about 1/32. A crop shares all of its windows with its image,
    to the bit, at whatever place, and images that are not copies share only flat ones.

    References
    ----------
    Broder, "On the resemblance and containment of documents", SEQUENCES 1997. Li, Owen,
    Zhang, "One permutation hashing", NIPS 2012. Li, König, "b-bit minwise hashing", WWW 2010.
    """

    references = ("broder1997", "li2012", "li2010")
    name = "shingles"

    def __init__(self) -> None:
        super().__init__(BINS, f"{SIDE}x{SIDE}")

    def vector(self, samples: Samples, _: int) -> Features:
        """(1024,) of -1, 0 and 1."""
        distinct = samples[:1] if (samples == samples[:1]).all() else samples
        smallest = np.full(BINS, EMPTY, np.uint32)
        for channel in distinct:
            hashes = windows(channel).ravel()
            np.minimum.at(smallest, hashes % np.uint32(BINS), hashes)
        filled = smallest != EMPTY
        bit = _mixed(smallest[filled], ODD[3]) >> np.uint32(31)
        sketch = np.zeros(BINS, np.float32)
        sketch[filled] = 2 * bit.astype(np.float32) - 1
        return sketch


def windows(channel: NDArray[np.unsignedinteger[Any]]) -> Hashes:
    """(H - 7, W - 7) hashes of the windows of one channel (H, W); a side below 8 is
    continued by its last samples."""
    missing = [(0, max(0, SIDE - side)) for side in channel.shape]
    hashes = np.pad(channel, missing, mode="edge").astype(np.uint32)
    factor = ODD[0]
    for step in (1, 2, 4):  # polynomials of two samples in a row, of four, of eight
        hashes = hashes[:, :-step] * np.uint32(factor) + hashes[:, step:]
        factor = factor * factor % (1 << 32)
    hashes, factor = _mixed(hashes, ODD[2]), ODD[1]
    for step in (1, 2, 4):  # and of as many rows
        hashes = hashes[:-step] * np.uint32(factor) + hashes[step:]
        factor = factor * factor % (1 << 32)
    return _mixed(_mixed(hashes, ODD[2]), ODD[0])


def _mixed(hashes: Hashes, factor: int) -> Hashes:
    """The same with all bits depending on all, one to one."""
    mixed = (hashes ^ (hashes >> np.uint32(15))) * np.uint32(factor)
    mixed ^= mixed >> np.uint32(16)
    return mixed
