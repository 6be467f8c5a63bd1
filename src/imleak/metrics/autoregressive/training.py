"""How the networks of a learned code are trained: on samples drawn from plain images."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch

from ...interfaces import ImleakError, Raster
from ...networks.weights import State, state_of
from .code import SIZES
from .context import Images
from .network import Network

BATCH = 512
RATE = 4e-3
WARM_UP = 100
"""Steps in which the rate rises."""


def train(
    images: Sequence[Raster],
    *,
    steps: int,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> tuple[tuple[int, ...], State]:
    """Learn how probable the lowest planes of a sample are, for every number of planes at once.

    Parameters
    ----------
    images : plain images of one depth; of colour every channel is an image.
    steps : of Adam, on 512 samples each; the learning rate falls along a cosine.
    seed : of weights and samples.
    progress : is told the share done, 0..1.

    Returns
    -------
    The number of values a sample can take of every network, and weights by name, float16.

    Raises
    ------
    ImleakError
        If there is no image, or they are of several depths.
    """
    depths = sorted({image.bits for image in images})
    if len(depths) != 1:
        raise ImleakError(f"a code is learned of images of one depth, not {depths or 'of none'}")
    sizes = SIZES[-depths[0] :]
    drawn = Images([channel for image in images for channel in image.samples])
    rng = np.random.default_rng(seed)
    network = Network(sizes, seed)
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE, betas=(0.9, 0.99))
    size = torch.tensor(sizes)[:, None]
    for step in range(steps):
        for group in optimiser.param_groups:
            cooled = (1 + math.cos(math.pi * step / steps)) / 2
            group["lr"] = RATE * min(1, (step + 1) / WARM_UP) * cooled
        known, values, phase = (
            torch.from_numpy(a.astype(np.int64)) for a in drawn.draw(BATCH, rng)
        )
        clear, of_known = values % size, known % size[..., None]
        loss = network.bits(of_known.float(), clear.float(), phase).mean(1).sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if progress:
            progress((step + 1) / steps)
    return sizes, state_of(network)
