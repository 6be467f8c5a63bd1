"""How often the network is exactly right, by the scale of a block, on images it did not learn
from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import torch

from ...interfaces import Exposure
from .._known_blocks import Blocks, Surface
from .._laplacian import exactly
from .features import SIDES
from .inference import ALIKE, rebuilt
from .network import Network, task
from .squares import Image, in_order

BINS = 64
FACTORS = np.geomspace(0.02, 4, 60)
LEAST = np.geomspace(0.05, 8, 60)
"""What is tried of the factor, and of the least, that make an error of a scale."""


def calibrate(network: Network, images: Sequence[Image], progress: Callable[[float], None]) -> None:
    """Set how the errors of the network grow with the scale of a block, for every task, so that
    what it says of being right is likeliest on images (H, W)."""
    cases = list(product(SIDES, (False, True)))
    for number, (side, samples) in enumerate(cases, start=1):
        found = [_right(network, image, side, samples=samples) for image in images]
        scale, hits, counts = (np.concatenate(part) for part in zip(*found, strict=True))
        pair = fitted(scale, hits, counts)
        network.errors[task(side, samples=samples)] = torch.tensor(pair)
        progress(number / len(cases))


def _right(
    network: Network, image: Image, side: int, *, samples: bool
) -> tuple[Surface, Surface, Surface]:
    """Of blocks their scale, how many of their samples are exactly right, and how many they
    have."""
    height, width = (length // side * side for length in image.shape)
    plain = image[None, :height, :width]
    clear = in_order(plain, side) if samples else plain
    exposure = Exposure(clear, 8, {"samples" if samples else "sums": clear}, 256)
    blocks = Blocks(plain.shape, side)
    made, scale = rebuilt(network, exposure, blocks)
    # Of a block whose samples are all alike there is nothing to tell.
    told = scale.ravel() >= (ALIKE if samples else 0)
    counts = blocks.counts.astype(np.float64)
    return scale.ravel()[told], blocks.sums(made == plain)[told], counts[told]


def fitted(scale: Surface, hits: Surface, counts: Surface) -> tuple[float, float]:
    """The factor and the least of an error, of greatest likelihood.

    Parameters
    ----------
    scale, hits, counts : of every block, its scale, how many samples are right, and of how many.
    """
    which = np.digitize(scale, np.geomspace(0.1, 100, BINS))
    right, total = np.bincount(which, hits), np.bincount(which, counts)
    some = total > 0
    mean = np.bincount(which, scale * counts)[some] / total[some]
    right, total = right[some], total[some]
    share = exactly(FACTORS[:, None, None] * mean + LEAST[:, None]).clip(1e-6, 1 - 1e-6)
    likelihood = np.sum(right * np.log(share) + (total - right) * np.log(1 - share), axis=-1)
    factor, least = np.unravel_index(likelihood.argmax(), likelihood.shape)
    return float(FACTORS[factor]), float(LEAST[least])
