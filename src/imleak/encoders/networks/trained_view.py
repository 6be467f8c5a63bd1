"""The two ways to start a trained view: what it is shown, and the network that is trained."""

import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import Tensor, nn

from ...interfaces import Samples
from ...machine import cores, on_cpu
from .._lite0 import MEAN, STD
from .efficientnet import FEATURES, EfficientNet, load
from .input_maps import ClearBits, around_grey, as_sample, bit_planes, unwrapped
from .residual import PLANES, Residual
from .student import Indices, Inputs, Student, Training, train_student, vectors

FROZEN = 6
"""Blocks of EfficientNet-Lite0 that stay as they are: up to maps of 80 x 14 x 14."""
MAPS, SIDE = 80, 14
BATCH = 32
_SEEDED = Lock()
"""First weights come from PyTorch's one generator, and folds are trained side by side."""


@dataclass(frozen=True, eq=False)
class TrainedView:
    """A view of fixed images; see :class:`imleak.interfaces.LearnedView`.

    Parameters
    ----------
    inputs : what is shown.
    groups : (n,) images of the rows.
    training : how it is trained.
    network : makes the one that is trained.
    dimension : of its vectors.
    frozen : (L, n, d) vectors that stay as they are, beside those that are learned.
    """

    inputs: Inputs
    groups: Indices
    training: Training
    network: Callable[[], nn.Module]
    dimension: int
    frozen: NDArray[np.float32] | None = None

    def __call__(
        self, x: NDArray[np.float32], train: Indices, validation: Indices, seed: int
    ) -> NDArray[np.float32]:
        if self.frozen is not None and self.training.passes == 0:
            return np.asarray(self.frozen)
        student = self.student(seed)
        train_student(
            student, self.inputs, x, self.groups, (train, validation), self.training, seed
        )
        learned = vectors(student, self.inputs, self.dimension, self.training)
        return learned if self.frozen is None else np.concatenate([self.frozen, learned], 2)

    def student(self, seed: int) -> Student:
        """The network before its training."""
        with _SEEDED, torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            made = Student(self.network(), self.dimension)
        return made.to(self.training.device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def from_nothing(
    images: Samples, groups: Indices, training: Training, dimension: int
) -> TrainedView:
    """A residual network on clear bits as planes (L, n, C, H, W)."""
    network = lambda: Residual(images.shape[2] * PLANES, dimension)  # noqa: E731
    return TrainedView(planes(images), groups, training, network, dimension)


def adapted(weights: Path, images: Samples, groups: Indices, training: Training) -> TrainedView:
    """The last stages of EfficientNet-Lite0, trained on what the first make of two images,
    beside its features of both."""
    maps, features = _frozen_outputs(load(weights), images, on_cpu(training.precision))
    network = lambda: LastStages(load(weights))  # noqa: E731
    return TrainedView(kept_maps(maps), groups, training, network, FEATURES, features)


def planes(images: Samples) -> Inputs:
    """Clear bits (L, n, C, H, W) as planes, the lowest first."""
    clear = [ClearBits.of(level) for level in images]

    def show(level: int, rows: Indices) -> Tensor:
        values = clear[level].values(images[level, rows])
        return bit_planes(values, clear[level].depth, PLANES)

    return Inputs(len(images), images.shape[1], show)


def kept_maps(kept: NDArray[np.int16]) -> Inputs:
    """What the first stages made of every row, (L, n, 2 * MAPS, SIDE, SIDE) in bf16."""

    def show(level: int, rows: Indices) -> Tensor:
        return torch.from_numpy(kept[level, rows]).view(torch.bfloat16).float()

    return Inputs(len(kept), kept.shape[1], show)


class LastStages(nn.Module):
    """The stages after the frozen ones, on maps of two images.

    At first both count half: the network begins as EfficientNet on the mean of what its
    first stages see."""

    def __init__(self, network: EfficientNet) -> None:
        super().__init__()
        self.merge = nn.Conv2d(2 * MAPS, MAPS, 1, bias=False)
        with torch.no_grad():
            half = torch.eye(MAPS) / 2
            self.merge.weight.copy_(torch.cat([half, half], 1)[:, :, None, None])
        self.stages = nn.ModuleList(network._blocks[FROZEN:])
        self.head = network._conv_head
        self.requires_grad_(True)

    def forward(self, maps: Tensor) -> Tensor:
        """(m, 1280) of maps (m, 2 * MAPS, SIDE, SIDE)."""
        return _last_stages(self.stages, self.head, self.merge(maps))


def _frozen_outputs(
    network: EfficientNet, images: Samples, products: torch.dtype
) -> tuple[NDArray[np.int16], NDArray[np.float32]]:
    """Maps after the frozen stages, kept in bf16, and features after all, of all rows and both
    images; on disk, made on all cores."""
    levels, count = images.shape[:2]
    maps = _on_disk((levels, count, 2 * MAPS, SIDE, SIDE), np.int16)
    features = _on_disk((levels, count, 2 * FEATURES), np.float32)
    network.to(products, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def encode(level: int, clear: ClearBits, start: int) -> None:
        rows = slice(start, start + BATCH)
        with torch.inference_mode():
            values = clear.values(images[level, rows])
            two = (as_sample(values, clear.depth), around_grey(unwrapped(values, clear.depth)))
            early = [_first_stages(network, image, products) for image in two]
            late = [_last_stages(network._blocks[FROZEN:], network._conv_head, m) for m in early]
        kept = torch.cat(early, 1).bfloat16().contiguous()
        maps[level, rows] = kept.view(torch.int16).numpy()
        features[level, rows] = torch.cat(late, 1).numpy()

    with ThreadPoolExecutor(cores()) as pool:
        jobs = [
            pool.submit(encode, level, clear, start)
            for level, clear in enumerate(map(ClearBits.of, images))
            for start in range(0, count, BATCH)
        ]
        for job in jobs:
            job.result()
    return maps, features


def _on_disk(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array mapped from a file without a name, which goes with the array."""
    with tempfile.TemporaryFile(prefix="imleak-") as file:
        return np.memmap(file, dtype, shape=shape)


def _first_stages(early: EfficientNet, image: Tensor, products: torch.dtype) -> Tensor:
    """(m, MAPS, SIDE, SIDE) of images (m, 1 or 3, 224, 224) in 0..255."""
    x = ((image - MEAN) / STD).expand(-1, 3, -1, -1).to(products)
    x = x.contiguous(memory_format=torch.channels_last)
    x = nn.functional.relu6(early._bn0(early._conv_stem(x)))
    for block in early._blocks[:FROZEN]:
        x = block(x)
    return x


def _last_stages(stages: Iterable[nn.Module], head: nn.Module, x: Tensor) -> Tensor:
    """(m, 1280) of maps (m, MAPS, SIDE, SIDE)."""
    for stage in stages:
        x = stage(x)
    features: Tensor = nn.functional.relu6(head(x)).float().mean((-2, -1))
    return features
