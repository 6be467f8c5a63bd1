"""What the network sees of every block: how its mean differs from those around it, how its
samples are spread where they are known, and on which scale all that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._known_blocks import Blocks, Surface

SIDES = (4, 8, 16, 32)
"""Of the blocks that the network knows."""
GROUPS = 16
"""Means of the samples of a block in rising order, a sixteenth of them each."""
SMALLEST = 1.0
"""Of a scale that is divided by."""
MIDDLE = 127.5
FEATURES = 8 + GROUPS + 2

Planes: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Seen:
    """The input of the network, a channel of an image at a time.

    Parameters
    ----------
    planes : (C, FEATURES, h, w).
    scale : (C, h, w) of what is hidden in every block, as the clear part tells it.
    """

    planes: Planes
    scale: Surface


def of_means(means: Surface) -> Seen:
    """What is seen of blocks of which the means (C, h, w) are known, of samples of 0 to 255."""
    around = _around(means)
    scale = np.sqrt(np.mean(around**2, axis=1))
    nothing = np.zeros((len(means), GROUPS, *means.shape[1:]))
    return _seen(means, around, nothing, scale)


def of_samples(in_order: Surface, blocks: Blocks) -> Seen:
    """What is seen of blocks of which the samples are known, of 0 to 255, in rising order in
    every block."""
    groups = _groups(in_order, blocks)
    means = groups.mean(1)
    spread = groups - means[:, None]
    return _seen(means, _around(means), spread, np.sqrt(np.mean(spread**2, axis=1)))


def _seen(means: Surface, around: Surface, spread: Surface, scale: Surface) -> Seen:
    unit = (scale + SMALLEST)[:, None]
    planes = [
        np.arcsinh(around / unit),
        spread / unit,
        np.log(unit) / 2 - 1,
        means[:, None] / MIDDLE - 1,
    ]
    return Seen(np.concatenate(planes, axis=1, dtype=np.float32, casting="same_kind"), scale)


def _around(means: Surface) -> Surface:
    """(C, 8, h, w) differences of the means around every block to its own."""
    _, rows, columns = means.shape
    framed = np.pad(means, ((0, 0), (1, 1), (1, 1)), mode="edge")
    neighbours = [
        framed[:, row : row + rows, column : column + columns]
        for row in range(3)
        for column in range(3)
        if (row, column) != (1, 1)
    ]
    return np.stack(neighbours, axis=1) - means[:, None]


def _groups(in_order: Surface, blocks: Blocks) -> Surface:
    """(C, GROUPS, h, w) means of the samples of every block, a share of them each. A sample
    between two groups is in both, by its parts."""
    by_block = in_order.ravel()[np.argsort(blocks.places, kind="stable")]
    total = np.concatenate([[0.0], np.cumsum(by_block, dtype=np.float64)])
    counts = blocks.counts
    starts = np.cumsum(counts) - counts
    cuts = starts[:, None] + counts[:, None] * np.arange(GROUPS + 1) / GROUPS
    sums = np.diff(np.interp(cuts, np.arange(len(total)), total), axis=1)
    channels, rows, columns = blocks.grid
    means = (sums * GROUPS / counts[:, None]).reshape(channels, rows, columns, GROUPS)
    found: Surface = means.transpose(0, 3, 1, 2)
    return found
