"""Images without a camera: the dead-leaves model.

Leaves fall on the ground and hide one another; the image is what is seen from above.
With discs whose radii follow a power law of exponent -3 it has the statistics of
natural images: edges, flat and busy regions, no preferred scale, a power spectrum of
about 1/f^2.

References
----------
Lee, Mumford and Huang, "Occlusion models for natural images: a statistical study of a
scale-invariant dead leaves model", IJCV 2001.
Kendall and Thonnes, "Perfect simulation in stochastic geometry", Pattern Recognition
1999: made from the top down until no ground is seen, the image is exact.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Reals = NDArray[np.float64]

SMALLEST = 1.0
"""Smallest radius, in pixels; the largest is half the shorter side of the image."""
NOISE = 1.0
"""Standard deviation, in grey levels, of the noise of the sensor. Without it every leaf
is one flat value and the least significant bits, almost noise in a photograph, would
show the whole scene."""

_BATCH = 1 << 14


@dataclass(frozen=True)
class DeadLeaves:
    """One generated grey image of 8 bits, the same for the same four numbers.

    Parameters
    ----------
    height, width : in pixels.
    index : which image of a series; each can be made alone.
    seed : of the series.
    """

    height: int
    width: int
    index: int = 0
    seed: int = 0

    @property
    def name(self) -> str:
        series = f"-seed{self.seed}" if self.seed else ""
        return f"dead-leaves-{self.height}x{self.width}{series}-{self.index:04d}"

    def render(self) -> NDArray[np.uint8]:
        """The image, (1, height, width)."""
        rng = np.random.default_rng([self.seed, self.height, self.width, self.index])
        shade = np.full(self.height * self.width, np.nan)
        while np.isnan(shade).any():
            leaf, pixel = self._fall(rng)
            seen = np.isnan(shade[pixel])
            # Within a batch the last leaf is on top, since its assignment is the one that stays.
            shade[pixel[seen]] = rng.uniform(0, 255, _BATCH)[leaf[seen]]
        shade += NOISE * rng.standard_normal(shade.shape)
        grey: NDArray[np.uint8] = np.clip(np.rint(shade), 0, 255).astype(np.uint8)
        return grey.reshape(1, self.height, self.width)

    def _fall(self, rng: np.random.Generator) -> tuple[Integers, Integers]:
        """A batch of leaves under those before: for every pixel that one covers, the
        number of the leaf and of the pixel, in the order of the leaves."""
        largest = max(min(self.height, self.width) / 2, 2 * SMALLEST)
        radius = _power_law(rng.random(_BATCH), SMALLEST, largest)
        y = rng.uniform(-largest, self.height + largest, _BATCH)
        x = rng.uniform(-largest, self.width + largest, _BATCH)

        leaf, row = _runs(*_inside(y, radius, self.height))
        half_chord = np.sqrt(np.maximum(radius[leaf] ** 2 - (row - y[leaf]) ** 2, 0))
        chord, column = _runs(*_inside(x[leaf], half_chord, self.width))
        return leaf[chord], row[chord] * self.width + column


def _power_law(u: Reals, smallest: float, largest: float) -> Reals:
    """Uniform numbers to radii of density proportional to r^-3 between two radii."""
    return 1 / np.sqrt(smallest**-2 - u * (smallest**-2 - largest**-2))


def _inside(centre: Reals, radius: Reals, stop: int) -> tuple[Integers, Integers]:
    """First integer within `radius` of `centre`, and how many there are, in 0..stop-1."""
    first = np.clip(np.ceil(centre - radius), 0, stop).astype(np.int64)
    end = np.clip(np.floor(centre + radius) + 1, 0, stop).astype(np.int64)
    return first, np.maximum(end - first, 0)


def _runs(first: Integers, length: Integers) -> tuple[Integers, Integers]:
    """Runs of integers one after another: to which run each belongs, and its value."""
    run = np.repeat(np.arange(len(length)), length)
    before = np.cumsum(length) - length
    return run, np.arange(len(run)) + (first - before)[run]
