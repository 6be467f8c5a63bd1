"""What is known of an image before a sample is decoded: the samples above it and to its left.

A sample outside the image is one that was decoded before as well: 0 above, left of a row the
first sample of the row above, right of one its own last, which only later rows look at.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

REACH = 6
"""Rows above, and columns to either side."""
RADIUS = 40**0.5
GRID = 8
"""Side of the blocks of JPEG, whose phase a network is told."""

OFFSETS = tuple(
    sorted(
        (
            (row, column)
            for row in range(-REACH, 1)
            for column in range(-REACH, REACH + 1)
            if (row < 0 or column < 0) and np.hypot(row, column) <= RADIUS
        ),
        key=lambda at: (at[0] ** 2 + at[1] ** 2, at),
    )
)
"""Rows and columns from a sample to its neighbours, the nearest first."""
LEFT = OFFSETS.index((0, -1))

Symbols = NDArray[np.unsignedinteger]


def padded(rows: Symbols) -> Symbols:
    """(H + REACH, W + 2 REACH) of samples (H, W): with the neighbours of those at the edges."""
    framed = np.pad(rows, ((REACH, 0), (REACH, REACH)))
    framed[REACH + 1 :, :REACH] = rows[:-1, :1]
    framed[REACH:, -REACH:] = rows[:, -1:]
    return framed


def contexts(framed: Symbols, top: int, bottom: int) -> tuple[Symbols, Symbols, NDArray[np.int64]]:
    """Neighbours (n, K), values (n,) and phases (n,) of the rows from `top` to `bottom` of a padded
    image."""
    width = framed.shape[1] - 2 * REACH
    height = bottom - top
    known = [
        framed[REACH + top + row :, REACH + column :][:height, :width] for row, column in OFFSETS
    ]
    values = framed[REACH + top :, REACH:][:height, :width]
    down, along = np.mgrid[top:bottom, :width]
    return np.stack(known, -1).reshape(-1, len(OFFSETS)), values.ravel(), _phase(down, along)


class Images:
    """Samples of many images (H, W), drawn with their neighbours."""

    def __init__(self, images: Sequence[Symbols]) -> None:
        self._sizes = np.array([image.shape for image in images])
        self._starts = np.cumsum(
            [0, *((h + REACH) * (w + 2 * REACH) for h, w in self._sizes[:-1])], dtype=np.int64
        )
        self._samples = np.concatenate([padded(image).ravel() for image in images])
        self._shares = self._sizes.prod(1) / self._sizes.prod(1).sum()

    def draw(
        self, count: int, rng: np.random.Generator
    ) -> tuple[Symbols, Symbols, NDArray[np.int64]]:
        """Neighbours (n, K), values (n,) and phases (n,) of samples anywhere in the images."""
        image = rng.choice(len(self._sizes), count, p=self._shares)
        down, along = (rng.random((count, 2)) * self._sizes[image]).astype(np.int64).T
        stride = self._sizes[image, 1] + 2 * REACH
        at = self._starts[image] + (down + REACH) * stride + along + REACH
        rows, columns = np.array(OFFSETS).T
        known = self._samples[at[:, None] + rows * stride[:, None] + columns]
        return known, self._samples[at], _phase(down, along)


def _phase(down: NDArray[np.int64], along: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where in a block of JPEG a sample lies, 0..63."""
    return (down % GRID * GRID + along % GRID).ravel()
