"""Held-out estimation: cross-fitted over images, with null, interval, growth and verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...interfaces import Bound, GrowthPoint, Measurement, Null, PairedSamples
from ...machine import cores, one_thread_each
from ..options import HeldOut
from ..samples.counted import drawn
from .evidence import (
    ROUNDING,
    Array,
    Evidence,
    Learned,
    Learner,
    Score,
    SplitSamples,
    blocks_of_images,
    bootstrap,
    judge,
    parts_of,
)
from .public import joined, with_public
from .split import FEWEST, Split, count_of_share, cross_fit, subset
from .trained_view import learn, merged

Progress = Callable[[float], None]
NATS = 1 / math.log(2)
"""Bits of a nat."""
MEMBERS = 18
"""Members trained as one stack: enough to fill a core, few enough to stay in its cache."""
GROWTH = (0.125, 0.25, 0.5)
GROWTH_LENGTH, SENSITIVITY_LENGTH = 0.6, 2.0
"""Time of an estimate with all training images but no null, and of the search for the
smallest planted leak, to that of the estimate itself: for the progress that is reported."""


class CrossFitted(HeldOut):
    """An estimator whose learner never sees the images it is tested on.

    A subclass names itself, says what its number bounds, and makes its learner. Its options are
    those of :class:`HeldOut`; one with more is a frozen dataclass.
    """

    name: str
    version = "5"
    bound: Bound = "lower"
    read: str
    """Which of the learner's bounds this is."""
    fewest_images = FEWEST

    @property
    def holds_out(self) -> bool:
        """Whether it tests on images that a trained view has not seen."""
        return True

    @property
    def takes_public(self) -> bool:
        """Whether it also learns from public images."""
        return self.holds_out

    def learner(self) -> Learner:
        """What is trained."""
        raise NotImplementedError

    def splits(self, groups: NDArray[np.int64], seed: int) -> list[Split]:
        """Which images are trained on, which choose and which are tested."""
        return cross_fit(groups, self.folds, self.seeds, seed)

    def scores(self, learned: Mapping[str, Learned]) -> tuple[list[Score], list[list[str]]]:
        """Test scores a split, and for every split and level what was chosen.

        Parameters
        ----------
        learned : by view; one, unless the estimator chooses among several.
        """
        (only,) = learned.values()
        return [test for _, test in only[self.read]], []

    def intervals(self, scores: Sequence[Score], found: Evidence) -> Array:  # noqa: ARG002
        """(2, L) ends of the 95 % interval of each level, in nats."""
        return np.percentile(found.draws, [2.5, 97.5], axis=0)

    def details(self, scores: Sequence[Score]) -> list[dict[str, float]]:  # noqa: ARG002
        """Further figures of each level, by name."""
        return []

    def estimate(
        self, samples: PairedSamples, *, seed: int = 0, progress: Progress | None = None
    ) -> list[Measurement]:
        """One held-out estimate a level, in bits. Raises TooFewImagesError if a fold would have
        fewer than two images to train, validate or test on."""
        return self._held_out({"": samples}, self.learner(), seed, progress)

    def _held_out(
        self,
        views: Mapping[str, PairedSamples],
        learner: Learner,
        seed: int,
        progress: Progress | None,
        history: Callable[[Learned], Array] | None = None,
    ) -> list[Measurement]:
        """One estimate a level over views by name, of one target; "" for an only one, which may
        have a history (L, epochs), in nats on validation images after every epoch."""
        lengths = [1.0, *(GROWTH_LENGTH * share for share in GROWTH if self.growth)]
        stages = Stages(progress, [*lengths, *[SENSITIVITY_LENGTH] * self.sensitivity])
        views = {name: drawn(self._taught(view), seed) for name, view in views.items()}
        training = Training(learner, views, seed, stages)
        splits = self.splits(training.samples.groups, seed)
        learned = training.on(splits, pairings=2)
        scores, chosen = self.scores(learned)
        ceilings = self._ceilings(scores, training.samples)
        raw = bootstrap(scores, seed)
        found = self._shown(raw, ceilings)
        estimates = self._estimates(training, splits, scores, found, ceilings, chosen)
        estimates = [_with_raw(*pair) for pair in zip(estimates, in_bits(raw.value), strict=True)]
        if history:
            estimates = [
                replace(one, history=in_bits(level))
                for one, level in zip(estimates, history(learned[""]), strict=True)
            ]
        if self.growth:
            estimates = self._grown(training, splits, found, ceilings, estimates)
        if self.sensitivity:
            detectable = self._smallest_detectable(training, found)
            estimates = [replace(estimate, detectable=detectable) for estimate in estimates]
        stages.done()
        return estimates

    def _taught(self, samples: PairedSamples) -> PairedSamples:
        """Samples without public images where nothing is learned from them."""
        return samples if self.takes_public else replace(samples, public=None)

    def _estimates(
        self,
        training: Training,
        splits: Sequence[Split],
        scores: Sequence[Score],
        found: Evidence,
        ceilings: Array,
        chosen: list[list[str]],
    ) -> list[Measurement]:
        """What was found, in bits, with its verdict."""
        assert found.null is not None
        assert found.null_draws is not None
        value, null = found.value * NATS, found.null * NATS
        low, high = self._ends(scores, found, ceilings)
        null_p95 = np.percentile(found.null_draws, 95, axis=0) * NATS
        most, by_fold = ceilings * NATS, found.by_fold * NATS
        details = self.details(scores)
        samples = training.samples
        train, public = training.images(splits)
        return [
            Measurement(
                value=float(value[at]),
                bound=self.bound,
                estimator=self.name,
                protocol="held-out",
                interval=(float(low[at]), float(high[at])),
                null=Null(float(broken.mean()), float(null_p95[at]), tuple(broken.tolist())),
                ceiling=float(most[at]),
                verdict=judge(value[at], low[at], high[at], null_p95[at], most[at], by_fold[at]),
                train_groups=train,
                public_groups=public or None,
                test_groups=len(np.unique(samples.groups)),
                n=len(samples.groups),
                seeds=self.seeds,
                chosen=_most_frequent([names[at] for names in chosen]) if chosen else None,
                details=details[at] if details else {},
            )
            for at, broken in enumerate(null)
        ]

    def _ends(self, scores: Sequence[Score], found: Evidence, ceilings: Array) -> Array:
        """(2, L) ends of the intervals, in bits; of a lower bound none is above the ceiling."""
        ends = self.intervals(scores, found)
        return (np.minimum(ends, ceilings) if self.bound == "lower" else ends) * NATS

    def _ceilings(self, scores: Sequence[Score], samples: PairedSamples) -> Array:
        """(L,) the most this bound could have found, in nats: log of the test images, and
        no more than the log of the values a view can take."""
        rows = [score.rows for score in scores]
        most = np.average([math.log(score.images) for score in scores], weights=rows)
        sizes = samples.sizes or (None,) * len(samples.y)
        return np.array([min(most, math.log(size)) if size else most for size in sizes])

    def _shown(self, found: Evidence, ceilings: Array) -> Evidence:
        """So many images cannot show more than the ceiling: no lower bound is shown above."""
        return found.capped(ceilings) if self.bound == "lower" else found

    def _grown(
        self,
        training: Training,
        splits: Sequence[Split],
        whole: Evidence,
        ceilings: Array,
        estimates: list[Measurement],
    ) -> list[Measurement]:
        """Add the estimates of smaller adversaries, tested on the same images."""
        points: list[tuple[int, Evidence, list[list[float]]]] = []
        for share in GROWTH:
            cut = [_smaller(s, training, share) for s in splits]
            scores, _ = self.scores(training.on(cut, pairings=1, share=share))
            evidence = self._shown(bootstrap(scores, training.seed), ceilings)
            ends = self._ends(scores, evidence, ceilings)
            points.append((training.images(cut, share)[0], evidence, ends.tolist()))
        gain = whole.draws - points[-1][1].draws
        rising = np.percentile(gain, 2.5, axis=0) > 0
        own = np.array([estimate.interval for estimate in estimates]).T
        points.append((training.images(splits)[0], whole, own.tolist()))
        return [
            replace(
                estimate,
                growth=tuple(
                    GrowthPoint(count, float(found.value[at]) * NATS, (low[at], high[at]))
                    for count, found, (low, high) in points
                ),
                rising=bool(rising[at]),
            )
            for at, estimate in enumerate(estimates)
        ]

    def _smallest_detectable(self, training: Training, found: Evidence) -> float | None:
        """The smallest planted leak found, at the highest level that is not constant: planted
        into one view, the first that is not trained, and looked for there."""
        from .planted import smallest_detectable

        frozen = next((view for view in training.views.values() if view.learned is None), None)
        levels = () if frozen is None else frozen.y
        varied = [at for at, y in enumerate(levels) if np.ptp(y, axis=0).max()]
        if frozen is None or not varied:
            return None
        frozen = replace(frozen, public=None)  # which have nothing planted in them
        seed = training.seed
        assert found.null_draws is not None
        null_p95 = float(np.percentile(found.null_draws[:, varied[-1]], 95))

        def is_found(planted: PairedSamples) -> NDArray[np.bool_]:
            splits = cross_fit(planted.groups, self.folds, 1, seed)
            again = Training(training.learner, {"": planted}, seed, Stages(None))
            scores, _ = self.scores(again.on(splits, pairings=1))
            low, _ = self.intervals(scores, bootstrap(scores, seed))
            return np.asarray(low > max(0.0, null_p95), dtype=np.bool_)

        detectable = smallest_detectable(frozen, varied[-1], is_found, seed)
        training.stages.next()
        return detectable


