"""From what the network says of a clear part to how probable every value of a sample is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter
from torch import Tensor

from ...machine import fast_products
from .architecture import DIFFERENCE_KNOTS, VALUE_KNOTS
from .features import COLOUR, DOWN, RIGHT, neighbours
from .field import Potentials, marginals
from .network import Network, ask, at
from .regions import labels as joined

REACH = (1, 3, 4, 6, 8, 10, 12)
"""Differences of wrap counts between neighbours that are told apart, at levels 1, 2, ..."""
LARGEST = 3_000_000
"""Pixels of an image that are rebuilt at once, times what each needs."""
ROWS = 64
"""Rows of an image whose potentials are read off at once."""


# Chosen on photographs that no figure is reported of.
TRUST = 0.2
"""Weight of unary potentials beside differences: what the network says of the values of
neighbours is the same evidence, many times over."""
SWEEPS, WEIGHT = 4, 0.35
"""Of :func:`imleak.rebuilders.unwrap.field.marginals`."""
POWER = 0.5
"""Of its marginals, which are too sure."""
LAST_JOINED = 4
"""Level up to which samples are chosen by joining regions; above, borders are too uncertain."""
SURE = {1: 0.45, 2: 0.35, 3: 0.1, 4: 0.05}
"""Share of the probability that goes to what was so chosen."""
DARKER = 1000
"""A photograph is placed as dark as its range allows: a share of m / 1000 of samples outside
0..255 is accepted for one that is darker by m."""
WHITE, BLACK = 4.2, 1.4
"""Log-odds of flat areas at either end."""


def field_of(
    differences: Tensor, values: Tensor, clear: Tensor, level: int
) -> tuple[Potentials, Potentials, Potentials, Potentials]:
    """Unary potentials, and those to the right, below and between channels, in the order red,
    green, blue, of images (n, 3, H, W) that stand below each other: (3, n H, W, ...)."""
    count, reach, (n, _, height, width) = 1 << level, REACH[level - 1], clear.shape
    modulus = 1 << (8 - level)
    unary = np.empty((3, n * height, width, count), np.float32)
    pairs = np.empty((8, n * height, width, 2 * reach + 1), np.float32)
    known = neighbours(clear).permute(0, 2, 3, 1).flatten(0, 1)
    samples = clear.permute(0, 2, 3, 1).flatten(0, 1)
    differences, values = differences.flatten(0, 1), values.flatten(0, 1)
    labels, steps = torch.arange(count), torch.arange(-reach, reach + 1)
    for first in range(0, n * height, ROWS):
        rows = slice(first, first + ROWS)
        where = known[rows, ..., None] + modulus * steps
        of_pairs = at(differences[rows], DIFFERENCE_KNOTS, where.clamp(-255, 255))
        pairs[:, rows] = of_pairs.permute(2, 0, 1, 3).numpy()
        where = samples[rows, ..., None] + modulus * labels
        unary[:, rows] = at(values[rows], VALUE_KNOTS, where).permute(2, 0, 1, 3)
    pairs[DOWN, height - 1 :: height] = 0
    red, blue = pairs[COLOUR]
    between = np.stack([red[..., ::-1], blue])
    return unary, pairs[RIGHT, :, :-1], pairs[DOWN, :-1], between


def wrap_counts(
    network: Network, clear: NDArray[np.integer], level: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The wrap count (C, H, W) of every sample of the clear part (C, H, W) of one image of 8
    bits, grey or RGB, and how probable each is, (C, H, W, 2**level)."""
    labels = np.empty(clear.shape, np.int64)
    belief = np.empty((*clear.shape, 1 << level), np.float32)
    colours = np.broadcast_to(clear, (3, *clear.shape[1:])).astype(np.int64)
    # All three channels of a grey image are told the same.
    channels = slice(None) if len(clear) == 3 else slice(1, 2)
    height, width = clear.shape[1:]
    for rows, columns in tiles(height, width, LARGEST // (REACH[level - 1] + 2)):
        chosen, probable = _of_tile(network, colours[:, rows, columns], level)
        labels[:, rows, columns], belief[:, rows, columns] = chosen[channels], probable[channels]
    return labels, belief


def _of_tile(
    network: Network, clear: NDArray[np.int64], level: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    modulus = 1 << (8 - level)
    images = torch.from_numpy(clear)[None]
    with torch.inference_mode(), fast_products():
        differences, values = ask(network, images, level)
        unary, *pairs = field_of(differences, values, images, level)
    unary += saturated(clear, level)
    belief = marginals(TRUST * unary, *pairs, sweeps=SWEEPS, weight=WEIGHT)
    np.power(np.maximum(belief, 1e-12), POWER, out=belief)
    belief /= belief.sum(-1, keepdims=True)
    if level > LAST_JOINED:
        return belief.argmax(-1), belief
    labels = joined(unary, *pairs, darker=modulus / DARKER)
    belief *= 1 - SURE[level]
    belief += SURE[level] * (labels[..., None] == np.arange(1 << level))
    return labels, belief


def saturated(clear: NDArray[np.int64], level: int) -> Potentials:
    """(C, H, W, 2**level) of flat areas, that they are white or black."""
    around, top = (1, 3, 3), (1 << (8 - level)) - 1
    flat = maximum_filter(clear, around) == minimum_filter(clear, around)
    unary = np.zeros((*clear.shape, 1 << level), np.float32)
    unary[..., -1] = WHITE * (flat & (clear == top))
    unary[..., 0] = BLACK * (flat & (clear == 0))
    return unary


def tiles(height: int, width: int, largest: int) -> Iterator[tuple[slice, slice]]:
    """Equal parts of an image that begin at multiples of 32, of about `largest` pixels at most."""
    side = max(32, int(largest**0.5))
    rows, columns = (_cuts(length, side) for length in (height, width))
    for top, bottom in pairwise(rows):
        for left, right in pairwise(columns):
            yield slice(top, bottom), slice(left, right)


def _cuts(length: int, side: int) -> list[int]:
    parts = -(-length // side)
    return [*(32 * round(at * length / parts / 32) for at in range(parts)), length]
