"""Patches of unrelated images, several from each pair of images."""

import numpy as np

from ..task import Problem, Rows
from .dead_leaves import dead_leaves

PATCHES_AN_IMAGE = 10
SPAN = 32
"""Side of the images that patches are cut from."""


def unrelated_patches(side: int = 8) -> Problem:
    """x from one image, y from another: there is nothing to find.

    Rows of a group are alike on both sides, and a critic that has seen some of them in
    training recognises the others; across images it cannot.
    """

    def draw(n: int, rng: np.random.Generator) -> Rows:
        count = -(-n // PATCHES_AN_IMAGE)
        pair = np.stack([dead_leaves(count, SPAN, rng), dead_leaves(count, SPAN, rng)])
        groups = np.repeat(np.arange(count), PATCHES_AN_IMAGE)[:n]
        corner = rng.integers(0, SPAN - side + 1, (2, n, 1, 1))
        steps = np.arange(side)
        rows, columns = corner[0] + steps[:, None], corner[1] + steps
        x, y = pair[:, groups[:, None, None], rows, columns].reshape(2, n, -1)
        return Rows(x, y, groups)

    return Problem(0.0, (side**2, side**2), draw)
