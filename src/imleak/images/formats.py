"""Which file formats are read, known by how their files begin."""

import re
from collections.abc import Callable
from pathlib import PurePath
from typing import BinaryIO, NamedTuple

from ..interfaces import ImageError
from . import dicom, heif, jxl, pillow, pnm, tiff, y4m
from .raster import Opened


class Format(NamedTuple):
    """A file format.

    Parameters
    ----------
    name : what it is called.
    beginning : a pattern of what its files begin with.
    suffixes : what files in folders and globs are taken for it, in small letters.
    open : reads the header of a file.
    """

    name: str
    beginning: bytes
    suffixes: str
    open: Callable[[BinaryIO], Opened]

    def begins(self, content: bytes) -> bool:
        return re.match(self.beginning, content, re.DOTALL) is not None


FORMATS = (
    Format("JPEG", rb"\xff\xd8\xff", ".jpg .jpeg .jpe .jfif .mpo", pillow.open_jpeg),
    Format("PNG", rb"\x89PNG\r\n\x1a\n", ".png .apng", pillow.open_png),
    Format("TIFF", rb"II[*+]\0|MM\0[*+]", ".tif .tiff", tiff.TiffImage),
    Format("WebP", rb"RIFF....WEBP", ".webp", pillow.open_webp),
    Format("PGM/PPM", rb"P[1-6][\s#]", ".pgm .ppm .pbm .pnm", pnm.PnmImage),
    Format("BMP", rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", ".bmp .dib", pillow.open_bmp),
    Format("GIF", rb"GIF8[79]a", ".gif", pillow.GifImage),
    Format(
        "JPEG 2000",
        rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  \r\n\x87\n",
        ".jp2 .j2k .jpx .j2c .jpf",
        pillow.open_jpeg_2000,
    ),
    Format("JPEG XL", rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n", ".jxl", jxl.JxlImage),
    Format(
        "AVIF",
        rb"....ftyp(?:avi[fs]|(?:mif1|msf1|miaf).{4}(?:.{4}){0,20}?avi[fs])",
        ".avif .avifs",
        pillow.open_avif,
    ),
    Format(
        "HEIF", rb"....ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)", ".heic .heif .hif", heif.HeifImage
    ),
    Format("Y4M", rb"YUV4MPEG2[ \n]", ".y4m", y4m.Y4mImage),
    Format("DICOM", rb".{128}DICM", ".dcm .dicom .dic", dicom.DicomImage),
)

SUFFIXES = tuple(suffix for format_ in FORMATS for suffix in format_.suffixes.split())
"""What files in folders and globs are taken for images, in any case."""
_NAMES = " or ".join(", ".join(format_.name for format_ in FORMATS).rsplit(", ", 1))


def is_known(name: str) -> bool:
    """Whether a file's suffix is one of :data:`SUFFIXES`."""
    return PurePath(name).suffix.lower() in SUFFIXES


def looks_like_an_image(beginning: bytes) -> bool:
    """Whether a file begins like one of a format that is read."""
    return any(format_.begins(beginning) for format_ in FORMATS)


def format_of(beginning: bytes) -> Format:
    """The format of a file, whatever its suffix says.

    Parameters
    ----------
    beginning : the first `LONGEST_BEGINNING` bytes, or all of a shorter file.

    Raises
    ------
    ImageError
        If it is none of those that are read.
    """
    if not beginning:
        raise ImageError("is empty (0 bytes)")
    for format_ in FORMATS:
        if format_.begins(beginning):
            return format_
    raise ImageError(f"is not a {_NAMES} image; convert it to one of these")
