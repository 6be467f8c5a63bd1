"""Held-out estimation: cross-fitted over pictures, with null, interval, growth and verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Bound, Estimate, GrowthPoint, Null, PairedSamples
from ..machine import Precision, cores, one_thread_each, precision_of, product_type
from .evidence import (
    ROUNDING,
    Array,
    Evidence,
    Learned,
    Learner,
    Score,
    blocks_of_pictures,
    judge,
    weigh,
)
from .learned import learn, merged
from .options import Count, Folds
from .pixels import drawn
from .planted import smallest_detectable
from .split import FEWEST, Indices, Split, cross_fit, nested_subsets

Progress = Callable[[float], None]
NATS = 1 / math.log(2)
"""Bits of a nat."""
MEMBERS = 18
"""Members trained as one stack: enough to fill a core, few enough to stay in its cache."""
GROWTH = (0.125, 0.25, 0.5)
GROWTH_LENGTH, SENSITIVITY_LENGTH = 0.6, 2.0
"""Time of an estimate with all training pictures but no null, and of the search for the
smallest planted leak, to that of the estimate itself: for telling progress."""


class CrossFitted:
    """An estimator whose learner never sees the pictures it is tested on.

    A subclass names itself, says what its number bounds, and makes its learner.

    Parameters
    ----------
    folds : K of the K-fold cross-fitting; every picture is tested once a seed.
    seeds : repetitions, each with its own folds, first weights and broken pairs.
    growth : also with 1/8, 1/4 and 1/2 of the training pictures.
    sensitivity : also the smallest planted leak that is found.
    precision : of the matrix products of training: "fp32", "bf16", or "auto" for bf16 where
        the processor has it.
    device : "cpu" or "cuda".
    """

    name: str
    version = "2"
    bound: Bound = "lower"
    read: str
    """Which of the learner's bounds this is."""
    holds_out = True
    """Whether it tests on pictures a trained view has not seen."""
    fewest_images = FEWEST

    def __init__(
        self,
        *,
        folds: Folds = 5,
        seeds: Count = 5,
        growth: bool = False,
        sensitivity: bool = False,
        precision: Precision = "auto",
        device: str = "cpu",
    ):
        if folds < 2 or seeds < 1:
            raise ValueError(f"folds={folds} must be at least 2 and seeds={seeds} at least 1")
        self.folds = folds
        self.seeds = seeds
        self.growth = growth
        self.sensitivity = sensitivity
        self.product_type = product_type(precision, device)
        self.device = device

    @property
    def facts(self) -> dict[str, str]:
        """What is recorded of it beside its options."""
        return {"device": self.device, "precision": precision_of(self.product_type)}

    def learner(self) -> Learner:
        """What is trained."""
        raise NotImplementedError

    def history(self, learned: Mapping[str, Learned]) -> Array | None:  # noqa: ARG002
        """(L, epochs) nats on validation pictures after every epoch, where there are epochs."""
        return None

    def scores(self, learned: Mapping[str, Learned]) -> tuple[list[Score], list[list[str]]]:
        """Test scores a split, and for every split and level what was chosen.

        Parameters
        ----------
        learned : by view; one, unless the estimator chooses among several.
        """
        (only,) = learned.values()
        return [test for _, test in only[self.read]], []

    def estimate(
        self, samples: PairedSamples, *, seed: int = 0, progress: Progress | None = None
    ) -> list[Estimate]:
        """One held-out estimate a level, in bits.

        Raises
        ------
        TooFewImagesError
            If a fold would have fewer than two pictures to train, validate or test on.
        """
        return self._held_out({"": samples}, seed, progress)

    def _held_out(
        self, views: Mapping[str, PairedSamples], seed: int, progress: Progress | None
    ) -> list[Estimate]:
        """One estimate a level over views by name, of one target; "" for an only one."""
        views = {name: drawn(view, seed) for name, view in views.items()}
        samples = next(iter(views.values()))
        lengths = [1.0, *(GROWTH_LENGTH * share for share in GROWTH if self.growth)]
        told = _Shares(progress, [*lengths, *[SENSITIVITY_LENGTH] * self.sensitivity])
        splits = cross_fit(samples.groups, self.folds, self.seeds, seed)
        learned = self._run(views, splits, 2, seed, told)
        scores, chosen = self.scores(learned)
        ceilings = self._ceilings(scores, samples)
        raw = weigh(scores, seed)
        found = self._shown(raw, ceilings)
        estimates = [
            _with_raw(one, float(value) * NATS)
            for one, value in zip(
                self._estimates(samples, splits, scores, found, chosen), raw.value, strict=True
            )
        ]
        if (history := self.history(learned)) is not None:
            estimates = [
                replace(one, history=tuple(float(value) * NATS for value in level))
                for one, level in zip(estimates, history, strict=True)
            ]
        if self.growth:
            estimates = self._grown(views, splits, seed, found, ceilings, estimates, told)
        if self.sensitivity:
            estimates = self._sensitive(views, seed, found, estimates, told)
        told.done()
        return estimates

    def _run(
        self,
        views: Mapping[str, PairedSamples],
        splits: Sequence[Split],
        pairings: int,
        seed: int,
        told: _Shares,
    ) -> dict[str, Learned]:
        """Learn on all splits of every view, a stack at a time, on every core."""
        groups = next(iter(views.values())).groups
        blocks = blocks_of_pictures(groups, seed)
        learner = self.learner()
        done: dict[str, list[Learned]] = {name: [] for name in views}
        with one_thread_each(), ThreadPoolExecutor(cores()) as pool:
            jobs = [
                (name, pool.submit(learn, learner, view, stack, blocks, pairings, seed))
                for name, view in views.items()
                for stack in _stacks(splits, view, pairings)
            ]
            try:
                for at, (name, job) in enumerate(jobs, start=1):
                    done[name].append(job.result())
                    told.step(at / len(jobs))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        told.next()
        return {name: merged(parts) for name, parts in done.items()}

    def _estimates(
        self,
        samples: PairedSamples,
        splits: Sequence[Split],
        scores: Sequence[Score],
        found: Evidence,
        chosen: list[list[str]],
    ) -> list[Estimate]:
        trained = np.mean([len(np.unique(samples.groups[s.train])) for s in splits])
        ceilings = self._ceilings(scores, samples)
        estimates = []
        assert found.null is not None
        assert found.null_draws is not None
        for at in range(len(samples.y)):
            low, high = np.percentile(found.draws[:, at], [2.5, 97.5])
            null_p95 = float(np.percentile(found.null_draws[:, at], 95))
            null = Null(
                mean=float(found.null[at].mean()) * NATS,
                p95=null_p95 * NATS,
                values=tuple(float(v) * NATS for v in found.null[at]),
            )
            ceiling = float(ceilings[at])
            estimates.append(
                Estimate(
                    value=float(found.value[at]) * NATS,
                    bound=self.bound,
                    estimator=self.name,
                    protocol="held-out",
                    interval=(float(low) * NATS, float(high) * NATS),
                    null=null,
                    ceiling=ceiling * NATS,
                    verdict=judge(found.value[at], low, high, null_p95, ceiling, found.by_fold[at]),
                    train_groups=round(trained),
                    test_groups=len(np.unique(samples.groups)),
                    n=len(samples.groups),
                    seeds=self.seeds,
                    chosen=_most_frequent([names[at] for names in chosen]) if chosen else None,
                )
            )
        return estimates

    def _ceilings(self, scores: Sequence[Score], samples: PairedSamples) -> Array:
        """(L,) the most this bound could have said, in nats: log of the test pictures, and
        no more than the log of the values a view can take."""
        rows = [score.rows for score in scores]
        most = np.average([math.log(score.pictures) for score in scores], weights=rows)
        sizes = samples.sizes or (None,) * len(samples.y)
        return np.array([min(most, math.log(size)) if size else most for size in sizes])

    def _shown(self, found: Evidence, ceilings: Array) -> Evidence:
        """So many images cannot show more than the ceiling: no lower bound is shown above."""
        return found.capped(ceilings) if self.bound == "lower" else found

    def _grown(
        self,
        views: Mapping[str, PairedSamples],
        splits: Sequence[Split],
        seed: int,
        whole: Evidence,
        ceilings: Array,
        estimates: list[Estimate],
        told: _Shares,
    ) -> list[Estimate]:
        """Add the estimates of smaller adversaries, tested on the same pictures."""
        samples = next(iter(views.values()))
        smaller: list[tuple[int, Evidence]] = []
        for share in GROWTH:
            cut = [_smaller(s, samples.groups, share, [seed, s.seed, s.fold]) for s in splits]
            scores, _ = self.scores(self._run(views, cut, 1, seed, told))
            trained = np.mean([len(np.unique(samples.groups[s.train])) for s in cut])
            smaller.append((round(trained), self._shown(weigh(scores, seed), ceilings)))
        grown = []
        for at, estimate in enumerate(estimates):
            points = [*smaller, (estimate.train_groups or 0, whole)]
            growth = tuple(
                GrowthPoint(count, float(found.value[at]) * NATS, _interval(found.draws[:, at]))
                for count, found in points
            )
            gain = whole.draws[:, at] - smaller[-1][1].draws[:, at]
            rising = bool(np.percentile(gain, 2.5) > 0)
            grown.append(replace(estimate, growth=growth, rising=rising))
        return grown

    def _sensitive(
        self,
        views: Mapping[str, PairedSamples],
        seed: int,
        found: Evidence,
        estimates: list[Estimate],
        told: _Shares,
    ) -> list[Estimate]:
        """Add the smallest planted leak found, at the highest level that is not constant:
        planted into one view, the first that is not trained, and looked for there."""
        frozen = [view for view in views.values() if view.learned is None]
        if not frozen:
            return estimates
        samples = frozen[0]
        varied = [at for at, view in enumerate(samples.y) if np.ptp(view, axis=0).max() > 0]
        if not varied:
            return estimates
        hardest = varied[-1]
        assert found.null_draws is not None
        null_p95 = float(np.percentile(found.null_draws[:, hardest], 95))

        def is_found(planted: PairedSamples) -> NDArray[np.bool_]:
            splits = cross_fit(planted.groups, self.folds, 1, seed)
            run = self._run({"": planted}, splits, 1, seed, _Shares(None))
            scores, _ = self.scores(run)
            low = np.percentile(weigh(scores, seed).draws, 2.5, axis=0)
            return np.asarray(low > max(0.0, null_p95), dtype=np.bool_)

        detectable = smallest_detectable(samples, hardest, is_found, seed)
        told.next()
        return [replace(estimate, detectable=detectable) for estimate in estimates]


