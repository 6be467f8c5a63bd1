"""What Pillow opens: JPEG, PNG, WebP, GIF, BMP, JPEG 2000, AVIF and, with its plugin, HEIF.

The class of a format is called by its name. ``PIL.Image.open`` would also try forty
formats nobody asked for, some of them by starting other programs. Pillow holds 8 bits a
sample; deeper ones are decoded by imagecodecs, of the file that Pillow has opened.
"""

import logging
import re
import threading
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from itertools import count, islice
from typing import Any, BinaryIO

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.ImageFile import ImageFile

from ..interfaces import ImageError
from .raster import Raster, Size, Stored, checked_orientation, raster
from .wide import decode_png

# Without a handler Python prints a library's complaints over the progress bar.
logging.getLogger("PIL").addHandler(logging.NullHandler())

_ORIENTATION = 0x0112

# Pillow's mode -> the one it is read as, and what to say of it.
_READ_AS = {
    "1": ("L", ""),
    "P": ("RGB", "palette expanded"),
    "PA": ("RGBA", "palette expanded"),
    "RGBX": ("RGB", ""),
    "CMYK": ("RGB", "CMYK converted to RGB"),
    "YCbCr": ("RGB", "YCbCr converted to RGB"),
    "LAB": ("RGB", "CIELAB converted to RGB"),
}

_MOST_COMPOSED = 1 << 28
"""Pixels of all frames of a GIF together, of which the later are only had with those before."""

_one_at_a_time = threading.Lock()


@contextmanager
def contained(max_pixels: int | None = None) -> Iterator[list[str]]:
    """Keep Pillow's warnings in a list, and put the caller's limit of pixels in the place
    of Pillow's own: beyond twice that, some decoders take memory before the size is known.

    Both are state of the process, so one thread decodes at a time.

    Raises
    ------
    ImageError
        In the place of Pillow's error, if its check finds more pixels.
    """
    complaints: list[str] = []
    with _one_at_a_time, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        limit = PIL.Image.MAX_IMAGE_PIXELS
        PIL.Image.MAX_IMAGE_PIXELS = max_pixels
        try:
            yield complaints
        except PIL.Image.DecompressionBombError as error:
            raise ImageError(
                f"has more than twice the limit of {max_pixels} pixels; to read it, set "
                "max_pixels to its pixels"
            ) from error
        finally:
            PIL.Image.MAX_IMAGE_PIXELS = limit
            texts = (str(w.message) for w in caught if w.category is UserWarning)
            complaints += dict.fromkeys(" ".join(text.split())[:200] for text in texts)


class PillowImage:
    """A file that Pillow has opened.

    Parameters
    ----------
    image : just opened.
    bits : bits a stored sample has, which Pillow does not tell.
    deep : decodes the whole file to (H, W) or (H, W, C), for samples of other than 8 bits.
    reduced : which of the further images are reduced copies.
    is_jpeg : whether it is a JPEG file, whose coefficients can be had.
    """

    def __init__(
        self,
        image: ImageFile,
        bits: int = 8,
        deep: Callable[[], Stored] | None = None,
        reduced: Collection[int] = (),
        *,
        is_jpeg: bool = False,
    ) -> None:
        self.is_jpeg = is_jpeg
        self._image = image
        self._bits = bits
        self._deep = deep
        self._copies = reduced
        self.reduced = len(reduced)

    @property
    def size(self) -> Size:
        return self._image.height, self._image.width

    @property
    def frames(self) -> int:
        return int(getattr(self._image, "n_frames", 1)) - self.reduced

    def select(self, frame: int) -> None:
        """Turn to another of its images."""
        if self._deep is not None:
            raise ImageError(
                f"has {self._bits} bits a sample, and further frames of such files are not read; "
                "save its frames as a TIFF"
            )
        full = (at for at in count() if at not in self._copies)
        self._image.seek(next(islice(full, frame, None)))

    def decode(self) -> Raster:
        orientation = self._orientation()
        if self._deep is None:
            pixels, bits, notes = self._pixels()
        else:
            pixels, bits, notes = self._deep(), self._bits, ()
            if "transparency" in self._image.info and (pixels.ndim == 2 or pixels.shape[2] == 3):
                notes = ("alpha dropped",)
        return raster(pixels, bits, notes, orientation)

    def _pixels(self) -> tuple[Stored, int, tuple[str, ...]]:
        image = self._image
        image.load()
        mode, change = _READ_AS.get(image.mode, (image.mode, ""))
        if mode not in ("L", "LA", "RGB", "RGBA"):
            raise ValueError(f"samples of mode {mode}")
        if self._bits < 8 and mode == "L":
            change = f"{self._bits}-bit samples stretched to 8"
        if "transparency" in image.info and not mode.endswith("A"):
            mode += "A"  # to be dropped like any other alpha
        pixels = image if image.mode == mode else image.convert(mode)
        return np.asarray(pixels), 8, (change,) if change else ()

    def _orientation(self) -> int:
        try:
            return checked_orientation(self._image.getexif().get(_ORIENTATION))
        except Exception:  # a damaged EXIF block does not make the image unreadable
            warnings.warn("EXIF data cannot be read", UserWarning, stacklevel=2)
            return 1


