"""Lossless code length of the clear part."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Bound, ImleakError, Measurement, Observation, Samples
from ._observed import PerImage

WEBP_LONGEST_SIDE = 16383

PACKED = 16
"""Values of which WebP packs several to a byte. Of more, it is slower than JPEG XL, and longer."""
TRIAL_EFFORT, TRIAL_SHARE = 2, 0.9
"""A quick trial, and what the best code of a photograph is to it at the least."""


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

    Any code is a bound, so time is not spent where it would not lower the bound: a level is
    coded only if 0.9 of its length in a quick trial is below the bound of the level before,
    and WebP codes only levels of 16 values or fewer.

    Parameters
    ----------
    effort : of JPEG XL, 1..9; at 9 three to four times as slow as at 6.
    method : of WebP, 0..6. 5 takes three times as long as 4 and is shorter by up to .05 bit.
    exhaustive : code every level with both codecs. On 24 photographs of COCO and ADE20K,
        at effort 7, this is shorter by .005 bit at most in the mean and .034 in any image, at
        twice the time (1.4 s for .7 s, 640x480 pixels, all levels).

    Raises
    ------
    ImleakError
        If an option has no such value.

    References
    ----------
    Cover and Thomas, "Elements of information theory", section 5.4.
    """

    name = "codelength"
    version = "2"
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
        """One value a level, in bits per pixel; the ceiling is log2 |Y|. Raises ImleakError if a
        codec does not give back what it was given."""
        size = 2**observation.bits
        plain = self._shortest(observation.plain, size, math.log2(size))
        tables = [observation.table(level) for level in observation.levels]
        nested = [False, *(determines(finer, coarser) for finer, coarser in pairwise(tables))]
        bound, found = plain, []
        for level, table, is_nested in zip(observation.levels, tables, nested, strict=True):
            if not is_nested:
                bound = plain  # every clear part can be computed from the plain image
            size = _size(observation, level, table)
            bound = min(bound, math.log2(size))
            clear = observation.clear(level)
            if not np.array_equal(clear, observation.plain):
                symbols = compact(clear, table)
                if self._is_hopeful(symbols, bound):
                    bound = self._shortest(symbols, size, bound)
            found.append(self.at(level, bound, ceiling=math.log2(size)))
        return found

    def _is_hopeful(self, symbols: Samples, bound: float) -> bool:
        """Whether a code of symbols (C, H, W) may be below `bound` bits per pixel."""
        if not bound or self.exhaustive:
            return bound > 0
        trial = 8 * len(_jpeg_xl(_rows(symbols), TRIAL_EFFORT)) / symbols.size
        return TRIAL_SHARE * trial < bound

    def _shortest(self, symbols: Samples, size: int, bound: float) -> float:
        """Bits per pixel of symbols (C, H, W), each one of `size` values; at most `bound`."""
        rows = _rows(symbols)
        codes = [jpeg_xl(rows, self.effort)]
        fits_webp = rows.dtype == np.uint8 and max(rows.shape) <= WEBP_LONGEST_SIDE
        if fits_webp and (self.exhaustive or size <= PACKED):
            codes.append(webp(rows, self.method))
        return min(bound, *(8 * code / symbols.size for code in codes))


def compact(clear: Samples, table: Samples | None) -> Samples:
    """Samples renumbered 0, 1, ... over the values of `table`, in rising order.

    The values are those the scheme can give, known to whoever decodes, so the renumbering
    costs nothing. Without a table the samples stay as they are.
    """
    if table is None:
        return clear
    values = np.unique(table)
    ranks = np.zeros(int(values[-1]) + 1, np.min_scalar_type(len(values) - 1))
    ranks[values] = np.arange(len(values))
    return ranks[clear]


def determines(finer: Samples | None, coarser: Samples | None) -> bool:
    """Whether the clear sample of one table tells that of the other; False if unknown."""
    if finer is None or coarser is None:
        return False
    pairs = finer.astype(np.uint32) << np.uint32(16) | coarser
    return len(np.unique(pairs)) == len(np.unique(finer))


def jpeg_xl(rows: NDArray[Any], effort: int) -> int:
    """Bytes of the lossless JPEG XL of rows (H, W, C), uint8 or uint16. Raises ImleakError if it
    does not decode to the same samples."""
    import imagecodecs

    code = _jpeg_xl(rows, effort)
    _check("JPEG XL", rows, imagecodecs.jpegxl_decode(code, numthreads=1))
    return len(code)


def webp(rows: NDArray[np.uint8], method: int) -> int:
    """Bytes of the lossless WebP of rows (H, W, C); grey is repeated, which costs nothing. Raises
    ImleakError if it does not decode to the same samples."""
    import imagecodecs

    colour = np.broadcast_to(rows, (*rows.shape[:2], 3)).copy()
    code = imagecodecs.webp_encode(colour, lossless=True, method=method, numthreads=1)
    _check("WebP", colour, imagecodecs.webp_decode(code))
    return len(code)


def _rows(symbols: Samples) -> NDArray[Any]:
    return np.moveaxis(symbols, 0, -1).copy()


def _jpeg_xl(rows: NDArray[Any], effort: int) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.jpegxl_encode(rows, lossless=True, effort=effort, numthreads=1))


def _check(codec: str, rows: NDArray[Any], decoded: NDArray[Any]) -> None:
    if not np.array_equal(decoded.reshape(rows.shape), rows):
        raise ImleakError(
            f"{codec} of imagecodecs is not lossless here; another version may be: "
            "pip install --upgrade imagecodecs"
        )


def _size(observation: Observation, level: int, table: Samples | None) -> int:
    """Number of values a clear sample can take."""
    size = observation.size(level)
    if size is not None:
        return size
    return 2**observation.bits if table is None else len(np.unique(table))
