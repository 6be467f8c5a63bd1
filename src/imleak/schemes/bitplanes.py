"""Encryption of bit-planes of every sample."""

from collections.abc import Sequence
from itertools import groupby
from typing import Literal, get_args

import numpy as np

from ..interfaces import Exposure, Keystream, Level, Raster, Samples
from ._samples import LevelError, check_bits, check_raster, encrypted, level_of

Form = Literal["scaled", "shifted"]
End = Literal["high", "low"]


class BitPlanes:
    r"""XOR of s of B bit-planes with a keystream: the most significant ones, or others.

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
    the whole range of samples, which suits encoders trained on photographs. Of other planes
    than the most significant ones, "scaled" sets those that are encrypted to 0 and leaves out
    as many at the top as are encrypted there; "shifted" leaves out all of them.

    Parameters
    ----------
    clear : form of the clear part, "scaled" or "shifted".
    planes : which planes are encrypted, in which order: "high", from the most significant one
        down; "low", from the least significant one up; or their numbers, 0 for the least
        significant one, of which level s takes the first s.

    Raises
    ------
    LevelError
        If `clear` is neither, or there are no such planes; by every method, if `bits` is not
        in 1..16, `level` not in 0..bits or above the number of `planes`, or one of `planes`
        not below `bits`.

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
    >>> [f"{p:08b}" for p in BitPlanes(planes=[7, 2]).expose(image, 2).rendered.flat]
    ['01000110']
    """

    references = ("puteaux2021", "messadi2025")
    name = "bitplanes"
    version = "1"
    axis = "planes encrypted, s"
    clear_part = "the lower planes"
    hidden_part = "the highest planes, which are encrypted"

    def __init__(self, clear: Form = "scaled", planes: End | Sequence[int] = "high") -> None:
        if clear not in get_args(Form):
            raise LevelError(
                f"no form {clear!r} of the clear part: take {' or '.join(get_args(Form))}"
            )
        self.form = clear
        self.planes = planes if isinstance(planes, str) else tuple(planes)
        if self.planes != "high":
            _check_planes(self.planes)
            self.clear_part = "the other planes"
            self.hidden_part = "the planes that are encrypted"
            self.keeps_values = True

    def __repr__(self) -> str:
        planes = "" if self.planes == "high" else f", planes={self.planes!r}"
        return f"{type(self).__name__}(clear={self.form!r}{planes})"

    def levels(self, bits: int) -> tuple[Level, ...]:
        """How many of the bits are encrypted, from 0."""
        check_bits(self, bits)
        return tuple(
            Level(
                s,
                self._label(s, bits),
                short=f"s = {s}",
                phrase=f"at s = {s}",
                leaves_nothing=s == bits,
            )
            for s in range(len(self._order(bits)) + 1)
        )

    def encrypt(self, plain: Raster, level: int, keystream: Keystream) -> Raster:
        """The cipher of equation (2), same shape and type as `plain`. Raises ImageError if `plain`
        is not (C, H, W) uint8 or uint16, or a sample needs more bits."""
        level_of(self, plain.bits, level)
        check_raster(plain)
        everywhere = slice(None)
        mask = sum(1 << plane for plane in self._hidden(plain.bits, level))
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
        kept = self._compact(cipher.samples, cipher.bits, level)
        rendered = self._rendered(cipher.samples, cipher.bits, level)
        size = 1 << (cipher.bits - level)
        return Exposure(rendered, cipher.bits, {"planes": kept}, size, is_empty=size == 1)

    def encrypted_share(self, plain: Raster, level: int) -> float:
        """Planes that are encrypted, of all."""
        level_of(self, plain.bits, level)
        return len(self._hidden(plain.bits, level)) / plain.bits

    def table(self, bits: int, level: int) -> Samples:
        """Clear part of every sample value, (2**bits,) uint8 or, above 8 bits, uint16."""
        level_of(self, bits, level)
        return self._rendered(_values(bits), bits, level)

    def _rendered(self, values: Samples, bits: int, level: int) -> Samples:
        """What values are rendered as."""
        if self.form == "shifted":
            return self._compact(values, bits, level)
        hidden = self._hidden(bits, level)
        at_top = next(n for n in range(bits + 1) if bits - 1 - n not in hidden)
        kept = sum(1 << plane for plane in range(bits) if plane not in hidden)
        return (values & values.dtype.type(kept)) << values.dtype.type(at_top)

    def _compact(self, values: Samples, bits: int, level: int) -> Samples:
        """The planes that are kept of values, one next to the other."""
        hidden, found, place = self._hidden(bits, level), np.zeros_like(values), 0
        for is_hidden, run in groupby(range(bits), hidden.__contains__):
            if not is_hidden:
                lowest, *others = run
                count = 1 + len(others)
                found |= (values >> lowest & (1 << count) - 1) << place
                place += count
        return found

    def _order(self, bits: int) -> Sequence[int]:
        """Planes in the order in which levels encrypt them."""
        if isinstance(self.planes, str):
            return range(bits)[:: -1 if self.planes == "high" else 1]
        if max(self.planes) >= bits:
            raise LevelError(
                f"plane {max(self.planes)} of {bits}-bit samples: they have planes 0..{bits - 1}"
            )
        return self.planes

    def _hidden(self, bits: int, level: int) -> frozenset[int]:
        return frozenset(self._order(bits)[:level])

    def _label(self, level: int, bits: int) -> str:
        if self.planes == "high":
            return f"{level} of {bits} planes encrypted"
        if self.planes == "low":
            return f"{level} lowest of {bits} planes encrypted"
        planes = ", ".join(map(str, self._order(bits)[:level]))
        what = f"plane{'s' * (level > 1)} {planes}" if level else "none"
        return f"{what} of {bits} planes encrypted"


def _values(bits: int) -> Samples:
    return np.arange(1 << bits, dtype=np.uint8 if bits <= 8 else np.uint16)


def _check_planes(planes: str | tuple[int, ...]) -> None:
    if isinstance(planes, str):
        is_one = planes in get_args(End)
    else:
        whole = all(isinstance(plane, int) and plane >= 0 for plane in planes)
        is_one = whole and 0 < len(planes) == len(set(planes))
    if not is_one:
        raise LevelError(f"planes {planes!r}: give high, low, or numbers of planes such as [7, 3]")
