"""One training loop for every neural estimator, and the rows it trains on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..heldout.split import Indices, Split
from .adamw import AdamW
from .networks import Shape, Stack


@dataclass(frozen=True, eq=False)
class Cohort:
    """Splits that train together.

    Parameters
    ----------
    splits : R of them.
    x : (R, n, dx) target, prepared on each split's training rows and shared by its members;
        or (R, L, P, n, dx), each member's own, row i being the partner of y's row i.
    y : (R, L, n, dy) view; or (R, L, P, n, dy).
    groups : (n,) image of every row.
    pairings : P, 1 (true pairs) or 2 (true, broken).
    kept : (R,) where its splits stand among those that training began with; None for all.
    """

    splits: Sequence[Split]
    x: Tensor
    y: Tensor
    groups: Indices
    pairings: int
    kept: Indices | None = None

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
        one = slice(r, r + 1)
        return replace(self, splits=self.splits[one], x=self.x[one], y=self.y[one])

    def of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Of rows (all splits, m) those of its splits."""
        return rows if self.kept is None else rows[self.kept]

    def narrowed(self, splits: Tensor, levels: Tensor, pairings: int) -> Cohort:
        """Some of the splits and levels and the first of the pairings alone."""
        kept = splits.cpu().numpy()
        x, y = self.x[splits], self.y[splits].index_select(1, levels)
        if x.ndim == 5:
            x, y = x.index_select(1, levels)[:, :, :pairings], y[:, :, :pairings]
        chosen = [self.splits[at] for at in kept]
        return replace(self, splits=chosen, x=x, y=y, pairings=pairings, kept=kept)


def equal_length(rows: Sequence[Indices]) -> NDArray[np.int64]:
    """(R, m) rows of R sets, the longer ones cut: enough to choose a checkpoint by."""
    count = min(len(row) for row in rows)
    return np.stack([np.sort(row)[:count] for row in rows])


