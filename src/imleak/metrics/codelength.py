"""Lossless code length of the clear part."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Bound, Exposure, ImleakError, Measurement, Observation, Samples
from ._observed import PerImage, nested

WEBP_LONGEST_SIDE = 16383

PACKED = 16
"""Values of which WebP packs several to a byte. Of more, it is slower than JPEG XL, and longer."""

TRIAL_EFFORT, TRIAL_SHARE = 2, 0.9
"""A quick trial, and what the best code of a photograph is to it at the least, as a rule."""
FILE_SHARE = 0.8
"""The same where it is the code of a file that is to be shortened: by another kind of code, whose
trials say less."""


class CodeLength(PerImage):
    r"""Length of the best lossless code found for the clear part, in bits per pixel.

    With a fresh uniform keystream all that the cipher X_E says of the plain image X is
    its clear part, and no code is shorter on average than the entropy:

    .. math:: I(X; X_E) = H(X_C) \le E[\ell(X_C)]

    so the mean over images is an upper bound, and unlike a histogram it sees what
    neighbouring samples say about each other. The code is the shortest of JPEG XL
    and WebP, both lossless, and raw bits; each is decoded and compared. Where the clear
    part of one level can be computed from that of the one before, its entropy is no
    larger and neither is the bound: the running minimum over levels. The samples are
    renumbered 0, 1, ... over the values a scheme can give, so both forms of a shifted
    clear part have one code. Colour is coded jointly; its pixels count once a channel.
    Which codec and which level was the shortest would take a byte an image: left out.

    Of an image that was decoded from a JPEG file the file is a code too, and so of every clear
    part: without metadata, transcoded to JPEG XL without loss where that is possible, and
    decoded by the decoder that reads the images. Of grey made of a file in colour it is the
    luma of the file, followed by the samples that differ from what is decoded from it. Each
    measurement says its length in `details`, as ``file``. Where coefficients are encrypted,
    their file is the code and the samples of the image are none.

    Any code is a bound, so time is not spent where it would not lower the bound: a level is
    coded only if 0.9 of its length in a quick trial is below the bound of the level before, or
    0.8 if that is the file, and WebP codes only levels of 16 values or fewer.

    Parameters
    ----------
    effort : of JPEG XL, 1..9; at 9 three to four times as slow as at 6.
    method : of WebP, 0..6. 5 takes three times as long as 4 and is shorter by up to .05 bit.
    exhaustive : code every level with both codecs. On six photographs each of COCO and ADE20K,
        JPEG files, grey and in colour, this gained less than .001 bit; on 24 without their
        files .034 at most, .005 in the mean. It takes twice the time or more.

    Raises
    ------
    ImleakError
        If an option has no such value.

    References
    ----------
    Cover and Thomas, "Elements of information theory", section 5.4; ISO/IEC 18181-2, annex A,
    on JPEG files in JPEG XL.
    """

    references = ("cover2006",)
    name = "codelength"
    version = "3"
    unit = "bit/pixel"
    bound: Bound = "upper"

    def __init__(self, *, effort: int = 6, method: int = 4, exhaustive: bool = False) -> None:
        if effort not in range(1, 10):
            raise ImleakError(f"effort of JPEG XL is 1..9, not {effort}")
        if method not in range(7):
            raise ImleakError(f"method of WebP is 0..6, not {method}")
        self.effort = effort
        self.method = method
        self.exhaustive = exhaustive

    def measure(self, observation: Observation) -> list[Measurement]:
        """One value a level, in bits per pixel; the ceiling is log2 |Y|.

        Raises
        ------
        ImleakError
            If a codec does not give back what it was given.
        """
        of_file = self._of_file(observation)
        plain = self._plain(observation, of_file)
        details = {"file": of_file} if math.isfinite(of_file) else {}
        bound, found = plain, []
        for level, is_nested in zip(observation.levels, nested(observation), strict=True):
            if not is_nested:
                bound = plain  # every clear part can be computed from the plain image
            exposure = observation.exposure(level)
            symbols = Symbols.of(exposure, observation.plain.size)
            bound = min(bound, symbols.most)
            if observation.file_sizes or not np.array_equal(exposure.rendered, observation.plain):
                share = FILE_SHARE if bound == of_file else TRIAL_SHARE
                bound = self._shorter(symbols, bound, share)
            found.append(self.at(level, bound, ceiling=symbols.most, details=details))
        return found

    def _plain(self, observation: Observation, of_file: float = math.inf) -> float:
        """Bits per pixel of the plain image, of which its file is a code. Its samples are none
        of coefficients, where these are encrypted."""
        if observation.file_sizes:
            return of_file
        size = 2**observation.bits
        symbols = Symbols((_rows(observation.plain, size),), size, observation.plain.size)
        if of_file < symbols.most:
            return self._shorter(symbols, of_file, FILE_SHARE)
        return min(symbols.most, self._length(symbols))

    def _of_file(self, observation: Observation) -> float:
        """Bits per pixel of the file of the plain image, and of the samples that differ from those
        that are decoded from its code; infinite without a file."""
        if observation.file_code is None:
            return math.inf
        code, plain = observation.file_code(), observation.plain
        size = code.size
        if not np.array_equal(code.samples, plain):
            size += jpeg_xl(_rows(_differences(plain, code.samples), 256), TRIAL_EFFORT)
        return 8 * size / plain.size

    def _shorter(self, symbols: Symbols, bound: float, share: float) -> float:
        """Bits per pixel of a code of the symbols, if it is below `bound`; else that. None is
        looked for if `share` of a quick trial is not below."""
        if not bound:
            return bound
        if not self.exhaustive:
            trial = symbols.per_pixel(len(_jpeg_xl(rows, TRIAL_EFFORT)) for rows in symbols.arrays)
            if share * trial >= bound:
                return bound
        return min(bound, self._length(symbols))

    def _length(self, symbols: Symbols) -> float:
        """Bits per pixel of the shorter code of each array of symbols."""
        return symbols.per_pixel(self._shortest(rows, symbols.size) for rows in symbols.arrays)

    def _shortest(self, rows: NDArray[Any], size: int) -> int:
        """Bytes of the shorter code of rows (H, W, C) of `size` values."""
        fits_webp = rows.dtype == np.uint8 and max(rows.shape) <= WEBP_LONGEST_SIDE
        if fits_webp and (self.exhaustive or size <= PACKED):
            return min(jpeg_xl(rows, self.effort), webp(rows, self.method))
        return jpeg_xl(rows, self.effort)


@dataclass(frozen=True, eq=False)
class Symbols:
    """All that is left in the clear of an image, to be coded.

    Parameters
    ----------
    arrays : (H, W, C) uint8 or uint16 each.
    size : values that a symbol can take.
    pixels : samples of the image.
    """

    arrays: tuple[NDArray[Any], ...]
    size: int
    pixels: int

    @classmethod
    def of(cls, exposure: Exposure, pixels: int) -> Self:
        """The symbols of an exposure; of as many values as their bits hold, if that is not
        known. One of more than two axes is coded as an image, others as a line."""
        arrays = tuple(exposure.symbols.values())
        size = exposure.size or max(1 << 8 * array.dtype.itemsize for array in arrays)
        return cls(tuple(_rows(array, size) for array in arrays if array.size), size, pixels)

    @property
    def most(self) -> float:
        """Bits per pixel without a code."""
        return math.log2(self.size) * sum(rows.size for rows in self.arrays) / self.pixels

    def per_pixel(self, lengths: Iterable[int]) -> float:
        """Bytes of all arrays, in bits per pixel."""
        return 8 * sum(lengths) / self.pixels


def jpeg_xl(rows: NDArray[Any], effort: int) -> int:
    """Bytes of the lossless JPEG XL of rows (H, W, C), uint8 or uint16.

    Raises
    ------
    ImleakError
        If it does not decode to the same samples.
    """
    import imagecodecs

    code = _jpeg_xl(rows, effort)
    _check("JPEG XL", rows, imagecodecs.jpegxl_decode(code, numthreads=1))
    return len(code)


def webp(rows: NDArray[np.uint8], method: int) -> int:
    """Bytes of the lossless WebP of rows (H, W, C); grey is repeated, which costs nothing.

    Raises
    ------
    ImleakError
        If it does not decode to the same samples.
    """
    import imagecodecs

    colour = np.broadcast_to(rows, (*rows.shape[:2], 3)).copy()
    code = imagecodecs.webp_encode(colour, lossless=True, method=method, numthreads=1)
    _check("WebP", colour, imagecodecs.webp_decode(code))
    return len(code)


def _rows(symbols: NDArray[np.integer[Any]], size: int) -> NDArray[Any]:
    """(H, W, C) of symbols (C, H, W), or a line (1, n, 1) of others, in bytes if `size` fits."""
    planes = symbols if symbols.ndim == 3 else symbols.reshape(1, 1, -1)
    return np.moveaxis(planes, 0, -1).astype(np.uint8 if size <= 256 else np.uint16, order="C")


def _differences(one: Samples, other: Samples) -> NDArray[np.uint8]:
    """Differences of 8-bit samples modulo 256: 0, -1, 1, -2, ... as 0, 1, 2, 3, ..."""
    steps = (one - other).view(np.int8)
    return ((steps << 1) ^ (steps >> 7)).view(np.uint8)


def _jpeg_xl(rows: NDArray[Any], effort: int) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.jpegxl_encode(rows, lossless=True, effort=effort, numthreads=1))


def _check(codec: str, rows: NDArray[Any], decoded: NDArray[Any]) -> None:
    if not np.array_equal(decoded.reshape(rows.shape), rows):
        raise ImleakError(
            f"{codec} of imagecodecs is not lossless here; another version may be: "
            "pip install --upgrade imagecodecs"
        )
