"""Dead-leaves images with greys that are exactly uniform.

Those of `imleak.images` have the noise and the 256 steps of a camera, and no closed form.

References
----------
Lee, Mumford and Huang, "Occlusion models for natural images", IJCV 41, 2001.
"""

import numpy as np

from ..task import Array

LEAVES = 96
BLOCK = 512
"""Images painted at a time: a block stays in the cache."""


def dead_leaves(count: int, side: int, rng: np.random.Generator) -> Array:
    """`count` grey images in [0, 1), (count, side, side).

    The radius density falls as r^-3 between 1 and `side` pixels, which gives edges and
    flat regions at every scale, as photographs have. Greys are independent of the shapes
    and uniform, and a pixel shows one grey, so that the grey of a given pixel is exactly
    uniform, whatever the shapes.
    """
    starts = range(0, max(count, 1), BLOCK)
    return np.concatenate([_paint(min(BLOCK, count - start), side, rng) for start in starts])


def _paint(count: int, side: int, rng: np.random.Generator) -> Array:
    centre = rng.uniform(-side / 2, 1.5 * side, (2, LEAVES, count, 1)).astype(np.float32)
    smallest = float(side) ** -2
    radius = (1 - rng.random((LEAVES, count)) * (1 - smallest)) ** -0.5
    square = np.square(radius).astype(np.float32)[..., None, None]
    grey = rng.random((LEAVES + 1, count, 1, 1))
    down, across = np.square(centre - np.arange(side, dtype=np.float32))
    images = np.broadcast_to(grey[LEAVES], (count, side, side)).copy()
    for leaf in range(LEAVES):
        covered = down[leaf][:, :, None] + across[leaf][:, None, :] <= square[leaf]
        np.copyto(images, grey[leaf], where=covered)
    return images
