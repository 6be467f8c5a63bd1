"""Encoders of whole images, of any size."""

from hashlib import sha256
from typing import ClassVar, Literal

import numpy as np

from ..interfaces import Features, ImageError, Samples


class WholeImageEncoder:
    """An encoder that computes a vector of an image at its own size, without weights.

    Parameters
    ----------
    dimension : of a vector.
    settings : what vectors depend on besides the code.
    """

    name: ClassVar[str]
    version: ClassVar[str] = "1"
    input_size: int | Literal["image"] = "image"

    def __init__(self, dimension: int, settings: str = "") -> None:
        self.dimension = dimension
        self.digest = sha256(f"{self.name} {self.version} {settings}".encode()).hexdigest()

    @property
    def title(self) -> str:
        """What it is called in results."""
        return self.name

    def encode(self, images: Samples, bits: int) -> Features:
        """Vectors (n, dimension) of images (n, 1 or 3, H, W)."""
        if images.ndim != 4 or images.shape[1] not in (1, 3) or not all(images.shape[2:]):
            raise ImageError(
                f"{self.name} takes images of shape (n, 1 or 3, H, W), not {images.shape}"
            )
        vectors = np.empty((len(images), self.dimension), np.float32)
        for vector, samples in zip(vectors, images, strict=True):
            vector[:] = self.vector(samples, bits)
        return vectors

    def vector(self, samples: Samples, bits: int) -> Features:
        """(dimension,) of one image (C, H, W) of `bits`-bit samples."""
        raise NotImplementedError
