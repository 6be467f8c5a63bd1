"""Encryption of the signs of the coefficients of a JPEG file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from ..interfaces import Coefficients, Exposure, Keystream, Level, Raster
from ._coefficients import (
    FIRST,
    Numbers,
    check_depth,
    check_first,
    check_installed,
    coefficients_of,
    dc_of,
    differences,
    exposure,
    folded,
    in_raster_order,
    key_bits,
    raster_with,
    tables_of,
)
from ._samples import LevelError

DcLevels = Literal["last", "all", "none"]


class JpegSigns:
    r"""XOR of the signs of quantised JPEG coefficients with a keystream.

    Of every component and block, the first k AC coefficients in zigzag order have

    .. math:: c_E = (-1)^b c

    with independent uniform bits b. Where DC is encrypted too, this is done to the differences
    from block to block that the file codes in its stead; what decoders add up to is then kept
    modulo :math:`2^{16}`. A sign is a bit of its own in the coded data, so that the file keeps
    its format, and its size but for stuffed bytes.

    Without the key a sign is uniform noise. What is left are the magnitudes, the zeros, and
    all coefficients that are not reached; magnitudes are rendered with positive signs, and
    DC, where it is encrypted, as 0, which is mid-grey.

    Parameters
    ----------
    first : how many AC coefficients are reached, a level each: rising, 1 to 63.
    dc : whether DC is encrypted: at a level of its own after the last of these, at all
        levels, or at none.

    Raises
    ------
    NotInstalledError
        If jpeglib is missing.
    LevelError
        If there is no such option; by every method, if `bits` is not 8 or there is no such
        level.

    References
    ----------
    Puech (ed.), "Multimedia Security 2: Biometrics, Video Surveillance and Multimedia
    Encryption", 2022, chapter 4, on selective encryption of JPEG images by the signs of
    coefficients. ITU-T T.81, annex F.
    """

    name = "jpeg-signs"
    version = "1"
    references = ("puech2022",)
    axis = "coefficients whose signs are encrypted"
    clear_part = "the magnitudes of coefficients, and the coefficients that are not reached"
    hidden_part = "the signs of coefficients"
    needs_jpeg = True

    def __init__(self, first: Sequence[int] = FIRST, dc: DcLevels = "last") -> None:
        check_installed()
        self.first = check_first(first, "first")
        if dc not in get_args(DcLevels):
            raise LevelError(f"dc={dc!r}: take {', '.join(get_args(DcLevels))}")
        self.dc = dc
        steps = [(k, dc == "all") for k in self.first]
        self._steps = ((0, False), *steps, *([(self.first[-1], True)] if dc == "last" else []))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(first={self.first}, dc={self.dc!r})"

    def levels(self, bits: int) -> tuple[Level, ...]:
        """Nothing, and how many coefficients are reached."""
        check_depth(self, bits)
        return tuple(
            _level(rank, k, with_dc=with_dc) for rank, (k, with_dc) in enumerate(self._steps)
        )

    def encrypt(self, plain: Raster, level: int, keystream: Keystream) -> Raster:
        """The cipher, with its coefficients. Raises ImageError if `plain` has none."""
        found = coefficients_of(self, plain, level)
        if level == 0:
            return plain
        k, with_dc = self._steps[level]
        tables = tables_of(found)
        for at, table in enumerate(tables):
            shape = (len(table), k)
            bits = key_bits(keystream, shape, self.name, level, channel=2 * at)
            table[:, 1 : k + 1] *= 1 - 2 * bits.astype(np.int16)
            if with_dc:
                stepped = differences(found, at)
                bits = key_bits(keystream, stepped.shape, self.name, level, channel=2 * at + 1)
                table[:, 0] = dc_of(found, at, stepped * (1 - 2 * bits.astype(np.int64)))
        return raster_with(plain, tables)

    def decrypt(self, cipher: Raster, level: int, keystream: Keystream) -> Raster:
        """The plain coefficients again: a sign that is changed twice is as it was."""
        return self.encrypt(cipher, level, keystream)

    def encrypted_share(self, plain: Raster, level: int) -> float:
        """Signs that are reached, of the bits of the JPEG file."""
        found = coefficients_of(self, plain, level)
        k, with_dc = self._steps[level]
        tables = tables_of(found)
        signs = sum(int(np.count_nonzero(table[:, 1 : k + 1])) for table in tables)
        if with_dc:
            signs += sum(int(np.count_nonzero(differences(found, at))) for at in range(len(tables)))
        return signs / (8 * found.coded_size(found.components))

    def expose(self, cipher: Raster, level: int) -> Exposure:
        """Coefficients with positive signs; its symbols are theirs, see
        :func:`~imleak.schemes._coefficients.exposure`.

        Raises
        ------
        ImageError
            As :meth:`encrypt`.
        """
        found = coefficients_of(self, cipher, level)
        k, with_dc = self._steps[level]
        shown = tables_of(found)
        for table in shown:
            np.abs(table[:, 1 : k + 1], out=table[:, 1 : k + 1])
            if with_dc:
                table[:, 0] = 0
        left = [folded(table) for table in shown]
        for table, numbers in zip(shown, left, strict=True):
            numbers[:, 1 : k + 1] = table[:, 1 : k + 1]
        dc = [_of_dc(found, at, signed=not with_dc) for at in range(len(shown))]
        return exposure(cipher, shown, left, dc)


def _of_dc(found: Coefficients, component: int, *, signed: bool) -> Numbers:
    stepped = differences(found, component)
    return in_raster_order(found, component, folded(stepped) if signed else np.abs(stepped))


def _level(rank: int, k: int, *, with_dc: bool) -> Level:
    if not rank:
        return Level(0, "nothing encrypted", short="plain")
    reached = ("DC and " if with_dc else "") + (f"AC 1-{k}" if k > 1 else "AC 1")
    return Level(
        rank,
        f"signs of {reached} encrypted",
        short=reached.replace(" and", ","),
        phrase=f"with the signs of {reached} encrypted",
    )
