"""Extended learnable encryption: a key for every block, and blocks permuted."""

import numpy as np

from ..interfaces import Exposure, Keystream, Level, Raster, Samples
from ._blocks import as_strings
from ._draws import Draws, Numbers
from ._nibbles import BLOCK, halves, joined, largest, two_levels

PERMUTED, NEGATED, PLACES = 0, 1, 2
"""Steps, and the channel of the keystream from which each draws."""


class Ele:
    r"""Extended learnable encryption: blocks of 4 x 4 pixels, each scrambled in its own way, and
    permuted.

    Blocks and their m half samples are those of :class:`imleak.schemes.le.Le`. Every block has a
    permutation of its halves and m bits of its own that negate them, all uniform, and the n blocks
    are permuted, one of n! ways. Under the halves of a block that is an orbit of a multiset of
    :math:`\min(h,\, 2^{B/2} - 1 - h)`, and the orbit of the image is told by the multiset of these.
    The clear part writes it as an image: the smaller of every half and its negative, the largest
    first, upper halves before lower ones, and the blocks sorted lexicographically by that. Rows
    and columns at the right and at the bottom that fill no block are left as they are, and in
    the clear.

    Raises
    ------
    LevelError
        By every method, if `bits` is not even and in 2..16 or `level` not 0 or 1.

    References
    ----------
    Madono, Tanaka, Onishi & Ogawa, "Block-wise scrambled image recognition using adaptation
    network", AAAI Workshop on Artificial Intelligence of Things, 2020.

    Examples
    --------
    >>> image = Raster(np.full((1, 4, 4), 0x3E, np.uint8), bits=8)
    >>> int(Ele().expose(image, 1).rendered[0, 0, 0])  # 16 halves of 3, and 16 of 1, 15 - 14
    49
    """

    name = "ele"
    version = "1"
    references = ("madono2020",)
    axis = "blocks scrambled"
    clear_part = "the half samples of every block, up to their negatives"
    hidden_part = "the places of half samples and blocks"

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def levels(self, bits: int) -> tuple[Level, ...]:
        """0 and 1."""
        label = f"{BLOCK}x{BLOCK} blocks scrambled singly and permuted"
        return two_levels(self, bits, label, "scrambled")

    def encrypt(self, plain: Raster, level: int, keystream: Keystream) -> Raster:
        """The cipher, same shape and type as `plain`. Raises ImageError if `plain` is not (C, H, W)
        uint8 or uint16, a sample needs more bits, or the image is smaller than a block."""
        found = halves(self, plain, level)
        if level:
            orders, masks, places = self._draw(plain, found, level, keystream)
            found = (np.take_along_axis(found, orders, axis=1) ^ masks)[places]
        return joined(plain, found)

    def decrypt(self, cipher: Raster, level: int, keystream: Keystream) -> Raster:
        """The plain samples again: the steps undone, the last one first."""
        found = halves(self, cipher, level)
        if level:
            orders, masks, places = self._draw(cipher, found, level, keystream)
            negated = found[np.argsort(places)] ^ masks
            found = np.take_along_axis(negated, np.argsort(orders, axis=1), axis=1)
        return joined(cipher, found)

    def expose(self, cipher: Raster, level: int) -> Exposure:
        """The halves of every block in order, and the blocks in order; its symbols are "samples",
        the image as it is rendered.

        Raises
        ------
        ImageError
            As :meth:`encrypt`.
        """
        found = halves(self, cipher, level)
        if level:
            smaller = np.sort(np.minimum(found, found ^ largest(cipher)), axis=1)[:, ::-1]
            found = smaller[np.argsort(as_strings(smaller))]
        rendered = joined(cipher, found).samples
        return Exposure(rendered, cipher.bits, {"samples": rendered}, 1 << cipher.bits)

    def _draw(
        self, raster: Raster, found: Samples, level: int, keystream: Keystream
    ) -> tuple[Numbers, Samples, Numbers]:
        """Which half of a block comes where, and what is XORed to it, both (n, m); and which
        block comes where, (n,)."""
        permuted, negated, places = (
            Draws(keystream, self.name, level, step) for step in (PERMUTED, NEGATED, PLACES)
        )
        bits = negated.bits(found.size).reshape(found.shape)
        return (
            permuted.permutations(*found.shape),
            bits * largest(raster),
            places.permutation(len(found)),
        )
