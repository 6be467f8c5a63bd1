"""From what the network says of a clear part to how probable every value of a sample is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .features import COLOUR, DOWN, RIGHT, neighbours
from .field import Potentials, marginals
from .network import DIFFERENCE_KNOTS, VALUE_KNOTS, Network, ask, at

REACH = (1, 3, 4, 6, 8, 10, 12)
"""Differences of wrap counts between neighbours that are told apart, at levels 1, 2, ..."""
LARGEST = 3_000_000
"""Pixels of an image that are rebuilt at once, times what each needs."""
ROWS = 64
"""Rows of an image whose potentials are read off at once."""


@dataclass(frozen=True)
class Trust:
    """How much the field makes of what the network says.

    Parameters
    ----------
    value : factor of the log-density of a sample's value. Neighbours are told the same thing
        and are no independent witnesses, hence far below 1.
    difference : factor of the log-density of a difference.
    sweeps, weight : of :func:`imleak.rebuilders.unwrap.field.marginals`.
    """

    value: float = 0.2
    difference: float = 1.0
    sweeps: int = 5
    weight: float = 0.35


TRUST = dict.fromkeys(range(1, 8), Trust())
CALIBRATION = dict.fromkeys(range(1, 8), (1.0, 0.02))
"""Power and share of the uniform distribution, by level: what made the cross-entropy of
validation images least."""


def field_of(
    differences: Tensor, values: Tensor, clear: Tensor, level: int, trust: Trust
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
        of_pairs = at(differences[rows], DIFFERENCE_KNOTS, where.clamp(-255, 255)).mul_(
            trust.difference
        )
        pairs[:, rows] = of_pairs.permute(2, 0, 1, 3).numpy()
        where = samples[rows, ..., None] + modulus * labels
        unary[:, rows] = at(values[rows], VALUE_KNOTS, where).mul_(trust.value).permute(2, 0, 1, 3)
    pairs[DOWN, height - 1 :: height] = 0
    red, blue = pairs[COLOUR]
    between = np.stack([red[..., ::-1], blue])
    return unary, pairs[RIGHT, :, :-1], pairs[DOWN, :-1], between


def probabilities(
    network: Network,
    clear: Tensor,
    level: int,
    trust: Trust,
    progress: Callable[[float], None] | None = None,
) -> NDArray[np.float32]:
    """How probable every wrap count is, (n, 3, H, W, 2**level), of a clear part (n, 3, H, W)."""
    n, _, height, width = clear.shape
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        differences, values = ask(network, clear, level)
        potentials = field_of(differences, values, clear, level, trust)
    belief = marginals(*potentials, sweeps=trust.sweeps, weight=trust.weight, progress=progress)
    return belief.reshape(3, n, height, width, -1).swapaxes(0, 1)


def wrap_counts(network: Network, clear: NDArray[np.integer], level: int) -> NDArray[np.float32]:
    """How probable every wrap count is, (C, H, W, 2**level), of the clear part (C, H, W) of one
    image of 8 bits, grey or RGB."""
    belief = np.empty((*clear.shape, 1 << level), np.float32)
    colours = torch.from_numpy(np.broadcast_to(clear, (3, *clear.shape[1:])).astype(np.int64))
    for rows, columns in tiles(*clear.shape[1:], LARGEST // (REACH[level - 1] + 2)):
        tile = colours[None, :, rows, columns]
        found = probabilities(network, tile, level, TRUST[level])[0]
        belief[:, rows, columns] = found if len(clear) == 3 else found.mean(0, keepdims=True)
    return calibrated(belief, level)


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


def calibrated(belief: NDArray[np.float32], level: int) -> NDArray[np.float32]:
    """Probabilities that are as often right as they say: belief propagation is too sure where
    there are loops, and the network where its photographs were others."""
    power, doubt = CALIBRATION[level]
    tempered = np.maximum(belief, 1e-12) ** np.float32(power)
    tempered /= tempered.sum(-1, keepdims=True)
    return (1 - doubt) * tempered + doubt / belief.shape[-1]
