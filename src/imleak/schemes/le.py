"""Learnable encryption: one permutation and negation of half samples, for all blocks."""

import numpy as np

from ..interfaces import Exposure, Keystream, Level, Raster, Samples
from ._blocks import as_strings
from ._draws import Draws, Numbers
from ._nibbles import BLOCK, halves, joined, largest, two_levels

PERMUTED, NEGATED = 0, 1
"""Steps, and the channel of the keystream from which each draws."""


class Le:
    r"""Learnable encryption: blocks of 4 x 4 pixels, all scrambled in the same way.

    The image is cut into n blocks of 4 x 4 pixels, all channels together, from the top left, and
    the samples of each into an upper and a lower half, of 4 bits at 8 bits a sample: m = 96
    halves of a block in colour, 32 in grey. One permutation :math:`\pi` of m and m bits r, both
    uniform, serve all blocks of the image; half j of each becomes

    .. math:: h_E(j) = h(\pi(j)) \oplus r_j \, (2^{B/2} - 1).

    So the m sequences of n halves are permuted, and each is negated or not. The orbit is told by
    the multiset of the sequences, each up to its negative, and the clear part writes it as an
    image: every sequence or its negative, the one of smaller sum (where these are equal, the
    lexicographically smaller one), the least rough one first (by the sum of the absolute
    differences of neighbouring blocks, then lexicographically), upper halves before lower ones.
    Rows and columns at the right and at the bottom that fill no block are left as they are, and
    in the clear.

    The scheme was made for networks that learn from ciphers under one key; ``keys="one"`` in a
    study is that.

    Raises
    ------
    LevelError
        By every method, if `bits` is not even and in 2..16 or `level` not 0 or 1.

    References
    ----------
    Tanaka, "Learnable image encryption", IEEE ICCE-Taiwan, 2018.

    Examples
    --------
    >>> image = Raster(np.full((1, 4, 4), 0x3E, np.uint8), bits=8)
    >>> int(Le().expose(image, 1).rendered[0, 0, 0])  # 16 halves of 1, that is 15 - 14, and 16 of 3
    19
    """

    name = "le"
    version = "1"
    references = ("tanaka2018",)
    axis = "blocks scrambled"
    clear_part = "what half samples do from block to block"
    hidden_part = "the places of half samples in their blocks"

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def levels(self, bits: int) -> tuple[Level, ...]:
        """0 and 1."""
        return two_levels(self, bits, f"{BLOCK}x{BLOCK} blocks scrambled alike", "scrambled")

    def encrypt(self, plain: Raster, level: int, keystream: Keystream) -> Raster:
        """The cipher, same shape and type as `plain`. Raises ImageError if `plain` is not (C, H, W)
        uint8 or uint16, a sample needs more bits, or the image is smaller than a block."""
        found = halves(self, plain, level)
        order, masks = self._draw(plain, found.shape[1], level, keystream)
        return joined(plain, found[:, order] ^ masks)

    def decrypt(self, cipher: Raster, level: int, keystream: Keystream) -> Raster:
        """The plain samples again: negated again, and put back."""
        found = halves(self, cipher, level)
        order, masks = self._draw(cipher, found.shape[1], level, keystream)
        return joined(cipher, (found ^ masks)[:, np.argsort(order)])

    def expose(self, cipher: Raster, level: int) -> Exposure:
        """The sequences of halves, or their negatives, in order; its symbols are "samples", the
        image as it is rendered.

        Raises
        ------
        ImageError
            As :meth:`encrypt`.
        """
        found = halves(self, cipher, level)
        if level:
            found = _in_order(cipher, found.T).T
        rendered = joined(cipher, found).samples
        return Exposure(rendered, cipher.bits, {"samples": rendered}, 1 << cipher.bits)

    def _draw(
        self, raster: Raster, m: int, level: int, keystream: Keystream
    ) -> tuple[Numbers, Samples]:
        """Which half comes where, (m,), and what is XORed to it, (m,)."""
        if not level:
            return np.arange(m), np.zeros(m, raster.samples.dtype)
        bits = Draws(keystream, self.name, level, NEGATED).bits(m)
        return Draws(keystream, self.name, level, PERMUTED).permutation(m), bits * largest(raster)


def _in_order(raster: Raster, sequences: Samples) -> Samples:
    """The m sequences (m, n), or their negatives, in their order."""
    negatives = sequences ^ largest(raster)
    sums, other_sums = (each.sum(1, np.int64) for each in (sequences, negatives))
    later = as_strings(negatives) < as_strings(sequences)
    is_other = (other_sums < sums) | ((other_sums == sums) & later)
    chosen = np.where(is_other[:, None], negatives, sequences)
    maps = chosen.reshape(len(chosen), raster.height // BLOCK, raster.width // BLOCK)
    roughness = sum(
        np.abs(np.diff(maps.astype(np.int64), axis=axis)).sum((1, 2)) for axis in (1, 2)
    )
    return chosen[np.lexsort((as_strings(chosen), roughness))]
