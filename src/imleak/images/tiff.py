"""TIFF, by tifffile, which gives samples as they are stored.

Reference: "TIFF Revision 6.0", Aldus 1992.
"""

import io
import logging
from collections.abc import Callable, Iterator
from itertools import islice
from math import prod
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..interfaces import ImageError
from . import jxl, pillow
from .raster import MOST_FRAMES, Raster, Size, Stored, checked_orientation, raster

logging.getLogger("tifffile").addHandler(logging.NullHandler())

_ORIENTATION = 274
_UNSIGNED, _UNTYPED = 1, 4
_CHUNKY = 1
_ASSOCIATED = 1
_REDUCED, _MASK = 1, 4
_JPEG = (7, 34892)
_SMALL = 1 << 24


def _size_of_jpeg(file: BinaryIO) -> Size:
    """Size of a JPEG stream, also without tables or of 12 bits, which Pillow does not open."""
    from tifffile.tifffile import jpeg_shape

    _, height, width, _ = jpeg_shape(file.read())
    return int(height), int(width)


_SIZES_INSIDE: dict[int, Callable[[BinaryIO], Size]] = {
    **dict.fromkeys(_JPEG, _size_of_jpeg),
    **dict.fromkeys((33003, 33004, 33005, 34712), lambda file: pillow.open_jpeg_2000(file).size),
    50001: lambda file: pillow.open_webp(file).size,
    **dict.fromkeys((50002, 52546), lambda file: jxl.JxlImage(file).size),
}
"""Compressions whose strips and tiles are files of another format, with sizes of their own."""
_UNPREDICTED = (1, 32773)
"""None and PackBits, with which libtiff takes differences for samples."""
_REFUSED = frozenset({6, 22610, 33007, 34887, 34933, 34934, 48124, 65000, 65001, 65002})
"""Others of which the size is not known before they are decoded: the JPEG of before 1995,
JPEG XR, LERC, and those of microscopes; and PNG, whose library writes to the terminal."""

_WHITE_IS_ZERO, _PALETTE, _YCBCR = 0, 3, 6
_COLOURS = {_WHITE_IS_ZERO: 1, 1: 1, 2: 3, _PALETTE: 1, 5: 4, _YCBCR: 3, 8: 3}
"""PhotometricInterpretation -> samples a pixel, without further ones."""
_CONVERTED = {5: "CMYK", _YCBCR: "YCbCr", 8: "LAB"}
_SENSOR = (32803, 34892)
"""Colour filter array, LinearRaw."""


