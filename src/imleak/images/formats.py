"""Which file formats are read, known by how their files begin."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Literal

from ..interfaces import ImageError

Format = Literal["JPEG", "PNG", "TIFF", "WebP", "PNM"]

SUFFIXES = (
    ".jpg",
    ".jpeg",
    ".png",
    ".tif",
    ".tiff",
    ".webp",
    ".pgm",
    ".ppm",
    ".pbm",
    ".pnm",
)
"""What files in folders and globs are taken for pictures, in any case."""

_BEGINNINGS: tuple[tuple[Format, re.Pattern[bytes]], ...] = (
    ("JPEG", re.compile(rb"\xff\xd8\xff")),
    ("PNG", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("TIFF", re.compile(rb"II[*+]\0|MM\0[*+]")),
    ("WebP", re.compile(rb"RIFF....WEBP", re.DOTALL)),
    ("PNM", re.compile(rb"P[1-6][\s#]")),
)


def is_known(name: str) -> bool:
    """Whether a file's suffix is one of :data:`SUFFIXES`."""
    return PurePath(name).suffix.lower() in SUFFIXES


def format_of(beginning: bytes) -> Format:
    """The format of a file, whatever its suffix says, from its first 16 bytes.

    Raises
    ------
    ImageError
        If it is none of those that are read.
    """
    if not beginning:
        raise ImageError("is empty (0 bytes)")
    for name, pattern in _BEGINNINGS:
        if pattern.match(beginning):
            return name
    raise ImageError(
        f"is not a JPEG, PNG, TIFF, WebP or PGM/PPM picture (it begins with {beginning[:8]!r}); "
        "convert it to one of these"
    )
