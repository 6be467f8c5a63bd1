"""How often the network is exactly right, by the scale of a block, on images it did not learn
from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Self

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


@dataclass(frozen=True, eq=False)
class Right:
    """How often samples of an image are exactly right, by the scale of their block.

    Parameters
    ----------
    scale : (n,) means of every bin of scales.
    hits, counts : (n,) how many samples are right, and of how many.
    """

    scale: Surface
    hits: Surface
    counts: Surface

    @classmethod
    def of(cls, scale: Surface, hits: Surface, counts: Surface) -> Self:
        """Of blocks: their scale, how many of their samples are right, and of how many."""
        which = np.digitize(scale, np.geomspace(0.1, 100, BINS))
        sums: list[Surface] = [
            np.asarray(np.bincount(which, one, BINS + 1), np.float64)
            for one in (scale * counts, hits, counts)
        ]
        total, right, every = (one[sums[-1] > 0] for one in sums)
        return cls(total / every, right, every)

    @property
    def shares(self) -> Surface:
        """(factors, leasts, n) of every bin that are right by each pair that is tried."""
        found = exactly(FACTORS[:, None, None] * self.scale + LEAST[:, None])
        return np.asarray(found, np.float64)

    def likelihood(self, shares: Surface) -> Surface:
        """(factors, leasts) logarithm of that of what is right."""
        p = shares.clip(1e-6, 1 - 1e-6)
        wrong = self.counts - self.hits
        found: Surface = np.sum(self.hits * np.log(p) + wrong * np.log(1 - p), axis=-1)
        return found

    def excess(self, shares: Surface) -> Surface:
        """(factors, leasts) by how much the share that is said to be right is above that which
        is."""
        found: Surface = (shares @ self.counts - self.hits.sum()) / self.counts.sum()
        return found


def calibrate(
    network: Network, collections: Sequence[Sequence[Image]], progress: Callable[[float], None]
) -> None:
    """Set how the errors of the network grow with the scale of a block, for every task, by images
    (H, W) of some collections, see :func:`fitted`."""
    cases = list(product(SIDES, (False, True)))
    for number, (side, samples) in enumerate(cases, start=1):
        found = [
            [_right(network, image, side, samples=samples) for image in images]
            for images in collections
        ]
        network.errors[task(side, samples=samples)] = torch.tensor(fitted(found))
        progress(number / len(cases))


def _right(network: Network, image: Image, side: int, *, samples: bool) -> Right:
    height, width = (length // side * side for length in image.shape)
    plain = image[None, :height, :width]
    clear = in_order(plain, side) if samples else plain
    exposure = Exposure(clear, 8, {"samples" if samples else "sums": clear}, 256)
    blocks = Blocks(plain.shape, side)
    made, scale = rebuilt(network, exposure, blocks)
    # Of a block whose samples are all alike there is nothing to tell.
    told = scale.ravel() >= (ALIKE if samples else 0)
    counts = blocks.counts.astype(np.float64)
    return Right.of(scale.ravel()[told], blocks.sums(made == plain)[told], counts[told])


def fitted(collections: Iterable[Iterable[Right]]) -> tuple[float, float]:
    """The factor and the least of an error, of greatest likelihood among those by which in no
    collection, in the mean over its images, more is said to be right than is. The largest ones,
    which say least, where the images tell nothing, or all say too much."""
    total = np.zeros((len(FACTORS), len(LEAST)))
    too_much = np.zeros(total.shape, bool)
    for images in collections:
        excess = np.zeros(total.shape)
        for image in images:
            if image.counts.size:
                shares = image.shares
                total += image.likelihood(shares)
                excess += image.excess(shares)
        too_much |= excess > 0
    if not total.any():  # no block tells anything
        return float(FACTORS[-1]), float(LEAST[-1])
    too_much[-1, -1] = False
    factor, least = np.unravel_index(np.where(too_much, -np.inf, total).argmax(), total.shape)
    return float(FACTORS[factor]), float(LEAST[least])
