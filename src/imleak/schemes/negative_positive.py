"""Pixel-based encryption: samples negated, the channels of every pixel permuted."""

from itertools import permutations

import numpy as np

from ..interfaces import Exposure, Keystream, Level, Raster, Samples
from ._draws import Draws, Numbers
from ._samples import check_bits, check_raster, level_of

NEGATED, PERMUTED = 1, 2
CHANNELS = 3
"""The step, and channel of the keystream, in which the channels of pixels are permuted."""


class NegativePositive:
    r"""Samples negated or not, pixel by pixel; the channels of every pixel permuted as well.

    With independent uniform key bits r, one for every sample of B bits, level 1 has

    .. math:: p_E = \begin{cases} p, & r = 0 \\ 2^B - 1 - p, & r = 1, \end{cases}

    and level 2 permutes the channels of every pixel as well, each of the 6 ways equally often;
    a grey image has one channel, so its level 2 is level 1. A sample has an orbit of two
    values, a pixel of three channels one of up to 48, and the clear part is

    .. math:: \min(p,\, 2^B - 1 - p),

    of which level 2 leaves the three of a pixel in rising order. Samples of one bit are
    encrypted whole.

    Raises
    ------
    LevelError
        By every method, if `bits` is not in 1..16 or `level` not in 0..2.

    References
    ----------
    Sirichotedumrong, Kinoshita & Kiya, "Pixel-based image encryption without key management for
    privacy-preserving deep neural networks", IEEE Access 7, 2019. Chang & Case, "Attacks on
    image encryption schemes for privacy-preserving deep neural networks", arXiv:2004.13263,
    2020.

    Examples
    --------
    >>> image = Raster(np.array([[[200]], [[60]], [[10]]], np.uint8), bits=8)
    >>> NegativePositive().expose(image, 1).rendered.ravel()
    array([55, 60, 10], dtype=uint8)
    >>> NegativePositive().expose(image, 2).rendered.ravel()
    array([10, 55, 60], dtype=uint8)
    """

    name = "negative-positive"
    version = "1"
    references = ("sirichotedumrong2019", "chang2020")
    axis = "steps taken on samples"
    clear_part = "the smaller of every sample and its negative"
    hidden_part = "which samples are negated"
    keeps_values = True

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def levels(self, bits: int) -> tuple[Level, ...]:
        """0..2: how many of the steps are taken."""
        check_bits(self, bits)
        label = "random samples negated"
        return (
            Level(0, "nothing encrypted", short="plain"),
            Level(NEGATED, label, short="negated", leaves_nothing=bits == 1),
            Level(
                PERMUTED,
                f"{label}, channels permuted",
                short="+ channels",
                leaves_nothing=bits == 1,
            ),
        )

    def encrypt(self, plain: Raster, level: int, keystream: Keystream) -> Raster:
        """The cipher, same shape and type as `plain`. Raises ImageError if `plain` is not (C, H, W)
        uint8 or uint16, or a sample needs more bits."""
        self._check(plain, level)
        negated = plain.samples ^ self._masks(plain, level, keystream)
        return Raster(_mixed(negated, self._orders(plain, level, keystream)), plain.bits)

    def decrypt(self, cipher: Raster, level: int, keystream: Keystream) -> Raster:
        """The plain samples again: the steps undone, the last one first."""
        self._check(cipher, level)
        orders = np.argsort(self._orders(cipher, level, keystream), axis=0)
        mixed = _mixed(cipher.samples, orders)
        return Raster(mixed ^ self._masks(cipher, level, keystream), cipher.bits)

    def expose(self, cipher: Raster, level: int) -> Exposure:
        """The smaller of every sample and its negative, at level 2 sorted over channels; its
        symbols are "samples", the same.

        Raises
        ------
        ImageError
            As :meth:`encrypt`.
        """
        self._check(cipher, level)
        clear, size = cipher.samples, 1 << cipher.bits
        if level >= NEGATED:
            clear, size = _smaller(clear, cipher.bits), size >> 1
        if level >= PERMUTED:
            clear = np.sort(clear, axis=0)
        return Exposure(clear, cipher.bits, {"samples": clear}, size, is_empty=size == 1)

    def table(self, bits: int, level: int) -> Samples | None:
        """Clear part of every sample value, (2**bits,) uint8 or, above 8 bits, uint16; None where
        channels are permuted, and a clear sample depends on others."""
        level_of(self, bits, level)
        values: Samples = np.arange(1 << bits, dtype=np.uint8 if bits <= 8 else np.uint16)
        if level >= PERMUTED:
            return None
        return _smaller(values, bits) if level else values

    def _check(self, raster: Raster, level: int) -> None:
        level_of(self, raster.bits, level)
        check_raster(raster)

    def _masks(self, raster: Raster, level: int, keystream: Keystream) -> Samples:
        """(C, H, W): all bits of the samples that are negated."""
        masks = np.zeros_like(raster.samples)
        for channel, mask in enumerate(masks if level >= NEGATED else ()):
            bits = Draws(keystream, self.name, level, channel).bits(mask.size)
            mask[:] = bits.reshape(mask.shape) * mask.dtype.type((1 << raster.bits) - 1)
        return masks

    def _orders(self, raster: Raster, level: int, keystream: Keystream) -> Numbers:
        """(C, H, W): which channel comes where."""
        channels, height, width = raster.samples.shape
        ways = np.array(list(permutations(range(channels))))
        if level < PERMUTED:
            return np.broadcast_to(ways[0][:, None, None], raster.samples.shape)
        drawn = Draws(keystream, self.name, level, CHANNELS).below(len(ways), height * width)
        return ways[drawn].T.reshape(raster.samples.shape)


def _smaller(samples: Samples, bits: int) -> Samples:
    """The smaller of every sample and its negative."""
    found: Samples = np.minimum(samples, samples ^ samples.dtype.type((1 << bits) - 1))
    return found


def _mixed(samples: Samples, orders: Numbers) -> Samples:
    return np.take_along_axis(samples, orders, axis=0)
