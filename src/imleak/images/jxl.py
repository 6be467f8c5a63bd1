"""JPEG XL: size and depth from the header, samples by imagecodecs.

References
----------
ISO/IEC 18181-1, "JPEG XL image coding system", annexes A (headers) and D (bits).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

from ..interfaces import ImageError
from .raster import Raster, Size, raster, turn_note

_CODESTREAM = re.compile(rb"^\xff\x0a|jxl(?:c|p....)\xff\x0a", re.DOTALL)
"""Where it begins: with the file, or in a box of the container."""

_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_LONGEST_HEADER = 1 << 20


class JxlImage:
    """A file of JPEG XL with one image."""

    frames, reduced = 1, 0

    def __init__(self, file: BinaryIO) -> None:
        content = file.read()
        found = _CODESTREAM.search(content, 0, _LONGEST_HEADER)
        if not found:
            raise ImageError("has no JPEG XL codestream; save it again")
        self._content = content
        self._header = _header(_Bits(content[found.end() : found.end() + 64]))

    @property
    def size(self) -> Size:
        return self._header.size

    def decode(self) -> Raster:
        import imagecodecs

        stored = imagecodecs.jpegxl_decode(self._content, numthreads=1)  # turned by libjxl
        return raster(stored, self._header.bits, turn_note(self._header.orientation))


class _Header(NamedTuple):
    size: Size
    bits: int = 8
    orientation: int = 1


class _Bits:
    """Reads numbers from the least significant bit on."""

    def __init__(self, content: bytes) -> None:
        self._left = int.from_bytes(content, "little")
        self._count = 8 * len(content)

    def take(self, count: int) -> int:
        if count > self._count:
            raise ImageError("ends within its header; fetch or save it again")
        value = self._left & ((1 << count) - 1)
        self._left >>= count
        self._count -= count
        return value

    def choose(self, *distributions: tuple[int, int]) -> int:
        """One of four numbers, (offset, bits) each: U32 of the standard."""
        offset, count = distributions[self.take(2)]
        return offset + self.take(count)


def _header(bits: _Bits) -> _Header:
    """SizeHeader and the beginning of ImageMetadata."""
    size = _size(bits)
    if bits.take(1):  # all_default
        return _Header(size)
    orientation = 1
    if bits.take(1):  # extra_fields
        orientation = 1 + bits.take(3)
        if bits.take(1):
            _size(bits)  # intrinsic
        if bits.take(1):
            _preview(bits)
        if bits.take(1):
            raise ImageError("is an animation of JPEG XL; save one frame of it as PNG")
    if bits.take(1):
        raise ImageError(
            "its samples are floating-point numbers; save it with unsigned integers of 8 or 16 bits"
        )
    return _Header(size, bits.choose((8, 0), (10, 0), (12, 0), (1, 6)), orientation)


def _size(bits: _Bits) -> Size:
    if bits.take(1):
        return _with_width(bits, 8 * (1 + bits.take(5)), lambda: 8 * (1 + bits.take(5)))
    side = ((1, 9), (1, 13), (1, 18), (1, 30))
    return _with_width(bits, bits.choose(*side), lambda: bits.choose(*side))


def _preview(bits: _Bits) -> Size:
    if bits.take(1):
        side = ((16, 0), (32, 0), (1, 5), (33, 9))
        return _with_width(bits, 8 * bits.choose(*side), lambda: 8 * bits.choose(*side))
    side = ((1, 6), (65, 8), (321, 10), (1345, 12))
    return _with_width(bits, bits.choose(*side), lambda: bits.choose(*side))


def _with_width(bits: _Bits, height: int, width: Callable[[], int]) -> Size:
    """The width follows, or its ratio to the height."""
    ratio = bits.take(3)
    if not ratio:
        return height, width()
    numerator, denominator = _RATIOS[ratio - 1]
    return height, height * numerator // denominator
