"""Training of a view: to tell, of one clear part, which image's target it belongs to."""

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

Indices = NDArray[np.int64]
WIDTH = 64
"""Dimension of the space target and view meet in, and of the target before it."""
WARM_UP = 0.1
"""Share of the steps in which the rate rises."""


@dataclass(frozen=True)
class Inputs:
    """What a network is shown of so many rows at so many levels.

    Parameters
    ----------
    show : level and m rows -> (m, channels, height, width).
    """

    levels: int
    rows: int
    show: Callable[[int, Indices], Tensor]


@dataclass(frozen=True)
class Training:
    """How a view is trained.

    Parameters
    ----------
    passes : how often every training row is seen at every level.
    batch : rows a step, of different images and all levels.
    rate, decay : of AdamW, for the network; its heads learn at 1e-3.
    precision, device : of the products.
    checks : times it is tried on the validation images.
    """

    passes: float
    batch: int
    rate: float
    decay: float
    precision: torch.dtype
    device: str = "cpu"
    checks: int = 8

    def steps(self, rows: int, levels: int) -> int:
        return max(self.checks, math.ceil(self.passes * rows * levels / self.batch))

    def products(self) -> torch.autocast:
        """Where products are of the chosen precision."""
        kind = self.device.partition(":")[0]
        return torch.autocast(kind, self.precision, self.precision != torch.float32)


class Student(nn.Module):
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
        self.project_view = nn.Linear(dimension, WIDTH, bias=False)
        self.project_target = nn.Linear(WIDTH, WIDTH, bias=False)
        self.log_temperature = nn.Parameter(torch.tensor(math.log(5.0)))
        nn.init.normal_(self.project_view.weight, std=dimension**-0.5)
        nn.init.normal_(self.project_target.weight, std=WIDTH**-0.5)

    def scores(self, shown: Tensor, targets: Tensor, own: Tensor) -> Tensor:
        """(m, 1 + K): of every row with its own target (m, WIDTH), then with K others."""
        view = functional.normalize(
            self.project_view(self.scale(self.network(shown).float())), dim=-1
        )
        true = functional.normalize(self.project_target(own), dim=-1)
        others = functional.normalize(self.project_target(targets), dim=-1)
        both = torch.cat([(view * true).sum(-1, keepdim=True), view @ others.T], 1)
        return both * self.log_temperature.exp()


def train_student(
    student: Student,
    inputs: Inputs,
    x: NDArray[np.float32],
    groups: Indices,
    parts: tuple[Indices, Indices],
    training: Training,
    seed: int,
) -> None:
    """Train on the rows of the first part, and keep what did best on those of the second.

    Every row is scored against a target of every other training image: these are known
    and need no forward pass, so a batch of any size has all images for negatives. Half
    of what is shown is mirrored, which a target of images barely notices.

    Parameters
    ----------
    x : (n, dx) targets; only rows of the two parts are read.
    groups : (n,) images.
    """
    rng = np.random.default_rng([seed, 0x636F6E76])
    training_part, validation_part = (SplitPart(inputs, groups, part) for part in parts)
    targets = _whitened(x, parts[0], parts).to(training.device)
    steps = training.steps(len(parts[0]), inputs.levels)
    optimiser = torch.optim.AdamW(_parameters(student, training), fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / (WARM_UP * steps)) * (1 - step / steps)
    )
    best, kept = -math.inf, copy.deepcopy(student.state_dict())
    student.train()
    for step in range(steps):
        rows, levels = training_part.draw(training.batch, rng)
        loss = training_part.loss(student, targets, rows, levels, training, rng)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        if (step + 1) % (steps // training.checks) == 0:
            student.eval()
            found = validation_part.infonce(student, targets, training)
            if found > best:
                best, kept = found, copy.deepcopy(student.state_dict())
            student.train()
    student.load_state_dict(kept)
    student.eval()


def vectors(
    student: Student, inputs: Inputs, dimension: int, training: Training
) -> NDArray[np.float32]:
    """(L, n, d) of all rows."""
    out = np.empty((inputs.levels, inputs.rows, dimension), np.float32)
    with torch.inference_mode(), training.products():
        for level in range(inputs.levels):
            for rows in _batches(np.arange(inputs.rows), training.batch):
                shown = _on_device(inputs.show(level, rows), training.device)
                out[level, rows] = student.network(shown).float().cpu().numpy()
    return out


@dataclass(frozen=True, eq=False)
class SplitPart:
    """Rows of one part of a split."""

    inputs: Inputs
    groups: Indices
    part: Indices

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Indices, Indices]:
        """Rows of different images, and a level for each; in order of level."""
        rows = self._one_an_image(rng)[:count]
        return rows, np.sort(rng.permutation(len(rows)) % self.inputs.levels)

    def loss(
        self,
        student: Student,
        targets: Tensor,
        rows: Indices,
        levels: Indices,
        training: Training,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """Cross-entropy of the own target among one of every image, less the logarithm of
        their number: minus InfoNCE, in nats. With a generator, half is mirrored."""
        bank = self._one_an_image(rng or np.random.default_rng(0))
        shown = torch.cat(
            [self.inputs.show(level, rows[levels == level]) for level in np.unique(levels)]
        )
        if rng is not None:
            mirrored = torch.from_numpy(rng.random(len(rows)) < 0.5)
            shown = torch.where(mirrored[:, None, None, None], shown.flip(-1), shown)
        with training.products():
            shown = _on_device(shown, training.device)
            scores = student.scores(shown, targets[bank], targets[rows]).float()
        same = np.pad(self.groups[rows][:, None] == self.groups[bank], ((0, 0), (1, 0)))
        scores = scores.masked_fill(torch.from_numpy(same).to(scores.device), -torch.inf)
        first = torch.zeros(len(rows), dtype=torch.int64, device=scores.device)
        return functional.cross_entropy(scores, first) - math.log(len(bank))

    def infonce(self, student: Student, targets: Tensor, training: Training) -> float:
        """InfoNCE of one row an image, mean over levels."""
        rows, total = self._one_an_image(np.random.default_rng(0)), 0.0
        with torch.no_grad():
            for level in range(self.inputs.levels):
                for some in _batches(rows, training.batch):
                    at = np.full(len(some), level)
                    loss = self.loss(student, targets, some, at, training)
                    total -= float(loss) * len(some)
        return total / (len(rows) * self.inputs.levels)

    def _one_an_image(self, rng: np.random.Generator) -> Indices:
        """A random row of every image, in random order."""
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


def _parameters(student: Student, training: Training) -> list[dict[str, object]]:
    """Parameters with their rate and decay."""
    network = list(student.network.parameters())
    heads = [*student.project_view.parameters(), *student.project_target.parameters()]
    return [
        {"params": network, "lr": training.rate, "weight_decay": training.decay},
        {"params": heads, "lr": 1e-3, "weight_decay": 0.3},
        {"params": [student.log_temperature], "lr": 1e-3, "weight_decay": 0.0},
    ]


def _on_device(shown: Tensor, device: str) -> Tensor:
    return shown.to(device).contiguous(memory_format=torch.channels_last)


def _batches(rows: Indices, size: int) -> Iterator[Indices]:
    return (rows[at : at + size] for at in range(0, len(rows), size))
