"""PNG of 16 bits a sample through Pillow, which has no such mode for colour.

Pillow reduces it to 8 bits by keeping the first byte of every sample. Told that the file
is little-endian, it keeps the second one. So an image is decoded twice, and put together.
(libpng, as imagecodecs calls it, writes its warnings to the terminal.)
"""

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL.ImageFile import ImageFile
from PIL.PngImagePlugin import PngImageFile

_SECOND_BYTE = {"RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L"}
_GREY_ALPHA = "LA;16B"


def decode_png(file: BinaryIO) -> NDArray[np.uint16]:
    """Samples (H, W) or (H, W, C) at full depth. Raises ValueError if they are stored in a way of
    which the two bytes cannot both be had."""
    image = _opened(file)
    if image.mode.startswith("I"):
        return np.asarray(image, np.uint16)
    raw = _rawmode(image)
    if raw == _GREY_ALPHA:
        bytes_of_pixel = np.asarray(_as(image, "RGBA"))
        return np.asarray(bytes_of_pixel.view(">u2"), np.uint16)
    if raw not in _SECOND_BYTE:
        raise ValueError(f"16-bit samples stored as {raw}")
    high = np.asarray(image).astype(np.uint16)
    low = np.asarray(_as(_opened(file), _SECOND_BYTE[raw]))
    return np.asarray(high << 8 | low, np.uint16)


def _opened(file: BinaryIO) -> ImageFile:
    file.seek(0)
    return PngImageFile(file)


def _rawmode(image: ImageFile) -> str:
    args = image.tile[0][3]
    return str(args[0] if isinstance(args, tuple) else args)


def _as(image: ImageFile, rawmode: str) -> ImageFile:
    """The image, to unpack its bytes in another way."""

    def changed(tile: Any) -> Any:
        args = tile.args
        return tile._replace(args=(rawmode, *args[1:]) if isinstance(args, tuple) else rawmode)

    image.tile = [changed(tile) for tile in image.tile]
    return image
