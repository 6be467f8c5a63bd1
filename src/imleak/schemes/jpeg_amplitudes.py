"""Encryption of the bits of AC coefficients that follow their Huffman codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Exposure, Keystream, Level, Raster
from ._coefficients import (
    FIRST,
    Numbers,
    check_depth,
    check_first,
    check_installed,
    coefficients_of,
    differences,
    exposure,
    folded,
    in_raster_order,
    raster_with,
    tables_of,
)
from ._samples import LevelError

Reached = Literal["all", "luma"]


class JpegAmplitudes:
    r"""XOR of the amplitude bits of JPEG coefficients with a keystream.

    The Huffman code of an AC coefficient :math:`c \ne 0` tells the zeros before it and its
    size :math:`n = \lfloor \log_2 |c| \rfloor + 1`; n bits that tell c follow as they are. Of
    the first k AC coefficients in zigzag order these bits are XORed with independent uniform
    ones: every value of the size is then as likely, :math:`2^{n-1} \le |c_E| < 2^n`. The file
    keeps its format, and its size but for stuffed bytes. DC is left as it is.

    Without the key a value of a size is as good as any other. What is left are zeros and
    sizes, and all coefficients that are not reached; sizes are rendered as the value in the
    middle, positive.

    Parameters
    ----------
    first : how many AC coefficients are reached, a level each: rising, 1 to 63.
    components : of all components, or of luma alone, as published.

    Raises
    ------
    NotInstalledError
        If jpeglib is missing.
    LevelError
        If there is no such option; by every method, if `bits` is not 8 or there is no such
        level.

    References
    ----------
    Puech & Rodrigues, "Crypto-compression of medical images by selective encryption of DCT",
    EUSIPCO 2005. Rodrigues, Puech & Bors, "Selective encryption of human skin in JPEG images",
    ICIP 2006. ITU-T T.81, section F.1.2.2.
    """

    name = "jpeg-amplitudes"
    version = "1"
    references = ("puech2005", "rodrigues2006")
    axis = "coefficients whose amplitude bits are encrypted"
    clear_part = "the sizes of coefficients, and the coefficients that are not reached"
    hidden_part = "the values of coefficients of one size"
    needs_jpeg = True

    def __init__(self, first: Sequence[int] = FIRST, components: Reached = "all") -> None:
        check_installed()
        self.first = check_first(first, "first")
        if components not in get_args(Reached):
            raise LevelError(f"components={components!r}: take {' or '.join(get_args(Reached))}")
        self.components = components

    def __repr__(self) -> str:
        return f"{type(self).__name__}(first={self.first}, components={self.components!r})"

    def levels(self, bits: int) -> tuple[Level, ...]:
        """Nothing, and how many coefficients are reached."""
        check_depth(self, bits)
        of = " of luma" if self.components == "luma" else ""
        return (
            Level(0, "nothing encrypted", short="plain"),
            *(_level(rank, k, of) for rank, k in enumerate(self.first, start=1)),
        )

    def encrypt(self, plain: Raster, level: int, keystream: Keystream) -> Raster:
        """The cipher, with its coefficients. Raises ImageError if `plain` has none."""
        found = coefficients_of(self, plain, level)
        if level == 0:
            return plain
        k, tables = self.first[level - 1], tables_of(found)
        for at, table in enumerate(self._reached(tables)):
            reached = table[:, 1 : k + 1]
            count = 2 * reached.size
            taken = keystream.take(count, scheme=self.name, level=level, channel=at)
            reached[...] = _encrypted(reached, taken.view(">u2").reshape(reached.shape))
        return raster_with(plain, tables)

    def decrypt(self, cipher: Raster, level: int, keystream: Keystream) -> Raster:
        """The plain coefficients again: XOR with the same bits undoes itself."""
        return self.encrypt(cipher, level, keystream)

    def encrypted_share(self, plain: Raster, level: int) -> float:
        """Amplitude bits that are reached, of the bits of the JPEG file."""
        found = coefficients_of(self, plain, level)
        k = self.first[level - 1] if level else 0
        reached = self._reached(tables_of(found))
        amplitudes = sum(int(sizes_of(table[:, 1 : k + 1]).sum()) for table in reached)
        return amplitudes / (8 * found.coded_size(found.components))

    def expose(self, cipher: Raster, level: int) -> Exposure:
        """Coefficients with the middle value of their size; its symbols are sizes and other
        coefficients, see :func:`~imleak.schemes._coefficients.exposure`.

        Raises
        ------
        ImageError
            As :meth:`encrypt`.
        """
        found = coefficients_of(self, cipher, level)
        shown = tables_of(found)
        left = [folded(table) for table in shown]
        k = self.first[level - 1] if level else 0
        for table, numbers in zip(self._reached(shown), self._reached(left), strict=True):
            sizes = sizes_of(table[:, 1 : k + 1])
            numbers[:, 1 : k + 1] = sizes
            table[:, 1 : k + 1] = (3 << sizes) >> 2
        dc = [
            in_raster_order(found, at, folded(differences(found, at))) for at in range(len(shown))
        ]
        return exposure(cipher, shown, left, dc)

    def _reached(self, tables: list[Any]) -> list[Any]:
        return tables[:1] if self.components == "luma" else tables


def sizes_of(values: NDArray[np.int16]) -> NDArray[np.int32]:
    """How many bits follow the code of each value; none of 0."""
    sizes: NDArray[np.int32] = np.frexp(np.abs(values.astype(np.int32)))[1]
    return sizes


def _encrypted(values: NDArray[np.int16], words: NDArray[Any]) -> Numbers:
    """Values of the same sizes, of other bits. Negative ones are coded less 1."""
    sizes = sizes_of(values)
    most = (1 << sizes) - 1
    bits = np.where(values < 0, values + most, values) ^ (words & most)
    positive = bits << 1 > most
    found: Numbers = np.where(positive, bits, bits - most)
    return found


def _level(rank: int, k: int, of: str) -> Level:
    reached = (f"AC 1-{k}" if k > 1 else "AC 1") + of
    return Level(
        rank,
        f"amplitudes of {reached} encrypted",
        short=reached,
        phrase=f"with the amplitudes of {reached} encrypted",
    )