def batches(cohort: Cohort, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Endless batches (R, size) of training rows, each row once an epoch; the rows of one
    image stand together in a batch."""
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
Check = Callable[[Cohort], Tensor]
"""Cohort of the members that still train -> (R, L, P) what each is chosen by, in nats."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast critics train.

    Parameters
    ----------
    steps, batch : optimiser steps, rows a step.
    rate, decay : AdamW's learning rate and weight decay.
    every : steps between checks on the validation images.
    patience : checks without improving after which a split, a level, or all broken pairs, stop;
        0 never stops.
    first : also check the first weights, which are kept if no later ones are better.
    start : checks without improving on the first weights after which the same stop; 0 for
        `patience`.
    least : nats by which a check must be better to count as improving.
    progress : is given the share of the steps that is done.
    """

    steps: int = 600
    batch: int = 300
    rate: float = 1e-3
    decay: float = 0.0
    every: int = 25
    patience: int = 8
    first: bool = False
    start: int = 0
    least: float = 0.0
    progress: Callable[[float], None] | None = None


def train(
    critic: Stack,
    cohort: Cohort,
    loss: Loss,
    check: Check,
    schedule: Schedule,
    rng: np.random.Generator,
    *,
    keep_best: bool = True,
    levels: Indices | None = None,
) -> Tensor:
    """Train all members; each ends with the weights its validation images prefer.

    Parameters
    ----------
    keep_best : False leaves the last weights (the paper's protocol).
    levels : those to train, the others keep their first weights; None trains all.

    Returns
    -------
    (checks, R, L, P) value of `check` at every one; what has stopped keeps its last.
    """
    optimiser = AdamW(critic.parameters(), schedule.rate, schedule.decay)
    kept = _Checkpoints(critic, cohort, schedule.least)
    if levels is not None:
        every = torch.arange(cohort.members[0])
        kept.go_on_with(every, torch.from_numpy(levels), cohort.pairings, optimiser)
    if schedule.first:
        with torch.no_grad():
            kept.note(check(kept.cohort))
    for step, rows in zip(
        range(1, schedule.steps + 1), batches(cohort, schedule.batch, rng), strict=False
    ):
        own = kept.cohort.of(rows)
        torch.autograd.backward(loss(*kept.cohort.take(own), own).sum())
        optimiser.step()
        if step % schedule.every and step != schedule.steps:
            continue
        with torch.no_grad():
            kept.note(check(kept.cohort))
        if schedule.progress:
            schedule.progress(step / schedule.steps)
        if keep_best and schedule.patience and kept.stop(schedule, optimiser):
            break
    if keep_best:
        kept.restore()
    return torch.stack(kept.values)


class _Checkpoints:
    """What validation found of every member, the weights it preferred, and who still trains."""

    def __init__(self, critic: Stack, cohort: Cohort, least: float):
        self.critic = critic
        self.least = least
        self.whole = self.cohort = cohort
        self.splits, self.levels = (
            torch.arange(count, device=cohort.x.device) for count in cohort.members[:2]
        )
        self.best = torch.full(cohort.members, -torch.inf, device=cohort.x.device)
        self.mark = self.best.clone()
        self.idle = torch.zeros(cohort.members, dtype=torch.int64, device=cohort.x.device)
        self.kept = [state.detach().clone() for state in critic.states()]
        self.values: list[Tensor] = []

    @property
    def training(self) -> tuple[Tensor, Tensor, slice]:
        """Where the members that still train stand among all."""
        return self.splits[:, None], self.levels, slice(self.cohort.pairings)

    def note(self, now: Tensor) -> None:
        """Note a check, and keep the weights of members that improved."""
        at = self.training
        now = now.to(self.best.dtype)
        better = now > self.best[at]
        last = self.values[-1].clone() if self.values else torch.full_like(self.best, torch.nan)
        last[at] = now
        self.values.append(last)
        improved = now > self.mark[at] + self.least
        self.best[at] = torch.where(better, now, self.best[at])
        self.mark[at] = torch.where(improved, now, self.mark[at])
        self.idle[at] = torch.where(improved, 0, self.idle[at] + 1)
        for r, level, pairing in better.nonzero().tolist():
            for old, new in zip(self.kept, self.critic.states(), strict=True):
                old[self.splits[r], self.levels[level], pairing] = new[r, level, pairing].detach()

    def stop(self, schedule: Schedule, optimiser: AdamW) -> bool:
        """Whether all are done; splits and levels that are done, and broken pairs, are left out."""
        idle, checks = self.idle[self.training], len(self.values) - schedule.first
        done = idle >= schedule.patience
        if schedule.start:
            done |= (idle >= schedule.start) & (idle == checks)
        rest = ~done.all(-1)
        if not bool(rest.any()):
            return True
        splits, levels = (rest.any(axis).nonzero().flatten() for axis in (1, 0))
        pairings = 1 if bool(done[splits[:, None], levels, 1:].all()) else self.cohort.pairings
        if (len(splits), len(levels), pairings) != self.critic.members:
            self.go_on_with(splits, levels, pairings, optimiser)
        return False

    def go_on_with(self, splits: Tensor, levels: Tensor, pairings: int, optimiser: AdamW) -> None:
        """Leave out all but some of the splits and levels that still train, and of the pairings."""
        splits, levels = (one.to(self.levels.device) for one in (splits, levels))
        self.splits, self.levels = self.splits[splits], self.levels[levels]
        self.cohort = self.whole.narrowed(self.splits, self.levels, pairings)
        self.critic.narrow(splits, levels, pairings, optimiser)

    def restore(self) -> None:
        """Give every member the weights that were kept; one that diverged before its first
        check gets none, so that nothing is read from it."""
        diverged = (self.idle > 0) & self.best.isneginf()
        self.critic.members = self.whole.members
        for state, kept in zip(self.critic.states(), self.kept, strict=True):
            state.data = kept.masked_fill(diverged[..., None, None], torch.nan)
