"""One training loop for every neural estimator, and the rows it trains on."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .critics import Shape, Stack
from .split import Indices, Split


@dataclass(frozen=True, eq=False)
class Cohort:
    """Splits that train together.

    Parameters
    ----------
    splits : R of them.
    x : (R, n, dx) target, prepared on each split's training rows and shared by its members;
        or (R, L, P, n, dx), each member's own, row i being the partner of y's row i.
    y : (R, L, n, dy) view; or (R, L, P, n, dy).
    groups : (n,) picture of every row.
    pairings : P, 1 (true pairs) or 2 (true, broken).
    """

    splits: Sequence[Split]
    x: Tensor
    y: Tensor
    groups: Indices
    pairings: int

    @property
    def members(self) -> Shape:
        return len(self.splits), self.y.shape[1], self.pairings

    def take(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """x (R, P, b, dx) and y (R, L, b, dy) of rows (R, b); own rows with L and P axes."""
        at = torch.from_numpy(rows).to(self.x.device)
        y = torch.stack([side.index_select(-2, one) for side, one in zip(self.y, at, strict=True)])
        if self.x.ndim == 5:
            own = [side.index_select(-2, one) for side, one in zip(self.x, at, strict=True)]
            return torch.stack(own), y
        pairs = [
            np.stack([row, split.broken[row]][: self.pairings])
            for row, split in zip(rows, self.splits, strict=True)
        ]
        partners = torch.from_numpy(np.stack(pairs)).to(at.device)
        return torch.stack([side[one] for side, one in zip(self.x, partners, strict=True)]), y

    def only(self, r: int) -> Cohort:
        """Split `r` alone."""
        return Cohort(
            self.splits[r : r + 1],
            self.x[r : r + 1],
            self.y[r : r + 1],
            self.groups,
            self.pairings,
        )


def equal_length(rows: Sequence[Indices]) -> NDArray[np.int64]:
    """(R, m) rows of R sets, the longer ones cut: enough to choose a checkpoint by."""
    count = min(len(row) for row in rows)
    return np.stack([np.sort(row)[:count] for row in rows])


def batches(cohort: Cohort, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Endless batches (R, size) of training rows, each row once an epoch; the rows of one
    picture stand together in a batch."""
    size = min(size, *(len(s.train) for s in cohort.splits))
    queues = [_rows(s.train, cohort.groups, size, rng) for s in cohort.splits]
    while True:
        yield np.stack([next(queue) for queue in queues])


def _rows(rows: Indices, groups: Indices, size: int, rng: np.random.Generator) -> Iterator[Indices]:
    while True:
        order = rng.permutation(rows)
        for start in range(0, len(order) - size + 1, size):
            batch = order[start : start + size]
            yield batch[np.argsort(groups[batch], kind="stable")]


Loss = Callable[[Tensor, Tensor, NDArray[np.int64]], Tensor]
"""(x, y, rows) -> (R, L, P) what each member minimises on a batch."""
Check = Callable[[], Tensor]
"""() -> (R, L, P) what each member is chosen by, in nats."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast critics train.

    Parameters
    ----------
    steps, batch : optimiser steps, rows a step.
    rate, decay : AdamW's learning rate and weight decay.
    every : steps between looks at the validation pictures.
    patience : looks without any member improving before all stop; 0 never stops.
    told : is told the share of the steps that is done.
    """

    steps: int = 600
    batch: int = 300
    rate: float = 1e-3
    decay: float = 0.0
    every: int = 25
    patience: int = 8
    told: Callable[[float], None] | None = None


def train(
    critic: Stack,
    cohort: Cohort,
    loss: Loss,
    check: Check,
    schedule: Schedule,
    rng: np.random.Generator,
    *,
    keep_best: bool = True,
) -> Tensor:
    """Train all members; each ends with the weights its validation pictures prefer.

    Parameters
    ----------
    keep_best : False leaves the last weights (the paper's protocol).

    Returns
    -------
    (looks, R, L, P) value of `check` at every look.
    """
    optimiser = torch.optim.AdamW(
        critic.parameters(),
        lr=schedule.rate,
        weight_decay=schedule.decay,
        fused=True,
    )
    best = torch.full(cohort.members, -torch.inf, device=cohort.x.device)
    kept = copy.deepcopy(list(critic.parameters()))
    seen: list[Tensor] = []
    idle = 0
    for step, rows in zip(
        range(1, schedule.steps + 1), batches(cohort, schedule.batch, rng), strict=False
    ):
        optimiser.zero_grad(set_to_none=True)
        x, y = cohort.take(rows)
        torch.autograd.backward(loss(x, y, rows).sum())
        optimiser.step()
        if step % schedule.every and step != schedule.steps:
            continue
        with torch.no_grad():
            now = check()
            seen.append(now)
            better = now > best
            best = torch.where(better, now, best)
            for old, new in zip(kept, critic.parameters(), strict=True):
                old.data = torch.where(better[..., None, None], new.data, old.data)
        if schedule.told:
            schedule.told(step / schedule.steps)
        idle = 0 if bool(better.any()) else idle + 1
        if keep_best and schedule.patience and idle >= schedule.patience:
            break
    if keep_best:
        with torch.no_grad():
            for old, new in zip(kept, critic.parameters(), strict=True):
                new.copy_(old)
    return torch.stack(seen)