def _stacks(
    splits: Sequence[Split], view: PairedSamples, pairings: int
) -> Iterator[Sequence[Split]]:
    """Splits learned together: as many as keep a core busy, one of a view that is trained."""
    size = 1 if view.learned else max(1, MEMBERS // (len(view.y) * pairings))
    return (splits[at : at + size] for at in range(0, len(splits), size))


def _smaller(split: Split, groups: Indices, share: float, seed: list[int]) -> Split:
    """The split with a share of its training pictures; larger shares contain smaller ones."""
    rng = np.random.default_rng([*seed, 0x67726F77])
    return replace(split, train=nested_subsets(groups, split.train, (share,), rng)[0])


def _with_raw(estimate: Estimate, raw: float) -> Estimate:
    """What was estimated, beside the ceiling that it is shown as."""
    if not estimate.value + ROUNDING < raw < math.inf:
        return estimate
    return replace(estimate, details={**estimate.details, "uncapped": raw})


def _interval(draws: Array) -> tuple[float, float]:
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low) * NATS, float(high) * NATS


def _most_frequent(names: Sequence[str]) -> str:
    return max(sorted(set(names)), key=names.count)


class _Shares:
    """Tells one share of progress over stages of the given lengths."""

    def __init__(self, progress: Progress | None, lengths: Sequence[float] = ()):
        self.progress = progress
        self.before = np.cumsum([0.0, *lengths]) / (sum(lengths) or 1.0)
        self.stage = 0

    def step(self, share: float) -> None:
        if self.progress and self.stage + 1 < len(self.before):
            start, end = self.before[self.stage : self.stage + 2]
            self.progress(float(min(1.0, start + share * (end - start))))

    def next(self) -> None:
        self.stage += 1
        self.step(0.0)

    def done(self) -> None:
        if self.progress:
            self.progress(1.0)
