"""Pixels as they are: single samples, or patches made small."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Features, ImleakError, Samples
from ._areas import areas
from ._network import LARGEST_SIDE, check_square, check_whole

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""ITU-R BT.601."""


class Pixels:
    """Scalar pixels, whose rows are single samples; with a size, patches made that small.

    Without a size, a measure that knows pixels works on their values directly, so there
    is nothing to encode: `input_size` is None and :meth:`encode` refuses. With one, the
    vector of a patch is its luma averaged over size x size equal areas, 0..1: the
    structure of the image, and as a target what an adversary would see of it.

    Parameters
    ----------
    size : of the small image; None for scalar pixels.
    patch : side of the patch, in pixels.

    Raises
    ------
    ImleakError
        If a patch cannot be made that small.
    """

    name = "pixels"
    version = "1"
    argument = "size"
    input_size: int | None = None

    def __init__(self, size: int | None = None, *, patch: int = 224) -> None:
        check_whole(self.name, "patch", patch, 1, LARGEST_SIDE)
        if size is not None:
            check_whole(self.name, "size", size, 1, patch)
        self.size = size
        self.input_size = None if size is None else patch
        self.dimension = 1 if size is None else size * size
        small = "" if size is None else f" {size} of {patch}, mean of areas, 0..1"
        self.digest = hashlib.sha256(f"{self.name}{small} {self.version}".encode()).hexdigest()

    @property
    def title(self) -> str:
        """What it is called in results."""
        return self.name if self.size is None else f"{self.name}={self.size}"

    def encode(self, images: Samples, bits: int) -> Features:
        """Small images (n, size * size), row by row, of (n, 1 or 3, patch, patch). Raises
        ImleakError if it has no size: scalar pixels have no vector, and ImageError if the images
        have another shape."""
        if self.size is None or self.input_size is None:
            raise ImleakError(
                "the encoder 'pixels' makes no vectors, its rows are single samples; for a "
                "measure on features choose another, such as efficientnet-lite0 or pixels=32"
            )
        check_square(images, self.input_size, self.title)
        shares = areas(self.input_size, self.size)
        small: NDArray[np.float32] = shares @ images.astype(np.float32) @ shares.T
        colours = small.shape[1]
        luma = small[:, 0] if colours == 1 else np.tensordot(LUMA, small, (0, 1))
        scaled: Features = (luma / np.float32(2**bits - 1)).reshape(len(images), self.dimension)
        return scaled
