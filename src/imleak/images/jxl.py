"""JPEG XL: size and depth from the header, samples by imagecodecs.

References
----------
ISO/IEC 18181-1, "JPEG XL image coding system", annexes A (headers) and D (bits).
"""

import re
from typing import BinaryIO, TypeAlias

from ..interfaces import ImageError
from .raster import Raster, Size, raster, turn_note

_Choices: TypeAlias = tuple[tuple[int, int], ...]

_CODESTREAM = re.compile(rb"^\xff\x0a|jxl(?:c|p....)\xff\x0a", re.DOTALL)
"""Where it begins: with the file, or in a box of the container."""
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))

# (offset, bits) of a side, one of four or the only one: in units of 8 pixels, and of one.
_SIDES = (((1, 5),), ((1, 9), (1, 13), (1, 18), (1, 30)))
_SIDES_OF_PREVIEW = (((16, 0), (32, 0), (1, 5), (33, 9)), ((1, 6), (65, 8), (321, 10), (1345, 12)))
_LONGEST_HEADER = 1 << 20


class JxlImage:
    """A file of JPEG XL with one image."""

    frames, reduced = 1, 0

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        content = file.read(_LONGEST_HEADER)
        found = _CODESTREAM.search(content)
        if not found:
            raise ImageError("has no JPEG XL codestream; save it again")
        header = _Bits(content[found.end() : found.end() + 64])
        self.size: Size = _size(header, _SIDES)
        self.bits, self._orientation = _metadata(header)

    def decode(self) -> Raster:
        import imagecodecs

        self._file.seek(0)
        stored = imagecodecs.jpegxl_decode(self._file.read(), numthreads=1)  # turned by libjxl
        return raster(stored, self.bits, turn_note(self._orientation))


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

    def choose(self, choices: _Choices) -> int:
        """The only number, or one of four: U32 of the standard."""
        offset, count = choices[self.take(2) if len(choices) > 1 else 0]
        return offset + self.take(count)


def _size(header: _Bits, sides: tuple[_Choices, _Choices]) -> Size:
    """SizeHeader or PreviewHeader: a height, and a width or its ratio to the height."""
    unit, choices = (8, sides[0]) if header.take(1) else (1, sides[1])
    height = unit * header.choose(choices)
    ratio = header.take(3)
    if not ratio:
        return height, unit * header.choose(choices)
    numerator, denominator = _RATIOS[ratio - 1]
    return height, height * numerator // denominator


def _metadata(header: _Bits) -> tuple[int, int]:
    """Bits a sample and orientation: the beginning of ImageMetadata."""
    orientation = 1
    if header.take(1):  # all_default
        return 8, orientation
    if header.take(1):  # extra_fields
        orientation = 1 + header.take(3)
        if header.take(1):
            _size(header, _SIDES)  # intrinsic
        if header.take(1):
            _size(header, _SIDES_OF_PREVIEW)
        if header.take(1):
            raise ImageError("is an animation of JPEG XL; save one frame of it as PNG")
    if header.take(1):
        raise ImageError(
            "its samples are floating-point numbers; save it with unsigned integers of 8 or 16 bits"
        )
    return header.choose(((8, 0), (10, 0), (12, 0), (1, 6))), orientation
