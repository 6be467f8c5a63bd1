"""What is known of the b x b blocks of an image, and images that have it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Exposure, Samples, Scheme

Kernel = Literal["bicubic", "lanczos"]
Surface: TypeAlias = NDArray[np.float64]
HALVINGS = 48
"""Of the interval in which the shift of a block lies."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """The square blocks of an image from the top left, those that its edge cuts off included.

    Parameters
    ----------
    shape : (C, H, W) of the image. Channels have blocks of their own.
    side : of a block.
    """

    shape: tuple[int, ...]
    side: int

    @property
    def grid(self) -> tuple[int, int, int]:
        """Channels, and rows and columns of blocks."""
        channels, height, width = self.shape
        return channels, -(-height // self.side), -(-width // self.side)

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """The number of the block of every sample, all in raster order."""
        channels, rows, columns = np.ogrid[tuple(map(slice, self.shape))]
        _, tall, wide = self.grid
        numbers = (channels * tall + rows // self.side) * wide + columns // self.side
        found: NDArray[np.intp] = numbers.ravel()
        return found

    @cached_property
    def counts(self) -> NDArray[np.intp]:
        """How many samples every block has."""
        return np.bincount(self.places)

    def sums(self, values: NDArray[Any]) -> Surface:
        """Over every block, of values in raster order."""
        return np.asarray(np.bincount(self.places, values.ravel()), np.float64)

    def means(self, samples: NDArray[Any]) -> Surface:
        """(C, h, w) of the samples of every block."""
        found: Surface = (self.sums(samples) / np.maximum(self.counts, 1)).reshape(self.grid)
        return found


def has_blocks(scheme: Scheme, level: int, bits: int) -> bool:
    """Whether a scheme leaves the samples, the sum or the mean of every block at a level. Under one
    key it leaves the cipher."""
    if scheme.name not in ("pixelate", "tpe") or not hasattr(scheme, "blocks"):
        return False
    return level > 0 and level in {one.rank for one in scheme.levels(bits)}


def blocks_of(exposure: Exposure, scheme: Scheme, level: int) -> Blocks:
    """Those of such a clear part."""
    side: int = scheme.blocks[level - 1]  # type: ignore[attr-defined]
    return Blocks(exposure.rendered.shape, side)


def knows_samples(exposure: Exposure) -> bool:
    """Whether the samples of every block are known, and not their places."""
    return "samples" in exposure.symbols


def enlarged(means: Surface, blocks: Blocks, kernel: Kernel = "bicubic") -> Surface:
    """(C, H, W), the means (C, h, w) of blocks interpolated to the size of their image."""
    from PIL import Image as Pillow

    resample = getattr(Pillow.Resampling, kernel.upper())
    _, height, width = blocks.shape
    _, tall, wide = blocks.grid
    size = wide * blocks.side, tall * blocks.side
    large = [
        np.asarray(Pillow.fromarray(mean.astype(np.float32)).resize(size, resample))
        for mean in means
    ]
    return np.stack(large)[:, :height, :width].astype(np.float64)


def with_what_is_known(surface: Surface, exposure: Exposure, blocks: Blocks) -> Samples:
    """The samples nearest in shape to a surface (C, H, W) of those that have the clear part:
    those of every block in the order of the surface, or the surface shifted to its sum."""
    if knows_samples(exposure):
        return _in_order(surface, exposure.rendered, blocks)
    return _of_their_sum(surface, exposure.rendered, blocks, (1 << exposure.bits) - 1)


def _in_order(surface: Surface, clear: Samples, blocks: Blocks) -> Samples:
    """The samples of every block, the smallest where the surface is lowest."""
    found = np.empty_like(clear)
    lowest_first = np.lexsort((surface.ravel(), blocks.places))
    found.flat[lowest_first] = clear.ravel()[np.lexsort((clear.ravel(), blocks.places))]
    return found


def _of_their_sum(surface: Surface, clear: Samples, blocks: Blocks, peak: int) -> Samples:
    """The surface, shifted in every block so that whole numbers of 0..peak have its sum."""
    values, places = surface.ravel(), blocks.places
    sums = blocks.sums(clear)
    low, high = np.full(len(sums), -2.0 * peak - 1), np.full(len(sums), 2.0 * peak + 1)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        too_much = blocks.sums(np.floor(values + middle[places]).clip(0, peak)) > sums
        low, high = np.where(too_much, low, middle), np.where(too_much, middle, high)
    shifted = values + low[places]
    whole = np.floor(shifted).clip(0, peak)
    missing = np.rint(sums - blocks.sums(whole)).astype(np.intp)
    # One more goes where the most was cut off, and where there is room for it.
    left = np.where(whole < peak, shifted - whole, -np.inf)
    order = np.lexsort((-left, places))
    starts = np.cumsum(blocks.counts) - blocks.counts
    rank = np.arange(len(order)) - starts[places[order]]
    whole[order] += rank < missing[places[order]]
    found: Samples = whole.reshape(clear.shape).astype(clear.dtype)
    return found
