"""TIFF: up to 8 bits by Pillow, which knows every colour space; 9 to 16 by tifffile,
which gives samples as they are stored."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL.TiffImagePlugin import TiffImageFile

from ..interfaces import ImageError
from . import pillow
from .raster import Raster, checked_orientation, raster, turn_note
from .wide import wide

logging.getLogger("tifffile").addHandler(logging.NullHandler())

_ORIENTATION = 274
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_UNSIGNED, _UNTYPED = 1, 4
_CHUNKY = 1
_PREMULTIPLIED = 1


def size(file: BinaryIO) -> tuple[int, int]:
    """Height and width of the first page."""
    from tifffile import TiffFile

    with TiffFile(file) as tiff:
        page = tiff.pages.first
        return int(page.imagelength), int(page.imagewidth)


def decode(file: BinaryIO) -> Raster:
    """First page of a file."""
    from tifffile import TiffFile

    with TiffFile(file) as tiff:
        page = tiff.pages.first
        depth = page.bitspersample
        if page.sampleformat not in (_UNSIGNED, _UNTYPED) or depth not in range(1, 17):
            raise ImageError(
                f"its samples are of type {page.dtype}; save it with unsigned integers of 8 or "
                "16 bits"
            )
        turn = checked_orientation(page.tags.valueof(_ORIENTATION, default=1))
        if depth <= 8:
            file.seek(0)
            return _turned_by_pillow(pillow.decode(TiffImageFile(file), depth), turn)
        frames = len(tiff.pages)
        notes = (f"first of {frames} frames",) if frames > 1 else ()
        return _deep(file, page, notes, turn)


def _turned_by_pillow(decoded: Raster, turn: int) -> Raster:
    done = turn_note(turn) if decoded.orientation == 1 else ()
    return decoded._replace(notes=(*decoded.notes, *done))


def _deep(file: BinaryIO, page: Any, notes: tuple[str, ...], turn: int) -> Raster:
    """Samples of 9 to 16 bits. `page` is a ``tifffile.TiffPage``."""
    colours = 3 if page.photometric == _RGB else 1
    plain = page.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB) and page.imagedepth == 1
    if not plain or page.samplesperpixel not in (colours, colours + 1):
        raise ImageError(
            f"holds {page.samplesperpixel} samples a pixel of {page.bitspersample} bits, "
            f"photometric {int(page.photometric)}; save it as grey or RGB"
        )
    if _PREMULTIPLIED in page.extrasamples:
        notes += ("colours stay multiplied by alpha",)
    try:
        stored = page.asarray(maxworkers=1)
    except (KeyError, ValueError, NotImplementedError) as error:
        if "imagecodecs" not in str(error):
            raise
        return _turned_by_pillow(_by_libtiff(file, page, notes, error), turn)
    if page.planarconfig != _CHUNKY and page.samplesperpixel > 1:
        stored = np.moveaxis(stored, 0, -1)
    return raster(_black_is_zero(stored, page), page.bitspersample, notes, turn)


def _black_is_zero(stored: NDArray[np.uint16], page: Any) -> NDArray[np.uint16]:
    stored = stored.astype(np.uint16, copy=False)
    if page.photometric != _WHITE_IS_ZERO:
        return stored
    return np.uint16((1 << page.bitspersample) - 1) - stored


def _by_libtiff(file: BinaryIO, page: Any, notes: tuple[str, ...], missing: Exception) -> Raster:
    """What tifffile cannot decompress alone (LZW, for one), and Pillow's libtiff can."""
    simple = page.bitspersample == 16 and page.planarconfig == _CHUNKY
    if simple and page.photometric != _WHITE_IS_ZERO:
        with suppress(ValueError, SyntaxError):  # SyntaxError: Pillow cannot open it
            return raster(wide(TiffImageFile, file)[0], 16, notes, 1)
    raise ImageError(
        f"needs a further decoder ({missing}); pip install 'imleak[codecs]'"
    ) from missing
