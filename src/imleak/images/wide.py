"""Colour of 16 bits a sample through Pillow, which has no such mode.

Pillow reduces it to 8 bits by keeping the most significant byte of every sample. Its
unpackers exist for both byte orders, though: told the wrong one, they keep the other
byte. So a picture is decoded twice, and put together.
"""

from __future__ import annotations

import re
import sys
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL.ImageFile import ImageFile

_COLOUR = re.compile(r"(RGB|RGBA|RGBX);16([BLN])")
_GREY_ALPHA = "LA;16B"


def wide(plugin: type[ImageFile], file: BinaryIO) -> tuple[NDArray[np.uint16], ImageFile]:
    """Samples (H, W) or (H, W, C) at full depth, and the image they came from.

    Parameters
    ----------
    plugin : Pillow's class for the format.
    file : of 16 bits a sample.

    Raises
    ------
    ValueError
        If the samples are of a kind whose two bytes cannot both be had.
    """
    image = _opened(plugin, file)
    if image.mode.startswith("I"):
        return np.asarray(image).astype(np.uint16), image

    raw = _rawmode(image)
    if raw == _GREY_ALPHA:
        bytes_of_pixel = np.asarray(_told(image, "RGBA"))
        return bytes_of_pixel.view(">u2").astype(np.uint16), image
    colour = _COLOUR.fullmatch(raw)
    if not colour:
        raise ValueError(f"16-bit samples stored as {raw}")
    layout, order = colour.groups()
    first = np.asarray(_told(image, f"{layout};16B")).astype(np.uint16)
    second = np.asarray(_told(_opened(plugin, file), f"{layout};16L")).astype(np.uint16)
    big_endian = order == "B" or (order == "N" and sys.byteorder == "big")
    high, low = (first, second) if big_endian else (second, first)
    return np.left_shift(high, 8, dtype=np.uint16) | low, image


def _opened(plugin: type[ImageFile], file: BinaryIO) -> ImageFile:
    file.seek(0)
    return plugin(file)


def _rawmode(image: ImageFile) -> str:
    args = image.tile[0][3]
    return str(args[0] if isinstance(args, tuple) else args)


def _told(image: ImageFile, rawmode: str) -> ImageFile:
    """An image that is to unpack its bytes in another way."""

    def told(tile: Any) -> Any:
        *where, args = tile
        make = getattr(tile, "_make", tuple)  # plain tuples before Pillow 11
        return make([*where, (rawmode, *args[1:]) if isinstance(args, tuple) else rawmode])

    image.tile = [told(tile) for tile in image.tile]
    return image
