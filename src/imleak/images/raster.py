"""What an opened file and a decoder hand over."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Samples

Size = tuple[int, int]
"""Height and width."""
Stored = NDArray[np.integer[Any]]

LONGEST_BEGINNING = 132
"""Bytes that tell the format of a file."""

# EXIF orientation -> swap rows and columns, then flip rows, then flip columns.
_TURNS = {
    1: (False, False, False),
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}

MOST_FRAMES = 1000
"""How many directories of a TIFF are read to count its images."""


class Opened(Protocol):
    """A file of which the header has been read and no sample decoded."""

    @property
    def size(self) -> Size:
        """Height and width as they are stored, before the turn EXIF may ask for."""

    @property
    def frames(self) -> int:
        """How many images the file holds: frames, pages, a second eye. Reduced copies of
        an image (thumbnails, levels of a pyramid, gain maps) are not counted."""

    @property
    def reduced(self) -> int:
        """How many reduced copies it holds."""

    def decode(self) -> Raster:
        """The first image that is no reduced copy."""


class Several(Opened, Protocol):
    """A file that may hold several images."""

    def select(self, frame: int) -> None:
        """Turn to another of its images, 1 .. frames - 1, of which `size` and `decode` then are.
        Raises ImageError if it cannot be read alone."""


class Raster(NamedTuple):
    """Decoded samples.

    Parameters
    ----------
    samples : (C, H, W), C = 1 or 3.
    bits : bits a sample uses, by the file's word.
    notes : what decoding changed.
    orientation : the EXIF turn to be made, 1..8, or that was; 1 is none.
    """

    samples: Samples
    bits: int
    notes: tuple[str, ...] = ()
    orientation: int = 1

    def upright(self) -> Raster:
        """Turned as EXIF says."""
        swap, flip_rows, flip_columns = _TURNS[self.orientation]
        samples = self.samples.swapaxes(1, 2) if swap else self.samples
        samples = samples[:, :: -1 if flip_rows else 1, :: -1 if flip_columns else 1]
        return self._replace(samples=samples, notes=(*self.notes, *turn_note(self.orientation)))


def turn_note(orientation: int) -> tuple[str, ...]:
    """The note of an EXIF turn, or none."""
    return () if orientation == 1 else (f"turned by EXIF orientation {orientation}",)


def checked_orientation(value: object) -> int:
    """An EXIF orientation, or 1 for a value that is none."""
    return value if isinstance(value, int) and value in _TURNS else 1


def raster(stored: Stored, bits: int, notes: tuple[str, ...] = (), orientation: int = 1) -> Raster:
    """Grey or RGB, with or without alpha, (H, W) or (H, W, 1..4), to planes without it.

    Fewer than 8 bits are stretched to 8, rounded half up.
    """
    pixels = stored.reshape(*stored.shape[:2], -1)
    channels = pixels.shape[2]
    colours = 3 if channels >= 3 else 1
    if channels > colours:
        notes = (*notes, "alpha dropped")
    planes = np.moveaxis(pixels[..., :colours], 2, 0)
    if bits < 8:
        notes = (*notes, f"{bits}-bit samples stretched to 8")
        planes, bits = stretched(planes, (1 << bits) - 1), 8

    samples: Samples = planes.astype(np.uint8 if bits <= 8 else np.uint16, copy=False)
    return Raster(samples, bits, notes, orientation)


def stretched(samples: Stored, top: int) -> NDArray[np.uint8]:
    """Samples of 0..top to 0..255, rounded half up."""
    table = (np.arange(top + 1) * 255 + top // 2) // top
    return table.astype(np.uint8)[samples]
