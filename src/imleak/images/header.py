"""The resolution of a picture from the first bytes of its file."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ..interfaces import ImageError
from . import pnm, tiff
from .errors import named
from .formats import Format, format_of
from .source import Source

Size = tuple[int, int]


def resolution(source: Source) -> Size:
    """Height and width of a picture, without decoding it, as its file stores it: before
    the turn that EXIF may ask for.

    Raises
    ------
    ImageError
        If the file cannot be opened, is no picture or ends within its header.
    """
    if not isinstance(source.origin, Path):
        return source.origin.height, source.origin.width
    with named(source.name), source.origin.open("rb") as file:
        return size(file)[1]


def size(file: BinaryIO) -> tuple[Format, Size]:
    """Format, and height and width, of an open file."""
    name = format_of(file.read(16))
    file.seek(0)
    height, width = _READERS[name](file)
    if height < 1 or width < 1:
        raise ImageError(f"its header says {height} x {width} pixels; save it again")
    return name, (height, width)


def _png(file: BinaryIO) -> Size:
    width, height = struct.unpack(">II", file.read(24)[16:])
    return height, width


def _webp(file: BinaryIO) -> Size:
    head = file.read(30)
    kind = head[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
    elif kind == b"VP8L":
        (packed,) = struct.unpack("<I", head[21:25])
        width, height = (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    else:
        width, height = (side & 0x3FFF for side in struct.unpack("<HH", head[26:30]))
    return height, width


_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_JPEG_SCAN, _JPEG_END = 0xDA, 0xD9


def _jpeg(file: BinaryIO) -> Size:
    """Walk the segments to the first start of frame."""
    while (marker := _jpeg_marker(file)) not in _JPEG_FRAMES:
        if marker in _JPEG_WITHOUT_LENGTH:
            continue
        if marker in (_JPEG_SCAN, _JPEG_END):
            raise ImageError("is a JPEG without a frame; save it again")
        (length,) = struct.unpack(">H", file.read(2))
        file.seek(max(length - 2, 0), os.SEEK_CUR)
    height, width = struct.unpack(">HH", file.read(7)[3:])
    return height, width


def _jpeg_marker(file: BinaryIO) -> int:
    """The next marker: a byte other than 0 and 0xFF after one of 0xFF."""
    previous = 0
    while byte := file.read(1):
        if previous == 0xFF and byte[0] not in (0, 0xFF):
            return byte[0]
        previous = byte[0]
    raise ImageError("ends within its header; fetch or save it again")


_READERS: dict[Format, Callable[[BinaryIO], Size]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "TIFF": tiff.size,
    "WebP": _webp,
    "PNM": pnm.size,
}
