"""HEIF (HEIC), by pi-heif, which is not installed unless it is asked for."""

from typing import Any, BinaryIO

import numpy as np

from ..interfaces import ImageError
from .raster import Raster, Size, raster


class HeifImage:
    """The primary image of a file. Thumbnails and depth maps belong to it."""

    reduced = 0

    def __init__(self, file: BinaryIO) -> None:
        try:
            from pi_heif import HeifFile
        except ImportError as error:
            raise ImageError(
                "is HEIF (HEIC), which needs a decoder: pip install 'imleak[heif]'"
            ) from error
        opened = HeifFile(file, convert_hdr_to_8bit=False, hdr_to_16bit=False)
        self.frames = len(opened)
        primary = opened.primary_index
        self._others: Any = [opened[at] for at in range(self.frames) if at != primary]
        self._image: Any = opened[primary]

    @property
    def size(self) -> Size:
        """Height and width, turned as the file asks for."""
        width, height = self._image.size
        return int(height), int(width)

    def select(self, frame: int) -> None:
        """Turn to another of its images; the first is the primary one."""
        self._image = self._others[frame - 1]

    def decode(self) -> Raster:
        mode = self._image.mode.partition(";")[0]
        notes = ("colours stay multiplied by alpha",) if mode.endswith("a") else ()
        # A copy, since the memory of the samples goes with the image.
        return raster(np.array(self._image), int(self._image.info["bit_depth"]), notes)
