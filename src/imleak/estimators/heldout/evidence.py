"""From held-out scores to a value, its interval, its null and a verdict.

A bound is a function of sums over the test images (of scores, of their exponentials,
of products of variates). Keeping those sums for small blocks of images makes the
bootstrap over images a matrix product.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from ...interfaces import Null, PairedSamples, Verdict
from .split import Indices, Split

Array = NDArray[np.floating]
Functional = Callable[[Array], Array]
"""Sums (..., q) over images -> nats (...). The first sum is always the row count."""
MOST_BLOCKS = 1000
DRAWS = 1000
SATURATED = 0.95
ROUNDING = 1e-5
"""Bits that single precision can make of nothing."""
ABSURD = -1.0
"""Bits; below, a critic is worse than one that says nothing."""


@dataclass(frozen=True, eq=False)
class Score:
    """A bound on one part (validation or test) of one split.

    Parameters
    ----------
    seed, fold : of the split.
    blocks : (b,) blocks of images in this part.
    sums : (L, P, b, q) sums over the rows of each block; P = 1 (true pairs) or 2 (true,
        broken).
    functional : from sums to nats.
    images, rows : how many there are in this part.
    checks : (checks, L, P) nats at every check while it was trained, where it was.
    effective : (L, P) images that a mean of weights effectively rests on, where there is one.
    caution : from sums to nats less a standard error, where that is known exactly.
    """

    seed: int
    fold: int
    blocks: NDArray[np.int64]
    sums: Array
    functional: Functional
    images: int
    rows: int
    checks: Array | None = None
    effective: Array | None = None
    caution: Functional | None = None

    @classmethod
    def of(
        cls,
        split: Split,
        blocks: Indices,
        values: Array,
        functional: Functional,
        groups: Indices,
        caution: Functional | None = None,
    ) -> Self:
        """From values (L, P, m, q) of rows, their blocks (m,) and images (m,)."""
        names, inverse = np.unique(blocks, return_inverse=True)
        order = np.argsort(inverse, kind="stable")
        starts = np.searchsorted(inverse[order], np.arange(len(names)))
        sums = np.add.reduceat(np.asarray(values, float)[..., order, :], starts, axis=-2)
        images = len(np.unique(groups))
        rows = len(groups)
        return cls(split.seed, split.fold, names, sums, functional, images, rows, caution=caution)

    def value(self) -> Array:
        """(L, P) nats on all of this part."""
        return self.functional(self.sums.sum(2))

    def cautious_value(self) -> Array:
        """(L, P) nats less their standard error over images, by the jackknife where unknown."""
        if self.caution is not None:
            return self.caution(self.sums.sum(2))
        total = self.sums.sum(2, keepdims=True)
        with np.errstate(invalid="ignore"):
            without = self.functional(total - self.sums)
            count = without.shape[-1]
            spread = np.square(without - without.mean(-1, keepdims=True)).sum(-1)
            return np.asarray(self.value() - np.sqrt((count - 1) / count * spread))


Learned = dict[str, list[tuple[Score, Score]]]
"""By bound, a split after the other: scores of its validation and of its test images."""


@dataclass(frozen=True, eq=False)
class SplitSamples:
    """What a learner is given.

    Parameters
    ----------
    samples : all rows.
    splits : of them, that are learned together.
    blocks : (n,) the block of images a row belongs to.
    pairings : 1, true pairs alone, or 2, broken ones beside them.
    seed : of first weights and batches.
    """

    samples: PairedSamples
    splits: Sequence[Split]
    blocks: Indices
    pairings: int
    seed: int

    @property
    def groups(self) -> Indices:
        """(n,) the image a row belongs to."""
        return self.samples.groups

    def random(self, purpose: int) -> np.random.Generator:
        """Numbers for one purpose, others on other splits."""
        first = self.splits[0]
        return np.random.default_rng([self.seed, first.seed, first.fold, purpose])

    def partners(self, split: Split) -> tuple[Indices, ...]:
        """Rows of x, for each pairing, that the rows of y are paired with."""
        return (np.arange(len(self.groups)), split.broken)[: self.pairings]

    def score(self, split: Split, rows: Indices, nats: Array) -> Score:
        """The mean of nats (L, P, m) of rows (m,)."""
        values = np.stack([np.ones_like(nats), nats], -1)
        return self.score_of_sums(split, rows, values, mean_of_rows)

    def score_of_sums(
        self,
        split: Split,
        rows: Indices,
        values: Array,
        functional: Functional,
        caution: Functional | None = None,
    ) -> Score:
        """A function of the sums of values (L, P, m, q) of rows (m,)."""
        return Score.of(split, self.blocks[rows], values, functional, self.groups[rows], caution)


class Learner(Protocol):
    """Learns to tell true pairs from broken ones on the training images of each split."""

    def learn(self, given: SplitSamples) -> Learned:
        """Train on every split; score its validation and test images."""


def parts_of(learner: Learner) -> tuple[Learner, ...]:
    """The learners that make up one and need nothing of each other, the longest first."""
    parts: tuple[Learner, ...] = getattr(learner, "parts", (learner,))
    return parts


@dataclass(frozen=True, eq=False)
class Evidence:
    """A bound at every level, with its resampling distribution. Everything in nats.

    Parameters
    ----------
    value, null : (L,) estimate on true pairs; (L, seeds) on broken ones, or None.
    draws, null_draws : (draws, L) bootstrap of both.
    by_fold : (L, seeds, folds) estimate of every split.
    """

    value: Array
    draws: Array
    null: Array | None
    null_draws: Array | None
    by_fold: Array

    def capped(self, most: Array) -> Self:
        """The same with nothing but the null above (L,) `most`."""
        return replace(
            self,
            value=np.minimum(self.value, most),
            draws=np.minimum(self.draws, most),
            by_fold=np.minimum(self.by_fold, most[:, np.newaxis, np.newaxis]),
        )


def blocks_of_images(groups: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """A block (n,) for every row: its image, or a random set of images when there are
    more than the bootstrap needs."""
    names, inverse = np.unique(groups, return_inverse=True)
    shuffled = np.random.default_rng(seed).permutation(len(names))
    return np.asarray((shuffled % MOST_BLOCKS)[inverse], dtype=np.int64)


def mean_of_rows(sums: Array) -> Array:
    """Sums (..., 2) of rows and nats -> nats a row."""
    return np.asarray(sums[..., 1] / sums[..., 0])


def null_of(values: Array) -> Null:
    """Null of the values of broken pairs, in bits."""
    return Null(
        float(values.mean()), float(np.percentile(values, 95)), tuple(float(v) for v in values)
    )


def bootstrap(scores: Sequence[Score], seed: int) -> Evidence:
    """Pool folds and seeds, and bootstrap over images and seeds.

    The value is the mean over seeds of the mean over folds, folds weighted by rows. A
    bootstrap draw resamples the images (the same ones for every seed, since every
    seed tests every image) and the seeds; the critics are not trained again.
    """
    rng = np.random.default_rng([seed, 0x626F6F74])
    seeds = sorted({score.seed for score in scores})
    total = 1 + max(int(score.blocks.max()) for score in scores)
    present = np.unique(np.concatenate([score.blocks for score in scores]))
    weights = np.zeros((DRAWS + 1, total))
    weights[0, present] = 1
    weights[1:, present] = rng.multinomial(
        len(present), np.full(len(present), 1 / len(present)), size=DRAWS
    )
    by_seed = np.stack(
        [_over_folds([s for s in scores if s.seed == one], weights) for one in seeds]
    )
    chosen = rng.integers(len(seeds), size=(DRAWS, len(seeds)))
    rows = np.arange(1, DRAWS + 1)
    true = by_seed[..., 0]
    draws = true[chosen, rows[:, None]].mean(1)
    has_null = by_seed.shape[-1] > 1
    in_order = sorted(scores, key=lambda score: (score.seed, score.fold))
    by_fold = np.stack([score.value()[:, 0] for score in in_order], 1)
    return Evidence(
        value=true[:, 0].mean(0),
        draws=draws,
        null=by_seed[:, 0, :, 1].T if has_null else None,
        null_draws=by_seed[chosen[:, 0], rows, :, 1] if has_null else None,
        by_fold=by_fold.reshape(len(by_fold), len(seeds), -1),
    )


def _over_folds(scores: Sequence[Score], weights: Array) -> Array:
    """(draws, L, P) mean over the folds of one seed, weighted by resampled rows."""
    value, rows = 0.0, 0.0
    for score in scores:
        sums = np.einsum("dg,lpgq->dlpq", weights[:, score.blocks], score.sums, optimize=True)
        count = sums[..., 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            nats = np.where(count > 0, score.functional(sums), 0.0)
        value, rows = value + count * nats, rows + count
    return np.asarray(value / np.maximum(rows, 1e-12))


def judge(
    value: float,
    low: float,
    high: float,
    null_p95: float,
    ceiling: float,
    by_fold: Array | Sequence[float] = (),
) -> Verdict:
    """The verdict on one level, of figures in bits; docs/method.md defines each.

    Parameters
    ----------
    value, low, high : estimate and 95 % interval.
    null_p95 : 95th percentile of the null.
    ceiling : the most that could have been found.
    by_fold : (folds,) estimates of the folds, or (seeds, folds), where there are folds.
    """
    if not np.all(np.isfinite([value, low, high, null_p95, *np.ravel(by_fold)])) or value < ABSURD:
        return "unreliable"
    if low <= max(0.0, null_p95) + ROUNDING:
        return "no leak found"
    if high - low > value or (len(by_fold) and np.std(by_fold, -1).mean() > value):
        return "unreliable"
    return "saturated" if value > SATURATED * ceiling else "leak"
