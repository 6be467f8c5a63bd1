"""Training of a view: to tell, of one clear part, which picture's target it belongs to."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

Indices = NDArray[np.int64]
WIDTH = 64
"""Dimension of the space target and view meet in, and of the target before it."""
WARM = 0.1
"""Share of the steps in which the rate rises."""


class Sight(Protocol):
    """What a network is shown of a row."""

    @property
    def levels(self) -> int: ...

    @property
    def rows(self) -> int: ...

    def __call__(self, level: int, rows: Indices) -> Tensor:
        """(m, channels, height, width) of rows at a level."""
        ...


@dataclass(frozen=True)
class Lessons:
    """How a view is trained.

    Parameters
    ----------
    passes : how often every training row is seen at every level.
    batch : rows a step, of different pictures and all levels.
    rate, decay : of AdamW, for the network; its heads learn at 1e-3.
    precision, device : of the products.
    looks : times the validation pictures are looked at.
    """

    passes: float
    batch: int
    rate: float
    decay: float
    precision: torch.dtype
    device: str = "cpu"
    looks: int = 8

    def steps(self, rows: int, levels: int) -> int:
        return max(self.looks, math.ceil(self.passes * rows * levels / self.batch))

    def products(self) -> torch.autocast:
        """Where products are of the chosen precision."""
        kind = self.device.partition(":")[0]
        return torch.autocast(kind, self.precision, self.precision != torch.float32)


class Apprentice(nn.Module):
    """A network and the two projections that meet its target.

    Parameters
    ----------
    network : what is shown -> (m, d).
    dimension : d.
    """

    def __init__(self, network: nn.Module, dimension: int) -> None:
        super().__init__()
        self.network = network
        self.scale = nn.BatchNorm1d(dimension, affine=False)
        self.of_view = nn.Linear(dimension, WIDTH, bias=False)
        self.of_target = nn.Linear(WIDTH, WIDTH, bias=False)
        self.log_temperature = nn.Parameter(torch.tensor(math.log(5.0)))
        nn.init.normal_(self.of_view.weight, std=dimension**-0.5)
        nn.init.normal_(self.of_target.weight, std=WIDTH**-0.5)

    def scores(self, shown: Tensor, targets: Tensor, own: Tensor) -> Tensor:
        """(m, 1 + K): of every row with its own target (m, WIDTH), then with K others."""
        view = functional.normalize(self.of_view(self.scale(self.network(shown).float())), dim=-1)
        true = functional.normalize(self.of_target(own), dim=-1)
        others = functional.normalize(self.of_target(targets), dim=-1)
        both = torch.cat([(view * true).sum(-1, keepdim=True), view @ others.T], 1)
        return both * self.log_temperature.exp()


def teach(
    apprentice: Apprentice,
    sight: Sight,
    x: NDArray[np.float32],
    groups: Indices,
    parts: tuple[Indices, Indices],
    lessons: Lessons,
    seed: int,
) -> None:
    """Train on the rows of the first part, and keep what did best on those of the second.

    Every row is scored against a target of every other training picture: these are known
    and need no forward pass, so a batch of any size has all pictures for negatives. Half
    of what is shown is mirrored, which a target of pictures barely notices.

    Parameters
    ----------
    x : (n, dx) targets; only rows of the two parts are looked at.
    groups : (n,) pictures.
    """
    rng = np.random.default_rng([seed, 0x636F6E76])
    school, exam = (_Class(sight, groups, part) for part in parts)
    targets = _whitened(x, parts[0], parts).to(lessons.device)
    optimiser = torch.optim.AdamW(_rates(apprentice, lessons), fused=True)
    steps = lessons.steps(len(parts[0]), sight.levels)
    best, kept = -math.inf, copy.deepcopy(apprentice.state_dict())
    apprentice.train()
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = group["rate"] * min(1.0, (step + 1) / (WARM * steps)) * (1 - step / steps)
        rows, levels = school.draw(lessons.batch, rng)
        loss = school.loss(apprentice, targets, rows, levels, lessons, rng)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if (step + 1) % (steps // lessons.looks) == 0:
            apprentice.eval()
            told = exam.told(apprentice, targets, lessons)
            if told > best:
                best, kept = told, copy.deepcopy(apprentice.state_dict())
            apprentice.train()
    apprentice.load_state_dict(kept)
    apprentice.eval()


def vectors(
    apprentice: Apprentice, sight: Sight, dimension: int, lessons: Lessons
) -> NDArray[np.float32]:
    """(L, n, d) of all rows."""
    out = np.empty((sight.levels, sight.rows, dimension), np.float32)
    with torch.inference_mode(), lessons.products():
        for level in range(sight.levels):
            for rows in _batches(np.arange(sight.rows), lessons.batch):
                shown = _laid_out(sight(level, rows), lessons.device)
                out[level, rows] = apprentice.network(shown).float().cpu().numpy()
    return out


@dataclass(frozen=True, eq=False)
class _Class:
    """Rows of one part of a split."""

    sight: Sight
    groups: Indices
    part: Indices

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Indices, Indices]:
        """Rows of different pictures, and a level for each; in order of level."""
        rows = self._one_a_picture(rng)[:count]
        return rows, np.sort(rng.permutation(len(rows)) % self.sight.levels)

    def loss(
        self,
        apprentice: Apprentice,
        targets: Tensor,
        rows: Indices,
        levels: Indices,
        lessons: Lessons,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """Cross-entropy of the own target among one of every picture, less the logarithm of
        their number: minus InfoNCE, in nats. With a generator, half is mirrored."""
        bank = self._one_a_picture(rng or np.random.default_rng(0))
        shown = torch.cat([self.sight(level, rows[levels == level]) for level in np.unique(levels)])
        if rng is not None:
            mirrored = torch.from_numpy(rng.random(len(rows)) < 0.5)
            shown = torch.where(mirrored[:, None, None, None], shown.flip(-1), shown)
        with lessons.products():
            shown = _laid_out(shown, lessons.device)
            scores = apprentice.scores(shown, targets[bank], targets[rows]).float()
        same = np.pad(self.groups[rows][:, None] == self.groups[bank], ((0, 0), (1, 0)))
        scores = scores.masked_fill(torch.from_numpy(same).to(scores.device), -torch.inf)
        first = torch.zeros(len(rows), dtype=torch.int64, device=scores.device)
        return functional.cross_entropy(scores, first) - math.log(len(bank))

    def told(self, apprentice: Apprentice, targets: Tensor, lessons: Lessons) -> float:
        """InfoNCE of one row a picture, mean over levels."""
        rows, said = self._one_a_picture(np.random.default_rng(0)), []
        with torch.no_grad():
            for level in range(self.sight.levels):
                for some in _batches(rows, lessons.batch):
                    at = np.full(len(some), level)
                    loss = self.loss(apprentice, targets, some, at, lessons)
                    said.append(-float(loss) * len(some))
        return sum(said) / (len(rows) * self.sight.levels)

    def _one_a_picture(self, rng: np.random.Generator) -> Indices:
        """A random row of every picture, in random order."""
        shuffled = rng.permutation(self.part)
        first = np.unique(self.groups[shuffled], return_index=True)[1]
        return np.asarray(shuffled[rng.permutation(first)])


def _whitened(x: NDArray[np.float32], train: Indices, parts: tuple[Indices, Indices]) -> Tensor:
    """(n, WIDTH) principal components of the targets, of variance 1 on the training rows;
    0 for rows of neither part, and for components there are not."""
    mean = x[train].mean(0)
    _, scale, directions = np.linalg.svd(x[train] - mean, full_matrices=False)
    kept = np.flatnonzero(scale > 1e-6 * max(scale[0], 1e-30))[:WIDTH]
    basis = directions[kept].T / scale[kept] * math.sqrt(len(train))
    out = np.zeros((len(x), WIDTH), np.float32)
    for part in parts:
        out[part, : len(kept)] = (x[part] - mean) @ basis
    return torch.from_numpy(out)


def _rates(apprentice: Apprentice, lessons: Lessons) -> list[dict[str, object]]:
    """Parameters with their rate and decay."""
    network = list(apprentice.network.parameters())
    heads = [*apprentice.of_view.parameters(), *apprentice.of_target.parameters()]
    return [
        {"params": network, "rate": lessons.rate, "weight_decay": lessons.decay},
        {"params": heads, "rate": 1e-3, "weight_decay": 0.3},
        {"params": [apprentice.log_temperature], "rate": 1e-3, "weight_decay": 0.0},
    ]


def _laid_out(shown: Tensor, device: str) -> Tensor:
    return shown.to(device).contiguous(memory_format=torch.channels_last)


def _batches(rows: Indices, size: int) -> Iterator[Indices]:
    return (rows[at : at + size] for at in range(0, len(rows), size))
