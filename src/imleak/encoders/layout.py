"""Where an image is quiet and where it is busy: a coarse map, without a network."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from ..interfaces import Features, ImageError, Samples


class Layout:
    """A coarse map of local activity, of whole images and of their clear parts.

    Parameters
    ----------
    size : of the map, which is size x size whatever the image's.
    """

    name = "layout"
    version = "1"
    argument = "size"
    input_size = "image"

    def __init__(self, size: int = 16) -> None:
        self.size = size
        self.dimension = size * size
        self.digest = hashlib.sha256(f"layout {size} {self.version}".encode()).hexdigest()

    @property
    def title(self) -> str:
        """What it is called in results."""
        return self.name

    def encode(self, pictures: Samples, bits: int) -> Features:
        """Maps (n, size * size), row by row, of images (n, C, H, W) of any size.

        Raises
        ------
        ImageError
            If they have another shape.
        """
        if pictures.ndim != 4 or pictures.shape[1] not in (1, 3):
            raise ImageError(
                f"layout takes images of shape (n, 1 or 3, H, W), not {pictures.shape}"
            )
        maps = [self.map(one, bits).ravel() for one in pictures]
        return np.stack(maps) if maps else np.empty((0, self.dimension), np.float32)

    def map(self, samples: Samples, bits: int) -> NDArray[np.float32]:
        """(size, size) of one image (C, H, W)."""
        half, whole = 1 << (bits - 1), 1 << bits
        x = samples.astype(np.int32)
        activity = np.zeros(samples.shape[-2:], np.float32)
        for axis in (-2, -1):
            step = np.diff(x, axis=axis, append=np.take(x, [-1], axis)) % whole
            activity += np.where(step > half, whole - step, step).sum(0)
        smooth = np.log(uniform_filter(activity, 9) + whole / 1024)
        coarse = areas(smooth.shape[0], self.size) @ smooth @ areas(smooth.shape[1], self.size).T
        spread = coarse.std()
        made: NDArray[np.float32] = ((coarse - coarse.mean()) / (spread or 1)).astype(np.float32)
        return made


def areas(side: int, size: int) -> NDArray[np.float32]:
    """(size, side): the share of every sample in each of `size` equal parts of a side."""
    edges = np.arange(size + 1) * (side / size)
    at = np.arange(side)
    low = np.maximum(edges[:-1, None], at)
    high = np.minimum(edges[1:, None], at + 1)
    shares: NDArray[np.float32] = (np.maximum(high - low, 0) * (size / side)).astype(np.float32)
    return shares
