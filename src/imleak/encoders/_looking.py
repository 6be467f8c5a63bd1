"""The two ways to start a trained view: what it is shown, and the network that is taught."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import Tensor, nn

from ..interfaces import Samples
from ..machine import cores
from ._apprentice import Apprentice, Indices, Lessons, Sight, teach, vectors
from ._efficientnet import FEATURES, EfficientNet, load
from ._lenses import Clear, around_grey, as_sample, bit_planes, unwrapped
from ._lite0 import MEAN, STD
from ._residual import PLANES, Residual

FROZEN = 6
"""Blocks of EfficientNet-Lite0 that stay as they are: up to maps of 80 x 14 x 14."""
MAPS, SIDE = 80, 14
BATCH = 32
TIMED = 3
"""Steps a forecast is made of."""
_SEEDED = Lock()
"""First weights come from PyTorch's one generator, and folds learn side by side."""


@dataclass(frozen=True, eq=False)
class Watching:
    """A view of fixed pictures; see :class:`imleak.interfaces.LearnedView`.

    Parameters
    ----------
    sight : what is shown.
    groups : (n,) pictures of the rows.
    lessons : how it is trained.
    network : makes the one that is taught.
    dimension : of its vectors.
    frozen : (L, n, d) vectors that stay as they are, beside those that are learned.
    """

    sight: Sight
    groups: Indices
    lessons: Lessons
    network: Callable[[], nn.Module]
    dimension: int
    frozen: NDArray[np.float32] | None = None

    def __call__(
        self, x: NDArray[np.float32], train: Indices, validation: Indices, seed: int
    ) -> NDArray[np.float32]:
        if self.frozen is not None and self.lessons.passes == 0:
            return np.asarray(self.frozen)
        apprentice = self.apprentice(seed)
        teach(apprentice, self.sight, x, self.groups, (train, validation), self.lessons, seed)
        learned = vectors(apprentice, self.sight, self.dimension, self.lessons)
        return learned if self.frozen is None else np.concatenate([self.frozen, learned], 2)

    def apprentice(self, seed: int) -> Apprentice:
        """The network before its first lesson."""
        with _SEEDED, torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            made = Apprentice(self.network(), self.dimension)
        return made.to(self.lessons.device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def from_nothing(pictures: Samples, groups: Indices, lessons: Lessons, dimension: int) -> Watching:
    """A residual network on clear bits as planes (L, n, C, H, W)."""
    channels = pictures.shape[2]
    return Watching(
        Planes(pictures, [Clear.of(level) for level in pictures]),
        groups,
        lessons,
        lambda: Residual(channels * PLANES, dimension),
        dimension,
    )


def adapted(weights: Path, pictures: Samples, groups: Indices, lessons: Lessons) -> Watching:
    """The last stages of EfficientNet-Lite0, taught on what the first see of two pictures,
    beside its features of both."""
    maps, features = _foreseen(load(weights), pictures)
    network = lambda: Late(load(weights))  # noqa: E731
    return Watching(Maps(maps), groups, lessons, network, FEATURES, features)


@dataclass(frozen=True, eq=False)
class Planes:
    """Clear bits, the lowest first."""

    pictures: Samples
    clear: list[Clear]

    @property
    def levels(self) -> int:
        return len(self.pictures)

    @property
    def rows(self) -> int:
        return int(self.pictures.shape[1])

    def __call__(self, level: int, rows: Indices) -> Tensor:
        clear = self.clear[level]
        return bit_planes(clear.values(self.pictures[level, rows]), clear.depth, PLANES)


@dataclass(frozen=True, eq=False)
class Maps:
    """What the first stages made of every row, (L, n, 2 * MAPS, SIDE, SIDE) in bf16."""

    kept: NDArray[np.int16]

    @property
    def levels(self) -> int:
        return len(self.kept)

    @property
    def rows(self) -> int:
        return int(self.kept.shape[1])

    def __call__(self, level: int, rows: Indices) -> Tensor:
        return torch.from_numpy(self.kept[level, rows]).view(torch.bfloat16).float()


class Late(nn.Module):
    """The stages after the frozen ones, on maps of two pictures.

    At first both count half: the network begins as EfficientNet on the mean of what its
    first stages see.
    """

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


def _foreseen(
    network: EfficientNet, pictures: Samples
) -> tuple[NDArray[np.int16], NDArray[np.float32]]:
    """Maps after the frozen stages and features after all, of all rows and both pictures;
    on disk, made on all cores."""
    levels, count = pictures.shape[:2]
    maps = _on_disk((levels, count, 2 * MAPS, SIDE, SIDE), np.int16)
    features = _on_disk((levels, count, 2 * FEATURES), np.float32)
    network.to(torch.bfloat16, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def see(level: int, clear: Clear, start: int) -> None:
        rows = slice(start, start + BATCH)
        with torch.inference_mode():
            values = clear.values(pictures[level, rows])
            two = (as_sample(values, clear.depth), around_grey(unwrapped(values, clear.depth)))
            early = [_first_stages(network, picture) for picture in two]
            late = [_last_stages(network._blocks[FROZEN:], network._conv_head, m) for m in early]
        maps[level, rows] = torch.cat(early, 1).contiguous().view(torch.int16).numpy()
        features[level, rows] = torch.cat(late, 1).numpy()

    with ThreadPoolExecutor(cores()) as pool:
        jobs = [
            pool.submit(see, level, clear, start)
            for level, clear in enumerate(map(Clear.of, pictures))
            for start in range(0, count, BATCH)
        ]
        for job in jobs:
            job.result()
    return maps, features


def _on_disk(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array mapped from a file without a name, which goes with the array."""
    with tempfile.TemporaryFile(prefix="imleak-") as file:
        return np.memmap(file, dtype, shape=shape)


def _first_stages(early: EfficientNet, picture: Tensor) -> Tensor:
    """(m, MAPS, SIDE, SIDE) of pictures (m, 1 or 3, 224, 224) in 0..255."""
    x = ((picture - MEAN) / STD).expand(-1, 3, -1, -1).to(torch.bfloat16)
    x = x.contiguous(memory_format=torch.channels_last)
    x = nn.functional.relu6(early._bn0(early._conv_stem(x)))
    for block in early._blocks[:FROZEN]:
        x = block(x)
    return x


def _last_stages(stages: Iterable[nn.Module], head: nn.Module, maps: Tensor) -> Tensor:
    """(m, 1280) of maps (m, MAPS, SIDE, SIDE)."""
    x = maps
    for stage in stages:
        x = stage(x)
    features: Tensor = nn.functional.relu6(head(x)).float().mean((-2, -1))
    return features


def seconds_a_row(weights: Path | None, lessons: Lessons) -> float:
    """Seconds a row takes in training, from a few steps on noise."""
    rng = np.random.default_rng(0)
    rows = lessons.batch
    if weights is None:
        pictures = rng.integers(0, 256, (1, rows, 1, 224, 224), dtype=np.uint8)
        watching = from_nothing(pictures, np.arange(rows), lessons, FEATURES)
    else:
        maps = rng.integers(0, 1000, (1, rows, 2 * MAPS, SIDE, SIDE)).astype(np.int16)
        watching = Watching(
            Maps(maps), np.arange(rows), lessons, lambda: Late(load(weights)), FEATURES
        )
    x = rng.standard_normal((rows, 8)).astype(np.float32)
    both = (np.arange(rows), np.arange(rows))
    apprentice = watching.apprentice(0)
    for steps in (1, TIMED):  # the first are slower than the rest
        few = replace(lessons, passes=steps, looks=1)
        start = perf_counter()
        teach(apprentice, watching.sight, x, watching.groups, both, few, 0)
    return (perf_counter() - start) / (TIMED * rows)
