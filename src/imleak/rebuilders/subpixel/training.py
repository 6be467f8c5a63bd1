"""How the network is trained."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ...interfaces import ImleakError, Raster
from ...networks.learned import eight_bits
from ...networks.training import follow
from ...networks.weights import State, state_of
from .calibration import calibrate
from .features import SIDES
from .network import Network, cells_of, in_place, load, new
from .squares import Batch, Image, Squares, batch_of

SHARES = (0.3, 0.36, 0.22, 0.12)
"""How often a side of blocks is drawn."""
RATE = 2e-3
WARM_UP = 0.02
"""Share of the training in which the rate rises."""
KEPT = 0.998
"""Of the averaged weights, at every step."""
LEFT_OUT = 0.1
"""Of the images of every collection: they tell how often the network is right."""
FEWEST = 2
"""Of them, where that leaves as many to learn from."""
TRAINING = 0.95
"""Of the time, as progress is told."""


def train(
    images: Sequence[Raster],
    *,
    steps: int,
    seed: int = 0,
    collections: Sequence[int] | None = None,
    progress: Callable[[float], None] | None = None,
) -> State:
    """Train the network of :class:`imleak.rebuilders.super_resolution.SuperResolution`.

    Parameters
    ----------
    images : plain images; of colour every channel is an image. Of every collection a tenth, two at
        least where there are four, and else one, is left out and tells how often the network is
        right.
    steps : of Adam; the learning rate falls along a cosine.
    seed : of weights, squares and the images that are left out.
    collections : which collection every image is of, as photographs of different collections are
        differently sharp: of none it may say to be right more often than it is. All of one by
        default.
    progress : is told the share done, 0..1.

    Returns
    -------
    Weights by name, float16, an exponential average over steps.

    Raises
    ------
    ImleakError
        If no collection has two images, or none to learn from is large enough.
    """
    told = progress or (lambda _: None)
    rng = np.random.default_rng(seed)
    learned, left_out = _parted(images, collections or [0] * len(images), rng)
    squares = Squares(learned)
    torch.manual_seed(seed)
    network = new()
    average = deepcopy(network)
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE, betas=(0.9, 0.99))
    for step in range(steps):
        for group in optimiser.param_groups:
            cooled = (1 + math.cos(math.pi * step / steps)) / 2
            group["lr"] = RATE * min(1, (step + 1) / (WARM_UP * steps)) * cooled
        side = int(rng.choice(SIDES, p=SHARES))
        _step(network, optimiser, batch_of(squares.draw(side, rng), side), side)
        follow(average, network, min(KEPT, step / (step + 10)))
        told(TRAINING * (step + 1) / steps)
    written = load(state_of(average))
    calibrate(written, left_out, lambda share: told(TRAINING + (1 - TRAINING) * share))
    return state_of(written)


def _parted(
    images: Sequence[Raster], collections: Sequence[int], rng: np.random.Generator
) -> tuple[list[Image], list[list[Image]]]:
    """Channels (H, W) of 8 bits to learn from, and those of the images that are left out, by
    collection."""
    left_out: dict[int, list[Image]] = {collection: [] for collection in collections}
    room = {one: _left_out_of(count) for one, count in Counter(collections).items()}
    learned: list[Image] = []
    for at in rng.permutation(len(images)):
        collection, channels = collections[at], eight_bits(images[at])
        if room[collection]:
            room[collection] -= 1
            left_out[collection].extend(channels)
        else:
            learned.extend(channels)
    if not learned:
        raise ImleakError(
            "super-resolution is learned from some images of a folder and tried on others: give a "
            "folder of 2 images or more"
        )
    return learned, list(left_out.values())


def _left_out_of(count: int) -> int:
    """How many of a collection of so many images are left out."""
    return max(1, min(max(FEWEST, round(LEFT_OUT * count)), count // 2))


def _step(network: Network, optimiser: torch.optim.Optimizer, given: Batch, side: int) -> None:
    loss = loss_of(network, given, side)
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()


def loss_of(network: Network, given: Batch, side: int) -> Tensor:
    """Mean squared error once every block has its sum, in units of the scale; blocks are weighted
    by it."""
    said = in_place(network(given.planes, given.tasks), side)
    wrong = said * given.scale - given.wanted
    shift = functional.avg_pool2d(wrong[:, None], cells_of(side))
    wrong = wrong - functional.interpolate(shift, scale_factor=cells_of(side))[:, 0]
    return (wrong.square() / (given.scale * given.scale.mean((1, 2), keepdim=True))).mean()
