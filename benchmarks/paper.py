"""A slice of the paper's experiment on CLIP features, against the plain way.

    python benchmarks/paper.py [PICTURES] [--images 4] [--patches 8] [--epochs 100]

Both sides cut the same number of patches from every image, plain and at nine levels, embed them
with a ViT-B/32 of random weights, and train the paper's MINE at every level, on true and on
broken pairs. The plain way is transformers in fp32, a picture at a level at a time, and a loop
of one network a level that is given concatenated pairs; imleak is a study. The ratio of CPU
times must be 3 or more.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from imleak.images import cut, find, patch_places, read
from imleak.interfaces import Image
from imleak.machine import limit_threads
from imleak.schemes.bitplanes import BitPlanes
from imleak.study import StudySpec, run

LEVELS = range(9)
SIDE = 224
BATCH, HIDDEN, RATE = 500, 100, 1e-4
REQUIRED_RATIO = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pictures", nargs="?", help="folder or glob of pictures")
    parser.add_argument("--images", type=int, default=4, help="at most so many of them")
    parser.add_argument("--patches", type=int, default=8, help="of each")
    parser.add_argument("--epochs", type=int, default=100)
    options = parser.parse_args()
    source = options.pictures or f"dead-leaves:{options.images}x256x256"
    limit_threads()
    images = [read(each) for each in find(source)[: options.images]]
    count = len(images) * options.patches
    print(f"{len(images)} images, {count} patches at {len(LEVELS)} levels, {options.epochs} epochs")

    study, training = plain_way(images, options.patches, options.epochs)
    theirs = study + training
    ours = cpu_seconds(lambda: as_a_study(source, options))
    print(f"{'CPU s':>30}")
    print(f"{'plain: encoder':20}{study:10.1f}")
    print(f"{'plain: MINE':20}{training:10.1f}")
    print(f"{'imleak: both':20}{ours:10.1f}")
    print(f"{'ratio':20}{theirs / ours:10.1f}")
    if theirs / ours < REQUIRED_RATIO:
        raise SystemExit(f"the ratio is below {REQUIRED_RATIO}")


def cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def as_a_study(source: str, options: argparse.Namespace) -> None:
    mine = {"name": "mine", "protocol": "in-sample", "epochs": options.epochs}
    spec = StudySpec.of(
        sources=source,
        limit=options.images,
        encoders=["clip=random:0"],
        measures=[mine],
        patches=options.patches,
    )
    with tempfile.TemporaryDirectory() as folder:
        os.environ["IMLEAK_CACHE"] = f"{folder}/cache"
        run(spec, Path(folder, "run"))


def plain_way(images: list[Image], patches: int, epochs: int) -> tuple[float, float]:
    """CPU seconds of embedding, and of training."""
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(0)
    encoder = CLIPVisionModelWithProjection(CLIPVisionConfig()).eval()
    vectors: list[Tensor] = []
    start = time.process_time()
    for level in (None, *LEVELS):
        of_level = [embed(encoder, image, level, patches) for image in images]
        vectors.append(torch.cat(of_level))
    embedded = time.process_time()
    plain, *clear = (standardised(each) for each in vectors)
    for view in clear:
        train(plain, view, epochs)
        train(plain, view.roll(patches, 0), epochs)  # every patch with one of another image
    return embedded - start, time.process_time() - embedded


@torch.no_grad()
def embed(encoder: nn.Module, image: Image, level: int | None, patches: int) -> Tensor:
    """Vectors (patches, 512) of a picture, or of its clear part."""
    samples: NDArray[np.unsignedinteger] = image.samples
    if level is not None:
        samples = BitPlanes().table(image.bits, level)[samples]
    places = patch_places(image.height, image.width, SIDE, patches, 0)
    shown = torch.from_numpy(cut(samples, places, SIDE)).float() / 255
    features: Tensor = encoder(
        pixel_values=(shown.expand(-1, 3, -1, -1) - 0.45) / 0.27
    ).image_embeds
    return features


def standardised(rows: Tensor) -> Tensor:
    return (rows - rows.mean(0)) / (rows.std(0) + 1e-6)


def train(x: Tensor, y: Tensor, epochs: int) -> float:
    """Bits of MINE after the last epoch, as public implementations have it."""
    network = nn.Sequential(
        nn.Linear(x.shape[1] + y.shape[1], HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, 1),
    )
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(BATCH):
            optimiser.zero_grad()
            (-bound(network, x[rows], y[rows])).backward()
            optimiser.step()
        with torch.no_grad():
            value = bound(network, x, y)
    return float(value) / math.log(2)


def bound(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Donsker-Varadhan in nats, on one shuffle."""
    joint = network(torch.cat([x, y], 1))
    marginal = network(torch.cat([x, y[torch.randperm(len(y))]], 1))
    value: Tensor = joint.mean() - (torch.logsumexp(marginal, 0) - math.log(len(y))).squeeze()
    return value


if __name__ == "__main__":
    main()
