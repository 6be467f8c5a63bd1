"""Encryption of the most significant bit-planes of every sample."""

from typing import Literal, get_args

import numpy as np

from ..interfaces import Exposure, Keystream, Level, Raster, Samples
from ._samples import LevelError, check_bits, check_raster, encrypted, level_of

Form = Literal["scaled", "shifted"]


class BitPlanes:
    r"""XOR of the s most significant of B bit-planes with a keystream.

    A B-bit sample is :math:`p = \sum_{k=0}^{B-1} p^k 2^k` (equation (1)), and its cipher at
    level s has

    .. math:: p_E^k = p^k \oplus b^k, \qquad k = B-s, \dots, B-1

    with independent uniform bits b (equation (2)), other ones for every sample, channel
    and level. Level 0 is the image itself, level B encrypts all of it.

    Without the key the encrypted bits are uniform noise, and a reader who knows s
    (Kerckhoffs's principle) has the clear part, modulo 2^B:

    .. math:: p_C = (p_E \ll s) \gg s \quad (\text{shifted, equation (3)}), \qquad
              p_C = p_E \ll s \quad (\text{scaled, section V}).

    The two are one-to-one, so they carry the same information. "scaled" spreads it over
    the whole range of samples, which suits encoders trained on photographs.

    Parameters
    ----------
    clear : form of the clear part, "scaled" or "shifted".

    Raises
    ------
    LevelError
        If `clear` is neither; by every method, if `bits` is not in 1..16 or `level` not
        in 0..bits.

    References
    ----------
    Puteaux, Itier & Bas, "Combining forensics and privacy requirements for digital
    images", EUSIPCO 2021. Messadi, Cervia & Itier, "Image selective encryption analysis
    using mutual information in CNN based embedding space", section II.

    Examples
    --------
    >>> import numpy as np
    >>> image = Raster(np.array([[[0b1010_0111]]], np.uint8), bits=8)
    >>> [f"{p:08b}" for p in BitPlanes("scaled").expose(image, 3).rendered.flat]
    ['00111000']
    >>> [f"{p:08b}" for p in BitPlanes("shifted").expose(image, 3).rendered.flat]
    ['00000111']
    """

    references = ("puteaux2021", "messadi2025")
    name = "bitplanes"
    version = "1"
    axis = "planes encrypted, s"
    clear_part = "the lower planes"
    hidden_part = "the highest planes, which are encrypted"

    def __init__(self, clear: Form = "scaled") -> None:
        if clear not in get_args(Form):
            raise LevelError(
                f"no form {clear!r} of the clear part: take {' or '.join(get_args(Form))}"
            )
        self.form = clear

    def __repr__(self) -> str:
        return f"{type(self).__name__}(clear={self.form!r})"

    def levels(self, bits: int) -> tuple[Level, ...]:
        """0..B: how many of the most significant bits are encrypted."""
        check_bits(self, bits)
        return tuple(
            Level(
                s,
                f"{s} of {bits} planes encrypted",
                short=f"s = {s}",
                phrase=f"at s = {s}",
                leaves_nothing=s == bits,
            )
            for s in range(bits + 1)
        )

    def encrypt(self, plain: Raster, level: int, keystream: Keystream) -> Raster:
        """The cipher of equation (2), same shape and type as `plain`. Raises ImageError if `plain`
        is not (C, H, W) uint8 or uint16, or a sample needs more bits."""
        level_of(self, plain.bits, level)
        check_raster(plain)
        mask = (1 << plain.bits) - (1 << (plain.bits - level))
        everywhere = slice(None)
        return encrypted(plain, everywhere, everywhere, mask, self.name, level, keystream)

    def decrypt(self, cipher: Raster, level: int, keystream: Keystream) -> Raster:
        """The plain samples again: XOR with the same bits undoes itself."""
        return self.encrypt(cipher, level, keystream)

    def expose(self, cipher: Raster, level: int) -> Exposure:
        """The clear part of equation (3), rendered in its form; its symbols are "planes",
        the value of the clear bits of every sample, 0..2**(B-s) - 1.

        Raises
        ------
        ImageError
            As :meth:`encrypt`.
        """
        level_of(self, cipher.bits, level)
        check_raster(cipher)
        kept = self._kept(cipher.samples, cipher.bits, level)
        size = 1 << (cipher.bits - level)
        rendered = self._rendered(kept, level)
        return Exposure(rendered, cipher.bits, {"planes": kept}, size, is_empty=size == 1)

    def table(self, bits: int, level: int) -> Samples:
        """Clear part of every sample value, (2**bits,) uint8 or, above 8 bits, uint16."""
        level_of(self, bits, level)
        values: Samples = np.arange(1 << bits, dtype=np.uint8 if bits <= 8 else np.uint16)
        return self._rendered(self._kept(values, bits, level), level)

    def _kept(self, samples: Samples, bits: int, level: int) -> Samples:
        return samples & samples.dtype.type((1 << (bits - level)) - 1)

    def _rendered(self, kept: Samples, level: int) -> Samples:
        return kept << kept.dtype.type(level) if self.form == "scaled" else kept