class GifImage(PillowImage):
    """A GIF. Its first frame is read by Pillow, which changes the greys of later ones in some
    files; they are decoded by imagecodecs, each over those before it."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(_plugin("GifImagePlugin.GifImageFile")(file))
        self._file, self._frame = file, 0

    def select(self, frame: int) -> None:
        """Turn to another frame."""
        if self.frames * self._image.height * self._image.width > _MOST_COMPOSED:
            raise ImageError(
                f"has {self.frames} frames with more than {_MOST_COMPOSED} pixels in all; save "
                "them as a TIFF"
            )
        self._frame = frame

    def decode(self) -> Raster:
        """Frames of a grey GIF are grey, unless they have colours of their own."""
        if not self._frame:
            return super().decode()
        import imagecodecs

        self._image.load()
        self._file.seek(0)
        pixels: Stored = imagecodecs.gif_decode(self._file.read(), asrgb=True)[self._frame]
        if self._image.mode == "L" and (pixels == pixels[..., :1]).all():
            return raster(pixels[..., 0], 8)
        return raster(pixels, 8, ("palette expanded",))


def to_rgb(pixels: Stored, mode: str) -> tuple[NDArray[np.uint8], str]:
    """8-bit pixels (H, W, C) of another colour space, and what was done, in words."""
    height, width, _ = pixels.shape
    image = PIL.Image.frombytes(mode, (width, height), pixels.astype(np.uint8).tobytes())
    return np.asarray(image.convert("RGB")), _READ_AS[mode][1]


def _plugin(name: str) -> Callable[[BinaryIO], ImageFile]:
    module, _, kind = name.partition(".")
    found: Callable[[BinaryIO], ImageFile] = getattr(import_module(f"PIL.{module}"), kind)
    return found


def _open_as(plugin: str) -> Callable[[BinaryIO], PillowImage]:
    return lambda file: PillowImage(_plugin(plugin)(file))


open_webp = _open_as("WebPImagePlugin.WebPImageFile")
open_bmp = _open_as("BmpImagePlugin.BmpImageFile")


def open_jpeg(file: BinaryIO) -> PillowImage:
    """Further images may follow a JPEG: a second eye, or previews and gain maps, which are
    smaller than the first."""
    first = _plugin("JpegImagePlugin.JpegImageFile")(file)
    if "mp" not in first.info:
        return PillowImage(first, is_jpeg=True)
    file.seek(0)
    image: Any = _plugin("MpoImagePlugin.MpoImageFile")(file)
    pixels = [_pixels_of_frame(image, frame) for frame in range(image.n_frames)]
    image.seek(0)
    reduced = [frame for frame, count in enumerate(pixels) if count < pixels[0]]
    return PillowImage(image, reduced=reduced, is_jpeg=True)


def _pixels_of_frame(image: Any, frame: int) -> int:
    try:
        image.seek(frame)
    except Exception:  # not in the file
        return 0
    return int(image.height * image.width)


def open_png(file: BinaryIO) -> PillowImage:
    file.seek(24)
    bits = file.read(1)[0]
    file.seek(0)
    image = _plugin("PngImagePlugin.PngImageFile")(file)
    return PillowImage(image, bits, partial(decode_png, file) if bits == 16 else None)


_SIZES_OF_JPEG_2000 = re.compile(rb"\xff\x4f\xff\x51.{36}(..)", re.DOTALL)


def open_jpeg_2000(file: BinaryIO) -> PillowImage:
    image = _plugin("Jpeg2KImagePlugin.Jpeg2KImageFile")(file)
    file.seek(0)
    header = file.read(1 << 20)
    found = _SIZES_OF_JPEG_2000.search(header)
    if not found:
        raise ImageError("has no JPEG 2000 header; save it again")
    channels = int.from_bytes(found[1], "big")
    depths = set(header[found.end() : found.end() + 3 * channels : 3])
    if len(depths) != 1 or not 0 <= min(depths) < 16:
        raise ImageError(
            "its samples are signed, of more than 16 bits or of different depths; "
            "save it with unsigned integers of 8 or 16 bits"
        )
    bits = min(depths) + 1
    if bits == 8 or image.mode in ("P", "PA", "CMYK"):
        return PillowImage(image)
    return PillowImage(image, bits, _by_imagecodecs("jpeg2k", file))


_CONFIGURATION_OF_AV1 = re.compile(rb"av1C\x81.(.)", re.DOTALL)


def open_avif(file: BinaryIO) -> PillowImage:
    image = _plugin("AvifImagePlugin.AvifImageFile")(file)
    file.seek(0)
    found = _CONFIGURATION_OF_AV1.search(file.read(1 << 20))
    flags = found[1][0] if found else 0
    bits = 8 if not flags & 0x40 else 12 if flags & 0x20 else 10
    return PillowImage(image, bits, _by_imagecodecs("avif", file, index=0) if bits > 8 else None)


def _by_imagecodecs(codec: str, file: BinaryIO, **options: Any) -> Callable[[], Stored]:
    def decode() -> Stored:
        import imagecodecs

        file.seek(0)
        decoded: Stored = getattr(imagecodecs, f"{codec}_decode")(file.read(), **options)
        return decoded

    return decode
