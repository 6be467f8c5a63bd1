"""JPEG, PNG and WebP, and TIFF of up to 8 bits, by Pillow.

The plugin of a format is called by its class. ``PIL.Image.open`` would also try forty
formats nobody asked for, some of them by starting other programs.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np
import PIL.Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from .raster import Raster, checked_orientation, raster
from .wide import wide

# Without a handler Python prints a library's complaints over the progress bar.
logging.getLogger("PIL").addHandler(logging.NullHandler())

_ORIENTATION = 0x0112

# Pillow's mode -> the one it is read as, and what to say of it.
_READ_AS = {
    "1": ("L", ""),
    "P": ("RGB", "palette expanded"),
    "PA": ("RGBA", "palette expanded"),
    "RGBX": ("RGB", ""),
    "La": ("LA", ""),
    "RGBa": ("RGBA", ""),
    "CMYK": ("RGB", "CMYK converted to RGB"),
    "YCbCr": ("RGB", "YCbCr converted to RGB"),
    "LAB": ("RGB", "CIELAB converted to RGB"),
}

_one_at_a_time = threading.Lock()


@contextmanager
def contained() -> Iterator[list[str]]:
    """Keep Pillow's warnings in a list, and lift its global limit of pixels, since the
    caller has checked its own.

    Both are state of the process, so one thread decodes at a time.
    """
    complaints: list[str] = []
    with _one_at_a_time, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        limit = PIL.Image.MAX_IMAGE_PIXELS
        PIL.Image.MAX_IMAGE_PIXELS = None
        try:
            yield complaints
        finally:
            PIL.Image.MAX_IMAGE_PIXELS = limit
            texts = (str(w.message) for w in caught if issubclass(w.category, UserWarning))
            complaints += dict.fromkeys(" ".join(text.split())[:200] for text in texts)


def decode_jpeg(file: BinaryIO) -> Raster:
    image = JpegImageFile(file)
    # Other pictures of a multi-picture file (previews, a second eye) follow the JPEG.
    return decode(image, notes=("first of several frames",) if "mp" in image.info else ())


def decode_webp(file: BinaryIO) -> Raster:
    return decode(WebPImageFile(file))


def decode_png(file: BinaryIO) -> Raster:
    file.seek(24)
    depth = file.read(1)[0]
    if depth < 16:
        file.seek(0)
        return decode(PngImageFile(file), depth)
    stored, image = wide(PngImageFile, file)
    notes = _frames(image)
    if "transparency" in image.info:
        notes += ("alpha dropped",)
    return raster(stored, 16, notes, _orientation(image))


def decode(image: ImageFile, depth: int = 8, notes: tuple[str, ...] = ()) -> Raster:
    """First frame of an image of up to 8 bits a sample.

    Parameters
    ----------
    image : just opened.
    depth : bits a stored sample has, which Pillow does not tell.
    """
    notes += _frames(image)
    image.load()
    mode, change = _READ_AS.get(image.mode, (image.mode, ""))
    if mode not in ("L", "LA", "RGB", "RGBA"):
        raise ValueError(f"samples of mode {mode}")
    if depth < 8 and mode == "L":
        change = f"{depth}-bit samples stretched to 8"
    if change:
        notes += (change,)
    if "transparency" in image.info and not mode.endswith("A"):
        mode += "A"  # to be dropped like any other alpha
    pixels = image if image.mode == mode else image.convert(mode)
    return raster(np.asarray(pixels), 8, notes, _orientation(image))


def _frames(image: ImageFile) -> tuple[str, ...]:
    count = getattr(image, "n_frames", 1)
    return (f"first of {count} frames",) if count > 1 else ()


def _orientation(image: ImageFile) -> int:
    """The turn Pillow has not made yet. It turns TIFF by itself."""
    try:
        return checked_orientation(image.getexif().get(_ORIENTATION))
    except Exception:  # a damaged EXIF block does not make the picture unreadable
        warnings.warn("EXIF data cannot be read", UserWarning, stacklevel=2)
        return 1