class TiffImage:
    """The first image of a file that is no reduced copy of another.

    Cameras and pyramids mark copies by NewSubfileType, and put them before the image
    itself, behind it, or in its SubIFDs.
    """

    def __init__(self, file: BinaryIO) -> None:
        from tifffile import TiffFile

        self._tiff: Any = TiffFile(file)
        pages = list(_pages(self._tiff))
        full = [page for page, is_reduced in pages if not is_reduced] or [pages[0][0]]
        self._page = next((page for page in full if not page.subfiletype & _MASK), full[0])
        self._full = full
        self._start: int | None = None
        self.frames = max(len(full), _stacked(self._tiff, self._page))
        self.reduced = len(pages) - len(full)

    @property
    def size(self) -> Size:
        return int(self._page.imagelength), int(self._page.imagewidth)

    def select(self, frame: int) -> None:
        """Turn to another of its images: a page, or one that stands behind the first."""
        if len(self._full) == self.frames:
            others = [page for page in self._full if page is not self._page]
            self._page = others[frame - 1]
            if self._page.subfiletype & _MASK:
                raise ImageError("is a mask of another image; leave it out")
            return
        begins = self._tiff.series[0].dataoffset
        if begins is None or self._page.bitspersample % 8:
            raise ImageError("holds images without pages of their own; save it with a page each")
        self._start = begins + frame * self._page.nbytes

    def decode(self) -> Raster:
        page, bits = self._page, self._page.bitspersample
        self._check()
        stored = self._channels_last()
        notes: tuple[str, ...] = ()
        if page.photometric == _WHITE_IS_ZERO:
            stored = np.uint16((1 << bits) - 1) - stored
        if _ASSOCIATED in page.extrasamples:
            notes = ("colours stay multiplied by alpha",)
        if page.photometric == _PALETTE:
            stored, bits, notes = _expanded(stored, page.colormap), 8, (*notes, "palette expanded")
        elif page.photometric in _CONVERTED and not self._is_rgb_by_now:
            channels = _COLOURS[page.photometric]
            rgb, change = pillow.to_rgb(
                stored[..., :channels].astype(np.uint8), _CONVERTED[page.photometric]
            )
            stored = np.dstack([rgb, stored[..., channels:]])
            notes = (*notes, change)
        turn = checked_orientation(page.tags.valueof(_ORIENTATION, default=1))
        return raster(stored, bits, notes, turn)

    @property
    def _is_rgb_by_now(self) -> bool:
        """YCbCr becomes RGB where a JPEG is decoded."""
        return self._page.photometric == _YCBCR and self._page.compression in _JPEG

    def _check(self) -> None:
        """Refuse what is not read, before memory is taken for it."""
        page = self._page
        bits, photometric = page.bitspersample, page.photometric
        if photometric in _SENSOR:
            raise ImageError(
                f"its image of {page.imagelength} x {page.imagewidth} pixels holds raw samples of "
                "a sensor; develop it and save it as TIFF or PNG"
            )
        if page.sampleformat not in (_UNSIGNED, _UNTYPED) or bits not in range(1, 17):
            raise ImageError(
                f"its samples are of type {page.dtype}; save it with unsigned integers of 8 or "
                "16 bits"
            )
        colours = _COLOURS.get(photometric)
        converted = photometric in _CONVERTED and bits != 8 and not self._is_rgb_by_now
        if (
            not colours
            or converted
            or page.samplesperpixel not in (colours, colours + 1)
            or page.imagedepth != 1
        ):
            raise ImageError(
                f"holds {page.samplesperpixel} samples a pixel of {bits} bits, "
                f"photometric {int(photometric)}; save it as grey or RGB"
            )
        if page.compression in _REFUSED:
            raise ImageError(
                f"is compressed by {page.compression.name}, which is not read; "
                "save it with deflate or without compression"
            )
        if page.predictor != 1 and page.compression in _UNPREDICTED:
            raise ImageError(
                f"has predictor {int(page.predictor)} and compression {page.compression.name}, "
                "which some programs undo and others ignore; save it without predictor"
            )
        self._check_segments()

    def _check_segments(self) -> None:
        """Strips and tiles: all there, all in the file, none larger than it should be."""
        page, file = self._page, self._tiff.filehandle
        if self._chunk_area > max(2 * _area(page), _SMALL):
            raise ValueError("tiles that are larger than its image")
        count = prod(page.chunked)
        segments = list(zip(page.dataoffsets[:count], page.databytecounts[:count], strict=False))
        if len(segments) < count or any(offset + size > file.size for offset, size in segments):
            raise ValueError("cut before its samples end")
        if count > 1 and any(bool(offset) != bool(size) for offset, size in segments):
            raise ValueError("samples of which the place is not known")
        if size_inside := _SIZES_INSIDE.get(page.compression):
            for offset, size in segments:
                file.seek(offset)
                if size and prod(size_inside(io.BytesIO(file.read(size)))) > self._chunk_area:
                    raise ValueError("larger images inside than it says")

    @property
    def _chunk_area(self) -> int:
        page = self._page
        tile = (page.tilelength, page.tilewidth)
        return prod(tile if page.is_tiled else (page.rowsperstrip, page.imagewidth))

    def _channels_last(self) -> Stored:
        """(H, W) or (H, W, C), channels last."""
        page = self._page
        stored: Stored
        if self._start is not None:
            file, dtype = self._tiff.filehandle, page.dtype.newbyteorder(self._tiff.byteorder)
            stored = file.read_array(dtype, page.size, self._start).reshape(page.shape)
        elif any(page.dataoffsets):
            stored = page.asarray(maxworkers=1)
        else:  # a sparse file without a sample, of which tifffile reads the header
            stored = np.full(page.shape, page.nodata, page.dtype)
        if page.planarconfig != _CHUNKY and page.samplesperpixel > 1:
            stored = np.moveaxis(stored, 0, -1)
        return stored.astype(np.uint8 if page.bitspersample <= 8 else np.uint16, copy=False)


def _pages(tiff: Any) -> Iterator[tuple[Any, bool]]:
    """Pages and their SubIFDs, and whether each is a reduced copy of another. A SubIFD is
    one where it is smaller than its page, too."""
    seen = set()
    for page, parent in islice(_in_order(tiff), MOST_FRAMES):
        if page.offset in seen:  # a chain that bites its tail
            return
        seen.add(page.offset)
        is_smaller = (
            parent is not None and not parent.subfiletype & _REDUCED and _area(page) < _area(parent)
        )
        yield page, is_smaller or bool(page.subfiletype & _REDUCED)


def _in_order(tiff: Any) -> Iterator[tuple[Any, Any]]:
    """Every page, and the page whose SubIFD it is."""
    for page in tiff.pages:
        yield page, None
        for further in page.pages if page.subifds else ():
            yield further, page


def _area(page: Any) -> int:
    return int(page.imagelength * page.imagewidth)


def _stacked(tiff: Any, page: Any) -> int:
    """How many images stand behind one another under the header of the first, as ImageJ
    and tifffile write them."""
    if not (page.is_imagej or page.is_shaped):
        return 1
    return int(tiff.series[0].size // max(page.size, 1))


def _expanded(stored: Stored, colormap: NDArray[np.uint16] | None) -> Stored:
    """Colours of a palette, with the further channels of its pixels. Its entries have 16
    bits, of which old writers use the lower 8."""
    if colormap is None:
        raise ValueError("no palette")
    colours = colormap if colormap.max() < 256 else colormap >> 8
    pixels = stored.reshape(*stored.shape[:2], -1)
    rgb = np.moveaxis(colours.astype(np.uint8)[:, pixels[..., 0]], 0, -1)
    return np.concatenate([rgb, pixels[..., 1:].astype(np.uint8)], axis=-1)
