"""How the network is trained: on crops of plain images, whose wraps are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...interfaces import ImleakError, Raster
from ...machine import fast_products
from ...networks.learned import eight_bits
from ...networks.training import follow
from ...networks.weights import State, state_of
from .architecture import DIFFERENCE_KNOTS, VALUE_KNOTS
from .features import COLOUR, neighbours
from .network import Network, ask, at, load, new

CROP = 128
BATCH = 4
RATE = 1e-3
STEPS = 6_000
"""An hour and more of CPU time."""
WARM_UP = 0.02
"""Share of the training in which the rate rises."""
KEPT = 0.995
"""Of the averaged weights, at every step."""
SHARES = {1: 0.22, 2: 0.3, 3: 0.27, 4: 0.14, 5: 0.04, 6: 0.02, 7: 0.01}
"""How often a level is drawn, before those that are not asked for are left out."""


def crops(images: Sequence[NDArray[np.uint8]], rng: np.random.Generator) -> Tensor:
    """BATCH crops (n, 3, CROP, CROP) of images (3, H, W), half of them mirrored."""
    sizes = np.array([image[0].size for image in images], float)
    batch = []
    for index in rng.choice(len(images), BATCH, p=sizes / sizes.sum()):
        image = images[index]
        # JPEG's blocks of 8 begin at multiples of 8, and so do most crops.
        step = 8 if rng.random() < 0.8 else 1
        row, column = (
            step * rng.integers(0, (side - CROP) // step + 1) for side in image.shape[1:]
        )
        crop = image[:, row : row + CROP, column : column + CROP]
        if rng.random() < 0.5:
            crop = crop[:, :, ::-1]
        if rng.random() < 0.2:
            crop = np.repeat(grey(crop), 3, 0)
        batch.append(crop)
    return torch.from_numpy(np.stack(batch).astype(np.int64))


def grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Luma (1, H, W) of an image (3, H, W), ITU-R BT.601."""
    luma = np.tensordot((0.299, 0.587, 0.114), image.astype(np.float64), 1)
    return np.round(luma)[None].astype(np.uint8)


