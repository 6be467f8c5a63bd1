"""PBM, PGM and PPM, plain and raw, at the depth they say.

Read here because Pillow stretches samples to 8 or 16 full bits.

References
----------
The netpbm formats, https://netpbm.sourceforge.net/doc/pgm.html and its siblings.
"""

from __future__ import annotations

import re
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..interfaces import ImageError
from .raster import Raster, raster

_COMMENT = rb"#[^\r\n]*"
_HEADER = re.compile(
    rb"P([1-6])GAP(\d{1,9})GAP(\d{1,9})(?:GAP(\d{1,9}))?".replace(
        b"GAP", rb"(?:\s|" + _COMMENT + rb"[\r\n])+"
    )
)
_LONGEST_HEADER = 1 << 16

_Stored = NDArray[np.integer[Any]]


class _Header(NamedTuple):
    """`kind` is the digit of the magic number, `maxval` the largest sample value and
    `length` where the samples begin."""

    kind: int
    height: int
    width: int
    maxval: int
    length: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, 3 if self.kind in (3, 6) else 1

    @property
    def is_bitmap(self) -> bool:
        return self.kind in (1, 4)


def size(file: BinaryIO) -> tuple[int, int]:
    """Height and width."""
    header = _header(file.read(_LONGEST_HEADER))
    return header.height, header.width


def decode(file: BinaryIO) -> Raster:
    """The first picture of a file.

    Samples of 9 to 16 bits stay as they are; those of fewer than 8 are stretched to 8.
    """
    content = file.read()
    header = _header(content)
    body = memoryview(content)[header.length :]
    stored, end = _raw(body, header) if header.kind > 3 else _plain(bytes(body), header)
    if stored.min() < 0 or stored.max() > header.maxval:
        raise ImageError(f"holds samples outside 0..{header.maxval}, its maxval; save it again")
    notes = ("first of several frames",) if bytes(body[end : end + 1]) == b"P" else ()
    return _at_depth(stored, header.maxval, notes)


def _header(content: bytes) -> _Header:
    found = _HEADER.match(content)
    if not found:
        raise ImageError("has no complete PGM/PPM header; save it again")
    kind, width, height, maxval = (int(part or 0) for part in found.groups())
    # One white space stands between the header and the samples.
    if kind in (1, 4):
        return _Header(kind, height, width, 1, found.end(3) + 1)
    if not 1 <= maxval <= 65535:
        raise ImageError(f"has maxval {maxval}; 1 to 65535 are read")
    return _Header(kind, height, width, maxval, found.end(4) + 1)


def _raw(body: memoryview, header: _Header) -> tuple[_Stored, int]:
    """Samples, and where they end."""
    height, width, channels = header.shape
    if header.is_bitmap:
        row = (width + 7) // 8
        packed = np.frombuffer(body, np.uint8, count=height * row).reshape(height, row)
        return 1 - np.unpackbits(packed, axis=1)[:, :width], packed.nbytes
    dtype = np.dtype(">u2" if header.maxval > 255 else "u1")
    stored = np.frombuffer(body, dtype, count=height * width * channels)
    return stored.reshape(header.shape), stored.nbytes


def _plain(body: bytes, header: _Header) -> tuple[_Stored, int]:
    """Samples, and the end of the file: a plain one holds one picture."""
    height, width, channels = header.shape
    count = height * width * channels
    words = re.sub(_COMMENT, b"", body).split()
    if header.is_bitmap:
        digits = np.frombuffer(b"".join(words), np.uint8, count=count)
        stored = ord("1") - digits.astype(np.int64)
    else:
        stored = np.array(words[:count]).astype(np.int64)
    return stored.reshape(header.shape), len(body)


def _at_depth(stored: _Stored, maxval: int, notes: tuple[str, ...]) -> Raster:
    if maxval > 255:
        return raster(stored.astype(np.uint16), maxval.bit_length(), notes, 1)
    if maxval < 255:
        notes = (*notes, f"samples of 0..{maxval} stretched to 0..255")
        stored = (stored.astype(np.int64) * 255 + maxval // 2) // maxval
    return raster(stored.astype(np.uint8), 8, notes, 1)
