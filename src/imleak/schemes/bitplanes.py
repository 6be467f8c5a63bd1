"""Encryption of the most significant bit-planes of every sample."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from ..interfaces import ImageError, ImleakError, Keystream, Samples

Form = Literal["scaled", "shifted"]


class LevelError(ImleakError):
    """A level, a bit depth or an option that the scheme does not have."""


class BitPlanes:
    r"""XOR of the s most significant of B bit-planes with a keystream.

    A B-bit sample is :math:`p = \sum_{k=0}^{B-1} p^k 2^k` (equation (1)), and its cipher at
    level s has

    .. math:: p_E^k = p^k \oplus b^k, \qquad k = B-s, \dots, B-1

    with independent uniform bits b (equation (2)), other ones for every sample, channel
    and level. Level 0 is the picture itself, level B encrypts all of it.

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
    >>> picture = np.array([[[0b1010_0111]]], np.uint8)
    >>> [f"{p:08b}" for p in BitPlanes("scaled").clear(picture, 8, 3).flat]
    ['00111000']
    >>> [f"{p:08b}" for p in BitPlanes("shifted").clear(picture, 8, 3).flat]
    ['00000111']
    """

    name = "bitplanes"
    version = "1"

    def __init__(self, clear: Form = "scaled") -> None:
        if clear not in get_args(Form):
            raise LevelError(
                f"no form {clear!r} of the clear part: take {' or '.join(get_args(Form))}"
            )
        self.form = clear

    def __repr__(self) -> str:
        return f"{type(self).__name__}(clear={self.form!r})"

    def levels(self, bits: int) -> range:
        """0..B: how many of the most significant bits are encrypted."""
        if not 1 <= bits <= 16:
            raise LevelError(f"samples of {bits} bits: {self.name} takes 1 to 16 bits")
        return range(bits + 1)

    def encrypt(self, plain: Samples, bits: int, level: int, keystream: Keystream) -> Samples:
        """The cipher of equation (2), same shape and type as `plain` (C, H, W).

        Raises
        ------
        ImageError
            If `plain` is not (C, H, W) uint8 or uint16, or a sample needs more bits.
        """
        self._check(plain, bits, level)
        cipher = plain.copy()
        if level:
            for channel, samples in enumerate(cipher):
                samples ^= self._pad(samples, bits, level, channel, keystream)
        return cipher

    def decrypt(self, cipher: Samples, bits: int, level: int, keystream: Keystream) -> Samples:
        """The plain samples again: XOR with the same bits undoes itself."""
        return self.encrypt(cipher, bits, level, keystream)

    def clear(self, cipher: Samples, bits: int, level: int) -> Samples:
        """The clear part of equation (3), or its scaled form; (C, H, W).

        The clear part of the plain picture is the same.

        Raises
        ------
        ImageError
            As :meth:`encrypt`.
        """
        self._check(cipher, bits, level)
        return self._clear(cipher, bits, level)

    def table(self, bits: int, level: int) -> Samples:
        """Clear part of every sample value, (2**bits,) uint8 or, above 8 bits, uint16."""
        self._check_level(bits, level)
        values: Samples = np.arange(1 << bits, dtype=np.uint8 if bits <= 8 else np.uint16)
        return self._clear(values, bits, level)

    def size(self, bits: int, level: int) -> int:
        """2**(B - s) values of the clear part."""
        self._check_level(bits, level)
        return 1 << (bits - level)

    def _clear(self, samples: Samples, bits: int, level: int) -> Samples:
        integer = samples.dtype.type
        kept = samples & integer((1 << (bits - level)) - 1)
        return kept << integer(level) if self.form == "scaled" else kept

    def _pad(
        self, samples: Samples, bits: int, level: int, channel: int, keystream: Keystream
    ) -> Samples:
        """One word of keystream a sample, of which the s bits at the top of B are kept.

        Words, and their order of bytes, depend on B and not on the container or the
        machine: the cipher of a picture is the same everywhere.
        """
        word = np.dtype(np.uint8 if bits <= 8 else ">u2")
        stream = keystream.take(
            samples.size * word.itemsize, scheme=self.name, level=level, channel=channel
        )
        encrypted = ((1 << level) - 1) << (bits - level)
        words = stream.view(word).reshape(samples.shape) & word.type(encrypted)
        return words.astype(samples.dtype)

    def _check_level(self, bits: int, level: int) -> None:
        if level not in self.levels(bits):
            raise LevelError(f"level {level}: {self.name} of {bits}-bit samples has 0..{bits}")

    def _check(self, samples: Samples, bits: int, level: int) -> None:
        self._check_level(bits, level)
        if samples.ndim != 3 or samples.dtype not in (np.uint8, np.uint16):
            raise ImageError(
                f"samples of shape {samples.shape} and type {samples.dtype}: "
                "give (C, H, W) uint8 or uint16"
            )
        highest = int(samples.max(initial=0))
        if highest >> bits:
            raise ImageError(
                f"a sample is {highest}, more than {bits} bits hold: "
                f"give bits={highest.bit_length()}"
            )