def losses(
    plain: Tensor,
    level: int,
    differences: Tensor,
    values: Tensor,
    phase: tuple[int, int],
) -> tuple[Tensor, Tensor, Tensor]:
    """Cross-entropies, in bits, of wraps between pixels, of wraps between channels and of
    values, given the clear part of `plain` (n, 3, H, W), over the pixels of a phase."""
    modulus, count = 1 << (8 - level), 1 << level
    every = max(1, count // 8)
    # The last row and column have no neighbour below and to the right.
    last = np.s_[:, : plain.shape[2] // 2 - 1, : plain.shape[3] // 2 - 1 : every]
    rows, columns = slice(phase[0], None, 2), slice(phase[1], None, 2)

    def of_phase(tensor: Tensor) -> Tensor:
        return tensor[:, :, rows, columns].permute(0, 2, 3, 1)[last]

    clear = plain % modulus
    truth, known = of_phase(neighbours(plain)), of_phase(neighbours(clear))
    wraps = torch.arange(1 - count, count)
    logits = at(differences[last], DIFFERENCE_KNOTS, known[..., None] + modulus * wraps)
    wrong = _bits(logits, (truth - known) // modulus + count - 1)
    right, of_samples = of_phase(plain // modulus), of_phase(clear)
    logits = at(values[last], VALUE_KNOTS, of_samples[..., None] + modulus * torch.arange(count))
    return (
        wrong[..., : COLOUR.start].mean(),
        wrong[..., COLOUR].mean(),
        _bits(logits, right).mean(),
    )


def _bits(logits: Tensor, right: Tensor) -> Tensor:
    chosen = logits.gather(-1, right[..., None])[..., 0]
    bits: Tensor = (logits.logsumexp(-1) - chosen) / np.log(2)
    return bits


def in_colour(images: Sequence[Raster]) -> list[NDArray[np.uint8]]:
    """Images as (3, H, W) of 8 bits, grey repeated; those with a side below CROP left out."""
    chosen = []
    for image in images:
        if min(image.height, image.width) >= CROP:
            eight = eight_bits(image)
            chosen.append(np.broadcast_to(eight, (3, *eight.shape[1:])))
    check_sizes([image.shape[1:] for image in chosen])
    return chosen


def check_steps(steps: int) -> None:
    """Raises ImleakError if there is nothing to train for."""
    if steps < 1:
        raise ImleakError(f"training of the network: steps={steps}: give 1 or more")


def check_sizes(sizes: Iterable[Sequence[int]]) -> None:
    """Raises ImleakError if no image, of heights and widths, is large enough to be trained on."""
    if not any(min(size) >= CROP for size in sizes):
        raise ImleakError(f"no image to train on: give some of {CROP}x{CROP} pixels or more")


@dataclass(frozen=True)
class Step:
    """What one step of training was about.

    Parameters
    ----------
    number : of the step, from 1.
    level : that was drawn.
    pixels, channels, values : cross-entropies, in bits, of wraps between neighbouring pixels
        and between channels, and of values.
    state : gives the weights as they are, averaged over the last steps.
    """

    number: int
    level: int
    pixels: float
    channels: float
    values: float
    state: Callable[[], State]


def train(
    images: Sequence[Raster],
    *,
    levels: Sequence[int] = tuple(SHARES),
    steps: int = STEPS,
    seed: int = 0,
    start: Mapping[str, NDArray[np.floating]] | None = None,
    rate: float = RATE,
    progress: Callable[[float], None] | None = None,
    watch: Callable[[Step], None] | None = None,
) -> State:
    """Train the network of :class:`imleak.rebuilders.wraps.Wraps`.

    Parameters
    ----------
    images : plain images, grey or RGB. Those with a side below 128 are left out.
    levels : of 8-bit samples, 1..7.
    steps : of training, over which the learning rate falls along a cosine.
    seed : of weights and crops.
    start : weights to train on from.
    rate : the highest learning rate.
    progress : is told the share done, 0..1.
    watch : is told every step.

    Returns
    -------
    Weights by name, float16, an exponential average over steps.

    Raises
    ------
    ImleakError
        If no image is large enough, a level is none of these, or there is no step.
    """
    check_steps(steps)
    if not levels or not set(levels) <= set(SHARES):
        raise ImleakError(f"training of the network: levels {list(levels)}, give some of 1 to 7")
    plain_images = in_colour(images)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = new() if start is None else load(start)
    network.train()
    average = deepcopy(network)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=rate, weight_decay=1e-4, betas=(0.9, 0.99)
    )
    shares = np.array([SHARES[level] for level in levels])
    for number in range(1, steps + 1):
        done = (number - 1) / steps
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1, (done + 1e-3) / WARM_UP) * (1 + np.cos(np.pi * done)) / 2
        level = int(rng.choice(levels, p=shares / shares.sum()))
        found = _step(network, optimiser, crops(plain_images, rng), level, rng)
        follow(average, network, min(KEPT, number / (number + 10)))
        if progress:
            progress(number / steps)
        if watch:
            watch(Step(number, level, *found, lambda: state_of(average)))
    return state_of(average)


def _step(
    network: Network,
    optimiser: torch.optim.Optimizer,
    plain: Tensor,
    level: int,
    rng: np.random.Generator,
) -> tuple[float, float, float]:
    """One step of the optimiser; the three losses before it."""
    # One pixel of every 2x2 says as much as all of them and takes half the time.
    phase = (int(rng.integers(2)), int(rng.integers(2)))
    with fast_products():
        differences, values = ask(network, plain % (1 << (8 - level)), level, phase)
    pixels, channels, of_values = losses(plain, level, differences, values, phase)
    optimiser.zero_grad()
    loss = 2 * pixels + channels + 2 * of_values / level
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()
    return pixels.item(), channels.item(), of_values.item()
