"""PBM, PGM and PPM, plain and raw, at the depth they say.

Read here because Pillow stretches samples to 8 or 16 full bits.

References
----------
The netpbm formats, https://netpbm.sourceforge.net/doc/pgm.html and its siblings.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ..interfaces import ImageError
from .raster import Raster, Size, Stored, raster, stretched

_COMMENT = rb"#[^\r\n]*"
_HEADER = re.compile(
    rb"P([1-6])GAP(\d{1,9})GAP(\d{1,9})(?:GAP(\d{1,9}))?".replace(
        b"GAP", rb"(?:\s|" + _COMMENT + rb"[\r\n])+"
    )
)
_LONGEST_HEADER = 1 << 16


class _Header(NamedTuple):
    """`kind` is the digit of the magic number, `maxval` the largest sample value and
    `start` where the samples begin."""

    kind: int
    height: int
    width: int
    maxval: int
    start: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, 3 if self.kind in (3, 6) else 1

    @property
    def is_bitmap(self) -> bool:
        return self.kind in (1, 4)

    @property
    def is_raw(self) -> bool:
        return self.kind > 3

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(">u2" if self.maxval > 255 else "u1")

    @property
    def end(self) -> int:
        """Where a raw image ends."""
        height, width, channels = self.shape
        if self.is_bitmap:
            return self.start + height * ((width + 7) // 8)
        return self.start + height * width * channels * self.dtype.itemsize


class PnmImage:
    """The first image of a file, or another."""

    reduced = 0

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._first = self._header = _header(file.read(_LONGEST_HEADER))
        self._start = 0

    @property
    def size(self) -> Size:
        return self._header.height, self._header.width

    @property
    def frames(self) -> int:
        """Raw images may follow one another; a plain one stands alone."""
        return 1 + sum(1 for _ in self._further())

    def select(self, frame: int) -> None:
        """Turn to another of its images."""
        self._start, self._header = next(islice(self._further(), frame - 1, None))

    def _further(self) -> Iterator[tuple[int, _Header]]:
        """Where each of the images after the first begins, and its header."""
        start, header = 0, self._first
        while header.is_raw:
            start += header.end
            self._file.seek(start)
            try:
                header = _header(self._file.read(_LONGEST_HEADER))
            except ImageError:  # the end, or something else
                return
            yield start, header

    def decode(self) -> Raster:
        """Samples of 9 to 16 bits stay as they are; those of fewer than 8 are stretched."""
        header = self._header
        self._file.seek(self._start + header.start)
        body = self._file.read()
        stored = _raw(body, header) if header.is_raw else _plain(body, header)
        if stored.min() < 0 or stored.max() > header.maxval:
            raise ImageError(f"holds samples outside 0..{header.maxval}, its maxval; save it again")
        return _at_depth(stored, header.maxval)


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


def _raw(body: bytes, header: _Header) -> Stored:
    height, width, channels = header.shape
    if header.is_bitmap:
        row = (width + 7) // 8
        packed = np.frombuffer(body, np.uint8, count=height * row).reshape(height, row)
        return 1 - np.unpackbits(packed, axis=1)[:, :width]
    return np.frombuffer(body, header.dtype, count=height * width * channels).reshape(header.shape)


def _plain(body: bytes, header: _Header) -> Stored:
    count = int(np.prod(header.shape))
    words = re.sub(_COMMENT, b"", body).split()
    if header.is_bitmap:
        digits = np.frombuffer(b"".join(words), np.uint8, count=count)
        stored = ord("1") - digits.astype(np.int64)
    else:
        stored = np.array(words[:count]).astype(np.int64)
    return stored.reshape(header.shape)


def _at_depth(stored: Stored, maxval: int) -> Raster:
    if maxval >= 255:
        return raster(stored, maxval.bit_length())
    note = f"samples of 0..{maxval} stretched to 0..255"
    return raster(stretched(stored, maxval), 8, (note,))
