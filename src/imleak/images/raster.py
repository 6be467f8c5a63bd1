"""What a decoder hands over."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Samples

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


class Raster(NamedTuple):
    """Decoded samples.

    Parameters
    ----------
    samples : (C, H, W), C = 1 or 3.
    bits : bits a sample uses, by the file's word.
    notes : what decoding changed.
    orientation : the EXIF turn still to be made, 1..8; 1 is none.
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
        return Raster(samples, self.bits, (*self.notes, *turn_note(self.orientation)))


def turn_note(orientation: int) -> tuple[str, ...]:
    """The note of an EXIF turn, or none."""
    return () if orientation == 1 else (f"turned by EXIF orientation {orientation}",)


def checked_orientation(value: object) -> int:
    """An EXIF orientation, or 1 for a value that is none."""
    return value if isinstance(value, int) and value in _TURNS else 1


def raster(
    stored: NDArray[np.unsignedinteger[Any]], bits: int, notes: tuple[str, ...], orientation: int
) -> Raster:
    """Grey or RGB, with or without alpha, (H, W) or (H, W, 1..4), to planes without it."""
    pixels = stored.reshape(*stored.shape[:2], -1)
    channels = pixels.shape[2]
    colours = 3 if channels >= 3 else 1
    if channels > colours:
        notes = (*notes, "alpha dropped")
    return Raster(np.moveaxis(pixels[..., :colours], 2, 0), bits, notes, orientation)
