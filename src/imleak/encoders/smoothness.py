"""How smooth an image is, area by area."""

from __future__ import annotations

import numpy as np

from ..interfaces import Features, ImleakError, Samples
from ._areas import areas
from ._circle import phasors
from ._whole import WholeImageEncoder

SIZE = 32

FLAT = 0.02
"""Added to the roughness, so that the logarithm of none at all is finite."""

ALIKE = 1e-3
"""Deviation of the logarithms that single precision may make of areas that are all alike."""


class Smoothness(WholeImageEncoder):
    r"""Logarithm of the roughness of each of size x size equal areas of a whole image.

    .. math:: r = 1 - \frac{1}{|A|} \sum_{a \in A} \cos(2 \pi d_a / 2^B)

    over the steps d to the neighbours to the right and below. Steps are known modulo the same
    power of two as samples, and r is a function of that: 0 where an area is flat, about 1
    where steps are as good as random. The map of an image is standardised.

    Roughness is averaged over colour channels. A clear part is taken in its scaled form.

    Parameters
    ----------
    size : areas a side.

    Raises
    ------
    ImleakError
        If it is below 1.

    References
    ----------
    Mardia, Jupp, *Directional Statistics*, Wiley, 2000, section 2.3: the circular variance.
    """

    name = "smoothness"
    argument = "size"

    def __init__(self, size: int = SIZE) -> None:
        if size < 1:
            raise ImleakError(f"smoothness={size}: there is one area a side at least")
        self.size = size
        super().__init__(size * size, str(size))

    @property
    def title(self) -> str:
        return self.name if self.size == SIZE else f"{self.name}={self.size}"

    def vector(self, samples: Samples, bits: int) -> Features:
        """(size size,), row by row, of mean 0 and variance 1; zeros where all are alike."""
        across = samples[:, :, 1:] - samples[:, :, :-1]
        down = samples[:, 1:] - samples[:, :-1]
        cosines = [self._mean_cosine(steps, bits) for steps in (across, down) if steps.size]
        roughness = 1 - np.mean(cosines, axis=0) if cosines else np.zeros(self.dimension)
        rough = np.log(FLAT + np.maximum(roughness, 0)).reshape(-1)
        spread = rough.std()
        if spread < ALIKE:
            return np.zeros(self.dimension, np.float32)
        return np.asarray((rough - rough.mean()) / spread, np.float32)

    def _mean_cosine(self, steps: Samples, bits: int) -> Features:
        """(size, size)"""
        rows, columns = (areas(side, self.size) for side in steps.shape[1:])
        cosines = phasors(bits)[0].take(steps & ((1 << bits) - 1)).mean(0)
        mean: Features = rows @ cosines @ columns.T
        return mean