class InNumpy(CrossFitted):
    """One that multiplies on the processor in numpy's precision, whatever the options say."""

    @property
    def facts(self) -> dict[str, str]:
        return {}


@dataclass(frozen=True, eq=False)
class Training:
    """What is trained, and on what, whatever the splits."""

    learner: Learner
    views: Mapping[str, PairedSamples]
    seed: int
    stages: Stages

    @property
    def samples(self) -> PairedSamples:
        """Of one view: its targets and images are those of all."""
        return next(iter(self.views.values()))

    def on(self, splits: Sequence[Split], pairings: int, share: float = 1.0) -> dict[str, Learned]:
        """Learn on all splits of every view, and on a share of its public images, a stack and a
        part of the learner at a time, on every core."""
        blocks = blocks_of_images(self.samples.groups, self.seed)
        done: dict[str, dict[int, list[Learned]]] = {name: {} for name in self.views}
        with one_thread_each(), ThreadPoolExecutor(cores()) as pool:
            jobs = [
                (name, at, pool.submit(learn, part, given))
                for name, view in self.views.items()
                for at, part in enumerate(self._parts(view))
                for given in self._given(view, splits, blocks, pairings, share)
            ]
            try:
                for count, (name, at, job) in enumerate(jobs, start=1):
                    done[name].setdefault(at, []).append(job.result())
                    self.stages.step(count / len(jobs))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        self.stages.next()
        return {name: _together(parts) for name, parts in done.items()}

    def images(self, splits: Sequence[Split], share: float = 1.0) -> tuple[int, int]:
        """How many images are learned from, and how many of them are public."""
        groups = [view.public.groups for view in self.views.values() if view.public]
        public = count_of_share(groups[0], share) if groups else 0
        own = np.mean([len(np.unique(self.samples.groups[s.train])) for s in splits])
        return round(own) + public, public

    def _parts(self, view: PairedSamples) -> tuple[Learner, ...]:
        """What may learn side by side: not from a view that each of them would train first."""
        return (self.learner,) if view.learned else parts_of(self.learner)

    def _given(
        self,
        view: PairedSamples,
        splits: Sequence[Split],
        blocks: NDArray[np.int64],
        pairings: int,
        share: float,
    ) -> Iterator[SplitSamples]:
        """What is learned together."""
        rows = joined(view)
        for stack in _stacks(splits, view, pairings):
            taught = [with_public(split, view, share, self.seed) for split in stack]
            yield SplitSamples(rows, taught, blocks, pairings, self.seed)


