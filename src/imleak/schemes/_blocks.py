"""Images cut into blocks, and put together again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..interfaces import ImageError, Raster, Samples
from ._samples import LevelError

Blocks: TypeAlias = Samples
"""Samples of n blocks, (n, C, h, w)."""


@dataclass(frozen=True)
class Grid:
    """Blocks of one size that fill a rectangle of an image, in raster order.

    Parameters
    ----------
    rows, columns : of the rectangle.
    height, width : of a block, in samples.
    """

    rows: slice
    columns: slice
    height: int
    width: int

    def cut(self, samples: Samples) -> Blocks:
        """(n, C, height, width) of an image (C, H, W)."""
        part = samples[:, self.rows, self.columns]
        channels, height, width = part.shape
        tall, wide = height // self.height, width // self.width
        cut = part.reshape(channels, tall, self.height, wide, self.width)
        return cut.transpose(1, 3, 0, 2, 4).reshape(-1, channels, self.height, self.width)

    def fill(self, samples: Samples, blocks: Blocks) -> None:
        """Put blocks where :meth:`cut` found them."""
        part = samples[:, self.rows, self.columns]
        channels, height, width = part.shape
        tall, wide = height // self.height, width // self.width
        placed = blocks.reshape(tall, wide, channels, self.height, self.width)
        part[:] = placed.transpose(2, 0, 3, 1, 4).reshape(part.shape)


def check_side(side: int, example: str) -> None:
    """Refuse a block that has none."""
    if side < 1:
        raise LevelError(f"a block of side {side}: give 1 or more, such as {example}")


def check_sides(sides: Sequence[int]) -> None:
    """Refuse sides of blocks that do not rise, or of which there are none."""
    for side in sides:
        check_side(side, "blocks=[8]")
    if not sides or list(sides) != sorted(set(sides)):
        raise LevelError(f"blocks {list(sides)}: give rising sides, such as 4, 8, 16")


def whole_blocks(raster: Raster, side: int) -> Grid:
    """The square blocks that fit into an image, from the top left; ImageError if none does."""
    rows, columns = raster.height // side * side, raster.width // side * side
    if not rows or not columns:
        raise ImageError(
            f"an image of {raster.width}x{raster.height} pixels holds no block of "
            f"{side}x{side}: give block={min(raster.height, raster.width)} or less"
        )
    return Grid(slice(rows), slice(columns), side, side)


def every_block(raster: Raster, side: int) -> Iterator[Grid]:
    """The square blocks of an image, and those that its right and lower edge cut off."""
    for rows, height in _stretches(raster.height, side):
        for columns, width in _stretches(raster.width, side):
            yield Grid(rows, columns, height, width)


def _stretches(length: int, side: int) -> Iterator[tuple[slice, int]]:
    """What whole blocks fill of a length, and the rest of it, with the length of a block."""
    whole = length // side * side
    if whole:
        yield slice(whole), side
    if whole < length:
        yield slice(whole, length), length - whole


def block_sums(samples: Samples, side: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sums (C, h, w) over the square blocks of an image (C, H, W), and how many samples each
    has (h, w): fewer where the right and lower edge cut it off."""
    rows, columns = (np.arange(0, length, side) for length in samples.shape[1:])
    wide = np.add.reduceat(samples.astype(np.int64), rows, axis=1)
    tall, broad = (
        np.diff([*at, length])
        for at, length in zip((rows, columns), samples.shape[1:], strict=True)
    )
    return np.add.reduceat(wide, columns, axis=2), np.outer(tall, broad)


def spread(values: NDArray[np.int64], side: int, like: Samples) -> NDArray[np.int64]:
    """Values (C, h, w) of square blocks at every sample of an image (C, H, W)."""
    height, width = like.shape[1:]
    return values.repeat(side, axis=1).repeat(side, axis=2)[:, :height, :width]


def as_strings(rows: Samples) -> NDArray[np.bytes_]:
    """(n,) strings that compare as rows (n, m) do, sample by sample."""
    word = np.uint8 if rows.itemsize == 1 else ">u2"
    found = np.ascontiguousarray(rows, word)
    return found.view(f"S{rows.shape[1] * found.itemsize}")[:, 0]
