"""What the network makes of a clear part, and how far that is to be trusted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...interfaces import Exposure, Samples
from .._known_blocks import Blocks, Surface, enlarged, knows_samples, with_what_is_known
from .._laplacian import exactly
from .features import of_means, of_samples
from .network import Network, added, task

PEAK = 255
"""Of the samples that the network learned from."""
ALIKE = 1e-6
"""Scale of a block whose samples are all alike."""


def rebuilt(network: Network, exposure: Exposure, blocks: Blocks) -> tuple[Samples, Surface]:
    """Samples (C, H, W) that have the clear part, and the scale (C, h, w) of every block, of
    samples of 0 to 255."""
    unit = ((1 << exposure.bits) - 1) / PEAK
    values = exposure.rendered / unit
    means, samples = blocks.means(values), knows_samples(exposure)
    seen = of_samples(values, blocks) if samples else of_means(means)
    surface = enlarged(means, blocks) + added(network, seen, blocks, samples=samples)
    return with_what_is_known(surface * unit, exposure, blocks), seen.scale


def confidence(
    network: Network, exposure: Exposure, blocks: Blocks, scale: Surface
) -> NDArray[np.float32]:
    r"""(C, H, W) probability of being exactly right, of an error with a Laplacian law of scale
    :math:`a \sigma + c`, with :math:`\sigma` the scale of the block. Of a block whose samples are
    known to be all alike it is 1."""
    samples = knows_samples(exposure)
    factor, least = network.errors[task(blocks.side, samples=samples)].tolist()
    unit = ((1 << exposure.bits) - 1) / PEAK
    right = exactly(unit * (factor * scale + least))
    if samples:
        right[scale < ALIKE] = 1
    return right.astype(np.float32).ravel()[blocks.places].reshape(blocks.shape)