def _together(parts: Mapping[int, Sequence[Learned]]) -> Learned:
    """What the parts of a learner made of all stacks."""
    return {name: pairs for one in parts.values() for name, pairs in merged(one).items()}


def _stacks(
    splits: Sequence[Split], view: PairedSamples, pairings: int
) -> Iterator[Sequence[Split]]:
    """Splits learned together: as many as keep a core busy, one of a view that is trained."""
    size = 1 if view.learned else max(1, MEMBERS // (len(view.y) * pairings))
    return (splits[at : at + size] for at in range(0, len(splits), size))


def _smaller(split: Split, training: Training, share: float) -> Split:
    """The split with a share of its training images; larger shares contain smaller ones."""
    rng = np.random.default_rng([training.seed, split.seed, split.fold, 0x67726F77])
    return replace(split, train=subset(training.samples.groups, split.train, share, rng))


def _with_raw(estimate: Measurement, raw: float) -> Measurement:
    """What was estimated, beside the ceiling that it is shown as."""
    if not estimate.value + ROUNDING < raw < math.inf:
        return estimate
    return replace(estimate, details={**estimate.details, "uncapped": raw})


def in_bits(nats: Array) -> tuple[float, ...]:
    """Bits of nats (n,)."""
    return tuple(float(one) * NATS for one in nats)


def _most_frequent(names: Sequence[str]) -> str:
    return max(sorted(set(names)), key=names.count)


class Stages:
    """Reports one share of progress over stages of the given lengths."""

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
